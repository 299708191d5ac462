/** A server, or a gateway, as a node of the simulator: what the driver of sockets and stores does, and what the oracles see. */
import type { NodeEnvironment, NodeInput, NodeOutput, NodeProgram } from "@lab/simnet";
import type {
  ServerEvent,
  ServerInput,
  ServerMachine,
  ServerOutput,
  SharedRequest,
  StoredSegment,
  Welcome,
} from "../../src/core/index.js";
import type { StoreWrite } from "../../src/node/log.js";
import { ConnectionWatch } from "./connection-watch.js";
import { GraceWatch } from "./grace-watch.js";
import { snapshotNear } from "./room-model.js";
import { seededPlatform } from "./seeded-platform.js";
import { type Served, ServedConnections } from "./served-connections.js";
import { PORT, type ServerSurroundings } from "./server-surroundings.js";
import type { SharedLink } from "./shared-engine.js";
import { StoredRooms, type Written } from "./stored-rooms.js";
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
  readonly #stored: StoredRooms;
  readonly #link: SharedLink | undefined;
  readonly #served: ServedConnections;
  readonly #wrote = new Set<Served>();
  readonly #tooFull = new Set<Served>();
  #machine: ServerMachine | undefined;
  #grace: GraceWatch | undefined;
  /** Of the last input. */
  #now = 0;

  constructor(environment: NodeEnvironment, around: ServerSurroundings) {
    this.environment = environment;
    this.around = around;
    this.#served = new ServedConnections(around.incarnationOf);
    this.#stored = new StoredRooms(environment, around.options, around.store, around.modelOf);
    this.#link = around.engine?.link(environment.name, environment.incarnation);
  }

  /** For what the machine says of itself. */
  get machine(): ServerMachine | undefined {
    return this.#machine;
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
    for (const written of this.#stored.written(failed, out)) this.#tellWritten(now, written, out);
  }

  #tellWritten(now: number, written: Written, out: NodeOutput[]): void {
    this.#stored.told(written);
    const { room, id, failed } = written;
    if (failed) this.feed(now, { type: "storeFailed", room, id, message: "the disk fails" }, out);
    else this.feed(now, { type: "stored", room, id }, out);
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
        return this.#feedLater(() => ({ type: "roomOpened", room, recovered: this.#stored.recovered(room) }), out);
      }
      case "storeMeta":
        return this.#storeWrite(now, output.room, output.id, { type: "meta", meta: output.meta }, out, done);
      case "storeSegment":
        return this.#storeWrite(now, output.room, output.id, { type: "segment", segment: output.segment }, out, done);
      case "trim": {
        const { room, id, upTo, checkpoint } = output;
        return this.#storeWrite(now, room, id, { type: "trim", upTo, checkpoint }, out, done);
      }
      case "read": {
        const { room, id, from, maxBytes } = output;
        const segments = (): StoredSegment[] => this.#stored.read(room, from, maxBytes);
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
    for (const written of this.#stored.write(room, id, write, out))
      done.push(() => this.#tellWritten(now, written, out));
  }

  #feedLater(input: () => ServerInput, out: NodeOutput[]): void {
    const token: Token = { type: "feed", input };
    out.push({ type: "later", afterMs: this.around.effectMs, token });
  }

  #takeSnapshot(room: string, id: number, out: NodeOutput[]): void {
    const snapshot = snapshotNear(this.around.modelOf(room).current?.head ?? 0);
    this.#feedLater(() => ({ type: "snapshot", room, id, ...(snapshot !== undefined && { snapshot }) }), out);
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
      modelOf(event.room).opened(event.epoch, event.goesOn, event.head, this.#stored.mustGoOn(event.room));
    } else if (event.type === "committed") {
      modelOf(event.room).committed(event.first, event.count);
      modelOf(event.room).boot = this.environment.boot;
      const safe = this.#safeHead(event.room);
      const last = event.first + event.count - 1;
      if (last > safe) throw new Violation("D", `${last} is told to be committed, and only ${safe} is stored`);
    } else if (event.type === "stable") watch.stable(event.room, event.upTo, this.#served.connectedTo(event.room));
  }

  #safeHead(room: string, epoch = 0): number {
    if (this.#link !== undefined) return this.around.modelOf(room).epochs.get(epoch)?.head ?? 0;
    return this.#stored.safeHead(room);
  }
}
