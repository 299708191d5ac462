/** A server, or a gateway, as a node of the simulator: what the driver of sockets and stores does, and what the oracles see. */
import type { NodeEnvironment, NodeInput, NodeOutput, NodeProgram } from "@lab/simnet";
import {
  type Durability,
  frameOfEntries,
  type Recovered,
  type ServerEvent,
  type ServerInput,
  type ServerMachine,
  type ServerOutput,
  type SharedRequest,
  type StoredSegment,
  type Welcome,
} from "../../src/core/index.js";
import type { StoreWrite } from "../../src/node/log.js";
import { ConnectionWatch, messagesIn } from "./connection-watch.js";
import { DurableStore } from "./durable-store.js";
import { GraceWatch } from "./grace-watch.js";
import { lineOf, snapshotOf } from "./room-model.js";
import { seededPlatform } from "./seeded-platform.js";
import { type Served, ServedConnections } from "./served-connections.js";
import { PORT, type ServerSurroundings } from "./server-surroundings.js";
import type { SharedLink } from "./shared-engine.js";
import { Violation } from "./violation.js";

type Token =
  | { readonly type: "drop"; readonly id: number }
  | { readonly type: "feed"; readonly input: () => ServerInput }
  | { readonly type: "do"; readonly act: (now: number, out: NodeOutput[]) => void };

export type ServerCommand =
  | { readonly type: "shutdown" }
  /** A record in the middle of the store goes bad, as the next start will see. */
  | { readonly type: "damage"; readonly share: number }
  | { readonly type: "shared"; readonly act: () => ServerInput | undefined };

export class ServerProgram implements NodeProgram {
  protected readonly around: ServerSurroundings;
  protected readonly environment: NodeEnvironment;
  readonly #store: DurableStore | undefined;
  readonly #link: SharedLink | undefined;
  readonly #served: ServedConnections;
  readonly #wrote = new Set<Served>();
  readonly #tooFull = new Set<Served>();
  readonly #segments = new Map<string, StoredSegment>();
  readonly #opened = new Set<string>();
  #machine: ServerMachine | undefined;
  #grace: GraceWatch | undefined;
  /** Of the last input. */
  #now = 0;

  constructor(environment: NodeEnvironment, around: ServerSurroundings) {
    this.environment = environment;
    this.around = around;
    this.#served = new ServedConnections(around.incarnationOf);
    const { log = "memory" } = around.options;
    this.#store = log === "durable" ? new DurableStore(environment, this.#durability, around.store) : undefined;
    this.#link = around.engine?.link(environment.name, environment.incarnation);
  }

  /** For what the machine says of itself. */
  get machine(): ServerMachine | undefined {
    return this.#machine;
  }

  get #durability(): Durability {
    return this.around.options.durability ?? "written";
  }

  nextDeadline(): number | undefined {
    // Asked when all outputs were performed: where a driver learns that too much waits.
    for (const served of this.#wrote) {
      if (!served.isFull && !served.isEnded && this.around.unsent(served.id) > this.around.highWaterBytes)
        this.#tooFull.add(served);
    }
    this.#wrote.clear();
    // The machine is told at once, whoever is heard next.
    return this.#tooFull.size > 0 ? this.#now : this.#machine?.nextDeadline();
  }

  handle(now: number, input: NodeInput): NodeOutput[] {
    const out: NodeOutput[] = [];
    this.#now = now;
    if (input.type === "start") {
      const { options, Machine } = this.around;
      this.#grace = new GraceWatch(options.graceMs ?? 10_000, now);
      this.#machine = new Machine(now, options, seededPlatform(this.environment.randomBytes));
      out.push({ type: "listen", port: PORT });
      return out;
    }
    for (const served of this.#tooFull) {
      served.isFull = true;
      if (!served.isTold) this.feed(now, { type: "full", connection: -served.id }, out);
    }
    this.#tooFull.clear();
    this.#input(now, input, out);
    return out;
  }

  #input(now: number, input: NodeInput, out: NodeOutput[]): void {
    switch (input.type) {
      case "accepted": {
        const { connection: id, from } = input;
        const room = this.around.roomOf(from.node);
        const who = `${from.node} (connection ${-id} of ${this.environment.name})`;
        const watch = new ConnectionWatch(who, {
          model: this.around.modelOf(room),
          safeHead: (epoch) => this.#safeHead(room, epoch),
        });
        const incarnation = this.around.incarnationOf(from.node);
        this.#served.set(id, {
          id,
          node: from.node,
          watch,
          room,
          incarnation,
          isFull: false,
          isEnded: false,
          isTold: false,
        });
        return this.feed(now, { type: "opened", connection: -id }, out);
      }
      case "bytes":
        if (this.#served.get(input.connection)?.isTold === false)
          this.received(now, input.connection, input.bytes, out);
        return;
      case "drained": {
        const served = this.#served.get(input.connection);
        if (served === undefined || served.isTold || !served.isFull) return;
        served.isFull = false;
        return this.feed(now, { type: "drained", connection: -served.id }, out);
      }
      case "end":
      case "closed":
        return this.#gone(now, input.connection, input.type, out);
      case "tick":
        return this.feed(now, { type: "tick" }, out);
      case "stored":
      case "storeFailed":
        return this.#written(now, input.type === "storeFailed", out);
      case "later":
        return this.#later(now, input.token as Token, out);
      case "command":
        return this.#command(now, input.command as ServerCommand, out);
    }
  }

  #later(now: number, token: Token, out: NodeOutput[]): void {
    if (token.type === "drop") {
      if (this.#served.has(token.id)) out.push({ type: "reset", connection: token.id });
      this.#served.delete(token.id);
    } else if (token.type === "do") token.act(now, out);
    else this.feed(now, token.input(), out);
  }

  #command(now: number, command: ServerCommand, out: NodeOutput[]): void {
    if (command.type === "shutdown") {
      out.push({ type: "note", text: "shuts down" });
      return this.feed(now, { type: "shutdown" }, out);
    }
    if (command.type === "damage") {
      this.environment.durable.set("damage", command.share);
      return;
    }
    const input = command.act();
    if (input !== undefined) this.feed(now, input, out);
  }

  protected received(now: number, id: number, bytes: Uint8Array, out: NodeOutput[]): void {
    this.feed(now, { type: "data", connection: -id, bytes }, out);
  }

  /** The machine hears of a connection's end once. */
  #gone(now: number, id: number, how: "end" | "closed", out: NodeOutput[]): void {
    const served = this.#served.get(id);
    if (served === undefined) return;
    if (!served.isTold) {
      this.#told(served);
      this.feed(now, { type: "closed", connection: -id }, out);
    }
    if (how === "closed") this.#served.delete(id);
    else this.#end(served, out);
  }

  /** For the machine it is over. */
  #told(served: Served): void {
    if (!served.isTold && served.watch.welcome !== undefined)
      this.#grace?.gone(this.#now, served.room, served.watch.welcome.member);
    served.isTold = true;
  }

  #end(served: Served, out: NodeOutput[]): void {
    if (served.isEnded) return;
    served.isEnded = true;
    out.push({ type: "resume", connection: served.id }, { type: "end", connection: served.id });
    const token: Token = { type: "drop", id: served.id };
    out.push({ type: "later", afterMs: this.around.lingerMs, token });
  }

  #written(now: number, failed: boolean, out: NodeOutput[]): void {
    for (const { room, id, failed: isFailed } of this.#store?.written(failed, out) ?? [])
      this.#stored(now, room, id, isFailed, out);
  }

  #stored(now: number, room: string, id: number, failed: boolean, out: NodeOutput[]): void {
    const key = `${room} ${id}`;
    const segment = this.#segments.get(key);
    this.#segments.delete(key);
    if (!failed && segment !== undefined) this.#pinSegment(room, segment);
    if (failed) this.feed(now, { type: "storeFailed", room, id, message: "the disk fails" }, out);
    else this.feed(now, { type: "stored", room, id }, out);
  }

  #pinSegment(room: string, { first, count, entries }: StoredSegment): void {
    const model = this.around.modelOf(room);
    const { current } = model;
    if (current === undefined) throw new Violation("A", `entries of room ${room} are stored before its epoch began`);
    for (const message of messagesIn(frameOfEntries(first, count, entries, 0, entries.length))) {
      if (message.type !== "batch") continue;
      for (const [i, entry] of message.entries.entries()) model.pin(current.epoch, first + i, lineOf(entry));
    }
  }

  /** Hands the machine an input, and does what it wants; what is done at once it is told behind that. */
  protected feed(now: number, input: ServerInput, out: NodeOutput[]): void {
    const machine = this.#machine;
    if (machine === undefined) return;
    const done: (() => void)[] = [];
    for (const output of machine.handle(now, input)) this.#perform(now, output, out, done);
    for (const tell of done) tell();
  }

  #perform(now: number, output: ServerOutput, out: NodeOutput[], done: (() => void)[]): void {
    switch (output.type) {
      case "send":
        return this.send(now, -output.connection, output.bytes, out);
      case "sendAll":
        return this.sendAll(now, output.connections, output.bytes, out);
      case "close": {
        const served = this.#served.get(-output.connection);
        if (served === undefined) return;
        this.#told(served);
        return this.close(served.id, out);
      }
      case "pause":
      case "resume": {
        const served = this.#served.get(-output.connection);
        if (served !== undefined && !served.isEnded) out.push({ type: output.type, connection: served.id });
        return;
      }
      case "open": {
        const { room } = output;
        return this.#feedLater(() => ({ type: "roomOpened", room, recovered: this.#recovered(room) }), out);
      }
      case "storeMeta":
        return this.#storeWrite(now, output.room, output.id, { type: "meta", meta: output.meta }, out, done);
      case "storeSegment":
        this.#segments.set(`${output.room} ${output.id}`, output.segment);
        return this.#storeWrite(now, output.room, output.id, { type: "segment", segment: output.segment }, out, done);
      case "trim": {
        const { room, id, upTo, checkpoint } = output;
        return this.#storeWrite(now, room, id, { type: "trim", upTo, checkpoint }, out, done);
      }
      case "read": {
        const { room, id, from, maxBytes } = output;
        const segments = (): StoredSegment[] => this.#mustHaveStore().read(room, from, maxBytes);
        return this.#feedLater(() => ({ type: "segments", room, id, segments: segments() }), out);
      }
      case "takeSnapshot":
        return this.#takeSnapshot(output.room, output.id, out);
      case "share":
        this.#share(output.room, output.request);
        return this.#link?.ask(now, output.room, output.id, output.request, (afterMs, answer) => {
          const token: Token = { type: "feed", input: answer };
          out.push({ type: "later", afterMs, token });
        });
      case "unshare":
        return this.#link?.forget(output.room);
      case "event":
        return this.#event(output.event);
    }
  }

  /** A gateway that takes a leave for somebody (B22, B39). */
  #share(room: string, request: SharedRequest): void {
    if (request.op !== "leave" || request.reason !== "timed out") return;
    const member = this.around.engine?.ownedMember(room, request.clientId, request.owner);
    if (member !== undefined) this.#grace?.timedOut(this.#now, room, member);
  }

  protected sendAll(now: number, connections: readonly number[], bytes: Uint8Array, out: NodeOutput[]): void {
    for (const connection of connections) this.send(now, -connection, bytes, out);
  }

  protected send(_now: number, id: number, bytes: Uint8Array, out: NodeOutput[]): void {
    this.write(id, bytes, out);
  }

  protected close(id: number, out: NodeOutput[]): void {
    const served = this.#served.get(id);
    if (served !== undefined) this.#end(served, out);
  }

  /** What really goes out. */
  protected write(id: number, bytes: Uint8Array, out: NodeOutput[]): void {
    const served = this.#served.get(id);
    if (served === undefined || served.isEnded) return;
    const { watch } = this.around;
    const { welcome, closedWith } = served.watch;
    watch.delivered(served.watch.wrote(bytes));
    if (served.watch.welcome !== welcome) {
      const told = served.watch.welcome as Welcome;
      this.#served.mustHaveAlone(served, told);
      watch.welcomed(served.node, told);
      if (!served.isTold) this.#grace?.welcomed(served.room, told.member);
    }
    if (served.watch.closedWith !== closedWith)
      watch.closed(served.node, served.watch.closedWith as string, this.#served.hasOlder(served));
    this.#wrote.add(served);
    out.push({ type: "write", connection: id, bytes });
  }

  protected inAWhile(afterMs: number, act: (now: number, out: NodeOutput[]) => void, out: NodeOutput[]): void {
    const token: Token = { type: "do", act };
    out.push({ type: "later", afterMs, token });
  }

  /** Whether too much waits to be sent to it. */
  protected isFull(id: number): boolean {
    const served = this.#served.get(id);
    return served !== undefined && !served.isEnded && served.isFull;
  }

  #storeWrite(now: number, room: string, id: number, write: StoreWrite, out: NodeOutput[], done: (() => void)[]): void {
    for (const result of this.#mustHaveStore().write(room, id, write, out)) {
      done.push(() => this.#stored(now, result.room, result.id, result.failed, out));
    }
  }

  #feedLater(input: () => ServerInput, out: NodeOutput[]): void {
    const token: Token = { type: "feed", input };
    out.push({ type: "later", afterMs: this.around.effectMs, token });
  }

  /** The application's: of a number near the head, sometimes of one that is long gone, sometimes none. */
  #takeSnapshot(room: string, id: number, out: NodeOutput[]): void {
    const { head = 0 } = this.around.modelOf(room).current ?? {};
    // By the head alone: who else asked for one changes nothing.
    const drawn = Math.imul(head + 1, 0x9e37_79b1) >>> 0;
    const [chance, back] = [drawn >>> 24, (drawn >>> 16) & 255];
    const upTo = Math.max(0, head - (chance < 200 ? back % 4 : back));
    const snapshot = { upTo, bytes: snapshotOf(upTo) };
    this.#feedLater(() => ({ type: "snapshot", room, id, ...(chance < 230 && { snapshot }) }), out);
  }

  #event(event: ServerEvent): void {
    const { watch, modelOf } = this.around;
    watch.event(this.environment.name, event);
    if (event.type === "left" && event.reason === "timed out" && this.#link === undefined)
      this.#grace?.timedOut(this.#now, event.room, event.member);
    if (this.#link !== undefined) {
      if (event.type === "stable") watch.stable(event.room, event.upTo, this.#served.connectedTo(event.room));
      return;
    }
    if (event.type === "epoch") {
      modelOf(event.room).opened(event.epoch, event.goesOn, event.head, this.#mustGoOn(event.room));
    } else if (event.type === "committed") {
      modelOf(event.room).committed(event.first, event.count);
      modelOf(event.room).boot = this.environment.boot;
      const safe = this.#safeHead(event.room);
      const last = event.first + event.count - 1;
      if (last > safe) throw new Violation("D", `${last} is told to be committed, and only ${safe} is stored`);
    } else if (event.type === "stable") watch.stable(event.room, event.upTo, this.#served.connectedTo(event.room));
  }

  /** Whether nothing that was promised before this start can have been lost (B25). */
  #mustGoOn(room: string): boolean {
    const store = this.#store;
    const model = this.around.modelOf(room);
    const isAgain = this.#opened.has(room);
    this.#opened.add(room);
    if (store === undefined || store.isDamaged) return false;
    if (this.#durability === "fsync") return true;
    // A clean close is known by the store alone: it may go on then, and the model checks that it lost nothing.
    return this.#durability === "written" && (isAgain || model.boot === this.environment.boot);
  }

  #safeHead(room: string, epoch = 0): number {
    if (this.#link !== undefined) return this.around.modelOf(room).epochs.get(epoch)?.head ?? 0;
    return this.#store?.headOf(room) ?? Number.POSITIVE_INFINITY;
  }

  #recovered(room: string): Recovered {
    const recovered = this.#mustHaveStore().open(room);
    this.around.modelOf(room).stored = recovered.meta?.epoch;
    return recovered;
  }

  #mustHaveStore(): DurableStore {
    if (this.#store === undefined) throw new Violation("machine", "it asks for a store, and its log is none");
    return this.#store;
  }
}
