/** A client as a node of the simulator: the driver of sockets, and an application that takes its time and may stop. */
import type { NodeEnvironment, NodeInput, NodeOutput, NodeProgram } from "@lab/simnet";
import type { ClientInput, ClientMachine, ClientOutput, Delivered, Notice, Position } from "../../src/core/index.js";
import type { ClientCommand, ClientSurroundings } from "./client-surroundings.js";
import { payloadOf } from "./room-model.js";
import { seededPlatform } from "./seeded-platform.js";
import { PORT } from "./server-surroundings.js";

type Token = "handled" | "goes-on" | "reads-on";

const POSITION = "position";
const TOLD: ReadonlySet<string> = new Set(["deliver", "notice", "published", "publishFailed", "ended"]);

export class ClientProgram implements NodeProgram {
  readonly #around: ClientSurroundings;
  readonly #environment: NodeEnvironment;
  readonly #machine: ClientMachine;
  /** The simulator's number of the attempt that is under way or stands. */
  #connection: number | undefined;
  #attempt = 0;
  #connections = 0;
  #isConnected = false;
  #isFull = false;
  #isTooFull = false;
  #hasWritten = false;
  /** Why it is not read from. */
  #isPaused = false;
  #isDeaf = false;
  /** Those that this side has ended. */
  readonly #ended = new Set<number>();
  readonly #inbox: (readonly Delivered[] | Notice)[] = [];
  #isBusy = false;
  #stoppedUntil = 0;
  #deafUntil = 0;
  #isHeld = false;
  #waiting: ClientCommand[] = [];
  #isLeaving = false;
  /** Where the application stands. */
  #epoch = 0;
  #last = 0;
  /** What it will have handled when its position is saved. */
  #saving: number | undefined;

  constructor(environment: NodeEnvironment, around: ClientSurroundings) {
    this.#environment = environment;
    this.#around = around;
    this.#machine = new around.Machine(around.options, seededPlatform(environment.randomBytes));
  }

  get machine(): ClientMachine {
    return this.#machine;
  }

  nextDeadline(): number | undefined {
    const { unsent, highWaterBytes } = this.#around;
    if (this.#hasWritten && !this.#isFull && this.#connection !== undefined) {
      this.#isTooFull = unsent(this.#connection) > highWaterBytes;
    }
    this.#hasWritten = false;
    return this.#machine.nextDeadline();
  }

  handle(now: number, input: NodeInput): NodeOutput[] {
    const out: NodeOutput[] = [];
    if (this.#isTooFull) {
      this.#isTooFull = false;
      this.#isFull = true;
      if (this.#isConnected) this.#feed(now, { type: "full", attempt: this.#attempt }, out);
    }
    this.#input(now, input, out);
    this.#around.record.isHeld = this.#waiting.length > 0 && !this.#isLeaving;
    this.#around.record.settled();
    this.#around.changed();
    return out;
  }

  #input(now: number, input: NodeInput, out: NodeOutput[]): void {
    switch (input.type) {
      case "start":
        return this.#start(now, out);
      case "connected":
        if (input.connection !== this.#connection) return;
        this.#isConnected = true;
        return this.#feed(now, { type: "connected", attempt: this.#attempt }, out);
      case "bytes":
        if (input.connection !== this.#connection) return;
        return this.#feed(now, { type: "data", attempt: this.#attempt, bytes: input.bytes }, out);
      case "drained":
        if (input.connection !== this.#connection || !this.#isFull) return;
        this.#isFull = false;
        return this.#feed(now, { type: "drained", attempt: this.#attempt }, out);
      case "failed":
      case "end":
      case "closed":
        return this.#lost(now, input.connection, input.type, out);
      case "tick":
        return this.#feed(now, { type: "tick" }, out);
      case "stored":
        return this.#saved(now, out);
      case "later":
        return this.#later(now, input.token as Token, out);
      case "command":
        return this.#command(now, input.command as ClientCommand, out);
    }
  }

  #start(now: number, out: NodeOutput[]): void {
    const { copied, savesPosition, record } = this.#around;
    const own = savesPosition ? (this.#environment.durable.get(POSITION) as Position | undefined) : undefined;
    const position = own ?? copied?.();
    record.started(position);
    this.#epoch = position?.epoch ?? 0;
    this.#last = position?.last ?? 0;
    this.#feed(now, { type: "start", ...(position !== undefined && { position }) }, out);
  }

  #lost(now: number, connection: number, how: "failed" | "end" | "closed", out: NodeOutput[]): void {
    if (how === "end") this.#end(connection, out);
    if (connection !== this.#connection) return;
    this.#connection = undefined;
    this.#isConnected = false;
    this.#feed(now, { type: "disconnected", attempt: this.#attempt, why: `the connection has ${how}` }, out);
  }

  #later(now: number, token: Token, out: NodeOutput[]): void {
    if (token === "handled") this.#handled(now, out);
    else if (token === "goes-on") this.#work(now, out);
    else if (now >= this.#deafUntil) {
      this.#isDeaf = false;
      this.#setReading(out);
    }
  }

  #command(now: number, command: ClientCommand, out: NodeOutput[]): void {
    switch (command.type) {
      case "publish":
        this.#waiting.push(command);
        return this.#publish(now, out);
      case "stop-handling":
        this.#stoppedUntil = Math.max(this.#stoppedUntil, now + command.forMs);
        out.push({ type: "later", afterMs: command.forMs, token: "goes-on" satisfies Token });
        return;
      case "stop-reading":
        this.#isDeaf = true;
        this.#deafUntil = Math.max(this.#deafUntil, now + command.forMs);
        this.#setReading(out);
        out.push({ type: "later", afterMs: command.forMs, token: "reads-on" satisfies Token });
        return;
      case "leave":
        this.#isLeaving = true;
        return this.#feed(now, { type: "close", leave: true, waitMs: command.waitMs }, out);
    }
  }

  #publish(now: number, out: NodeOutput[]): void {
    const { record } = this.#around;
    while (!this.#isHeld && !this.#isLeaving && record.ended === undefined) {
      const next = this.#waiting.shift();
      if (next?.type !== "publish") return;
      const firstId = record.publishes.length;
      const payloads = Array.from({ length: next.count }, (_, i) => payloadOf(record.node, firstId + i, next.bytes));
      for (const payload of payloads) {
        record.publishes.push({
          payload: Buffer.from(payload).toString("latin1"),
          bytes: payload.length,
          incarnation: record.incarnation,
          outcome: undefined,
        });
      }
      const [only] = payloads;
      if (payloads.length === 1 && only !== undefined)
        this.#feed(now, { type: "publish", id: firstId, bytes: only }, out);
      else this.#feed(now, { type: "publishAll", firstId, payloads }, out);
    }
  }

  #feed(now: number, input: ClientInput, out: NodeOutput[]): void {
    for (const output of this.#machine.handle(now, input)) this.#perform(output, out);
    this.#work(now, out);
    if (!this.#isHeld && this.#waiting.length > 0) this.#publish(now, out);
  }

  #perform(output: ClientOutput, out: NodeOutput[]): void {
    const { record, servers, observed } = this.#around;
    if (observed !== undefined && TOLD.has(output.type)) observed(JSON.stringify(output));
    switch (output.type) {
      case "connect": {
        this.#drop(out);
        this.#attempt = output.attempt;
        const connection = this.#connections++;
        this.#connection = connection;
        this.#isFull = false;
        this.#isTooFull = false;
        this.#isPaused = false;
        const node = servers[(connection + record.incarnation - 1) % servers.length] as string;
        out.push({ type: "connect", connection, to: { node, port: PORT } });
        if (this.#isDeaf) out.push({ type: "pause", connection });
        return;
      }
      case "send":
        if (output.attempt !== this.#attempt || this.#connection === undefined) return;
        this.#hasWritten = true;
        out.push({ type: "write", connection: this.#connection, bytes: output.bytes });
        return;
      case "disconnect":
        if (output.attempt !== this.#attempt || this.#connection === undefined) return;
        // What was sent goes before the end; who never ends is left alone.
        if (this.#isConnected) this.#end(this.#connection, out);
        else out.push({ type: "reset", connection: this.#connection });
        this.#connection = undefined;
        this.#isConnected = false;
        return;
      case "pause":
      case "resume":
        if (output.attempt !== this.#attempt) return;
        this.#isPaused = output.type === "pause";
        return this.#setReading(out);
      case "deliver":
        record.deliver(output.entries, this.#machine.view());
        this.#inbox.push(output.entries);
        return;
      case "notice":
        record.notice(output.notice, this.#machine.view());
        this.#inbox.push(output.notice);
        return;
      case "published":
        return record.published(output.id, output.number, this.#machine.view());
      case "publishFailed":
        return record.failed(output.id, output.code);
      case "hold":
      case "unhold":
        this.#isHeld = output.type === "hold";
        return;
      case "ended":
        record.ended = output.code ?? "left";
        out.push({ type: "note", text: `ended: ${record.ended}` });
        return this.#drop(out);
    }
  }

  /** A connection that a new one comes after. */
  #drop(out: NodeOutput[]): void {
    if (this.#connection !== undefined) out.push({ type: "reset", connection: this.#connection });
    this.#connection = undefined;
    this.#isConnected = false;
  }

  #end(connection: number, out: NodeOutput[]): void {
    if (this.#ended.has(connection)) return;
    this.#ended.add(connection);
    out.push({ type: "resume", connection }, { type: "end", connection });
  }

  #setReading(out: NodeOutput[]): void {
    if (this.#connection === undefined) return;
    const type = this.#isPaused || this.#isDeaf ? "pause" : "resume";
    out.push({ type, connection: this.#connection });
  }

  /** The application takes what waits for it. */
  #work(now: number, out: NodeOutput[]): void {
    const { handleMs, savesPosition } = this.#around;
    while (!this.#isBusy && now >= this.#stoppedUntil) {
      const next = this.#inbox[0];
      if (next === undefined) return;
      if (isNotice(next)) {
        this.#inbox.shift();
        this.#tell(next);
      } else {
        this.#isBusy = true;
        if (handleMs > 0) {
          out.push({ type: "later", afterMs: handleMs, token: "handled" satisfies Token });
          return;
        }
        if (savesPosition) return this.#handled(now, out);
        this.#handled(now, out);
      }
    }
  }

  #tell(notice: Notice): void {
    if (notice.type === "welcome" && this.#epoch === 0) {
      this.#epoch = this.#machine.view().epoch;
      this.#last = notice.resumeFrom - 1;
    } else if (notice.type === "epoch") {
      this.#epoch = notice.epoch;
      this.#last = notice.from - 1;
    } else if (notice.type === "gap") this.#last = notice.to;
    else if (notice.type === "snapshot") this.#last = notice.upTo;
    else return;
    this.#around.record.handled = this.#last;
  }

  #handled(now: number, out: NodeOutput[]): void {
    const entries = this.#inbox.shift() as readonly Delivered[];
    const upTo = entries.at(-1)?.number ?? 0;
    this.#last = upTo;
    if (!this.#around.savesPosition) {
      this.#isBusy = false;
      return this.#acknowledge(now, upTo, out);
    }
    this.#saving = upTo;
    const { clientId, token } = this.#machine.view();
    const position: Position = { clientId, token, epoch: this.#epoch, last: upTo };
    out.push({ type: "store", key: POSITION, value: position, token: POSITION });
  }

  #saved(now: number, out: NodeOutput[]): void {
    const upTo = this.#saving;
    if (upTo === undefined) return;
    this.#saving = undefined;
    this.#isBusy = false;
    this.#around.record.hasNewToken = false;
    this.#acknowledge(now, upTo, out);
  }

  #acknowledge(now: number, upTo: number, out: NodeOutput[]): void {
    this.#around.record.handled = upTo;
    this.#feed(now, { type: "handled", upTo }, out);
  }
}

function isNotice(item: readonly Delivered[] | Notice): item is Notice {
  return !Array.isArray(item);
}
