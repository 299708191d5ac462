/**
 * Bugs in one rule each, of a server, a client or a driver, by subclass: what the simulation must notice
 * (`mutants.sim.test.ts` and `pnpm --filter @lab/broadcast mutants`).
 */
import { FrameDecoder } from "@lab/framing/core";
import type { NodeOutput } from "@lab/simnet";
import {
  type Ack,
  type ClientInput,
  ClientMachine,
  type ClientMachineOptions,
  type ClientOutput,
  decode,
  encode,
  type Message,
  type Platform,
  type Publish,
  type ServerInput,
  ServerMachine,
  type ServerOutput,
} from "../../src/core/index.js";
import type { LogKind } from "./plan.js";
import { RewritingServer } from "./rewriting-server.js";
import type { Machines } from "./run-plan.js";
import { ServerProgram } from "./server-program.js";

export interface Mutant {
  readonly bug: string;
  /** Which promise the simulation must find broken. */
  readonly oracles: readonly string[];
  readonly machines: Partial<Machines>;
  /** Only with this log is it a bug, or soon found. */
  readonly log?: LogKind;
  /** By the comparison of two runs. */
  readonly byIsolation?: boolean;
  /** Where it was caught once: only to catch it sooner. */
  readonly from?: number;
}

/** Every write to every member is a worker's, and workers take their time. */
class WorkerPool extends ServerProgram {
  protected override sendAll(now: number, connections: readonly number[], bytes: Uint8Array, out: NodeOutput[]): void {
    for (const connection of connections) {
      const [ms = 0] = this.environment.randomBytes(1);
      this.inAWhile(ms % 8, (_, later) => this.send(now, -connection, bytes, later), out);
    }
  }
}

/** Each message is handled when its thread comes to it. */
class ThreadPerMessage extends ServerProgram {
  readonly #decoders = new Map<number, FrameDecoder>();

  protected override received(now: number, id: number, bytes: Uint8Array, out: NodeOutput[]): void {
    let decoder = this.#decoders.get(id);
    if (decoder === undefined) {
      decoder = new FrameDecoder({ copy: true });
      this.#decoders.set(id, decoder);
    }
    let payloads: Uint8Array[];
    try {
      payloads = decoder.push(bytes);
    } catch {
      return super.received(now, id, bytes, out);
    }
    for (const payload of payloads) {
      const frame = Buffer.concat([new Uint8Array(8), payload]);
      frame.writeBigUInt64BE(BigInt(payload.length));
      const [ms = 0] = this.environment.randomBytes(1);
      const handle = (then: number, later: NodeOutput[]): void => super.received(then, id, frame, later);
      this.inAWhile(payload[0] === 3 ? ms % 8 : 0, handle, out);
    }
  }
}

/** One queue for all: while one of them does not take what it is sent, nobody is sent anything. */
class SharedQueue extends ServerProgram {
  #queue: (readonly [number, Uint8Array | undefined])[] = [];
  readonly #connections = new Set<number>();

  protected override send(_now: number, id: number, bytes: Uint8Array, out: NodeOutput[]): void {
    this.#queue.push([id, bytes]);
    this.#flush(out);
  }

  protected override close(id: number, out: NodeOutput[]): void {
    this.#queue.push([id, undefined]);
    this.#flush(out);
  }

  protected override feed(now: number, input: ServerInput, out: NodeOutput[]): void {
    if ("connection" in input) this.#connections.add(-input.connection);
    super.feed(now, input, out);
    this.#flush(out);
  }

  #flush(out: NodeOutput[]): void {
    while (this.#queue.length > 0 && ![...this.#connections].some((id) => this.isFull(id))) {
      const [id, bytes] = this.#queue.shift() as readonly [number, Uint8Array | undefined];
      if (bytes === undefined) super.close(id, out);
      else this.write(id, bytes, out);
    }
  }
}

/** Takes whatever client seq comes for the next one, and knows of none when a client comes back. */
class NoDedup extends RewritingServer {
  /** By connection: what the machine expects next, and how far behind it the client is. */
  readonly #expected = new Map<number, { next: number; behind: number }>();
  readonly #mayForget: () => boolean;

  constructor(
    now: number,
    options: ConstructorParameters<typeof ServerMachine>[1],
    platform: Platform,
    mayForget = () => true,
  ) {
    super(now, options, platform);
    this.#mayForget = mayForget;
  }

  protected override gone(connection: number): void {
    this.#expected.delete(connection);
  }

  protected override heard(connection: number, message: Message): Message {
    const expected = this.#expected.get(connection);
    if (message.type !== "publish" || expected === undefined) return message;
    expected.behind = expected.next - message.firstClientSeq;
    expected.next += message.payloads.length;
    return { ...message, firstClientSeq: message.firstClientSeq + expected.behind } satisfies Publish;
  }

  protected override said(connection: number, message: Message): Message {
    if (message.type === "welcome" && this.#mayForget()) {
      this.#expected.set(connection, { next: message.lastClientSeq + 1, behind: 0 });
      return { ...message, lastClientSeq: 0, lastNumber: 0 };
    }
    const behind = this.#expected.get(connection)?.behind ?? 0;
    return message.type === "puback" ? { ...message, clientSeq: message.clientSeq - behind } : message;
  }
}

/** The table of client seqs is in memory alone: after a restart it is empty. */
class TableLostAtRestart extends NoDedup {
  #isAgain = false;

  constructor(now: number, options: ConstructorParameters<typeof ServerMachine>[1], platform: Platform) {
    super(now, options, platform, () => this.#isAgain);
  }

  override handle(now: number, input: ServerInput): ServerOutput[] {
    if (input.type === "roomOpened") this.#isAgain = input.recovered.segments.length > 0;
    return super.handle(now, input);
  }
}

/** Takes what it has asked the store for as stored. */
class AcknowledgesBeforeCommit extends ServerMachine {
  override handle(now: number, input: ServerInput): ServerOutput[] {
    if (input.type === "stored") return [];
    const all: ServerOutput[] = [];
    const inputs: ServerInput[] = [input];
    for (let next = inputs.shift(); next !== undefined; next = inputs.shift()) {
      for (const output of super.handle(now, next)) {
        all.push(output);
        if (output.type === "storeMeta" || output.type === "storeSegment" || output.type === "trim") {
          inputs.push({ type: "stored", room: output.room, id: output.id });
        }
      }
    }
    return all;
  }
}

/** Goes on with its epoch, whatever the crash took. */
class EpochGoesOn extends ServerMachine {
  override handle(now: number, input: ServerInput): ServerOutput[] {
    if (input.type !== "roomOpened" || input.recovered.meta === undefined) return super.handle(now, input);
    const meta = { ...input.recovered.meta, clean: true };
    return super.handle(now, { ...input, recovered: { ...input.recovered, meta } });
  }
}

class PubackOfAnother extends RewritingServer {
  protected override said(_connection: number, message: Message): Message {
    return message.type === "puback" ? { ...message, number: message.number + 1 } : message;
  }
}

class SilentGap extends RewritingServer {
  protected override said(_connection: number, message: Message): Message | undefined {
    return message.type === "gap" ? undefined : message;
  }
}

class GapCalledResumed extends RewritingServer {
  protected override said(_connection: number, message: Message): Message {
    return message.type === "welcome" && message.status === "gap" ? { ...message, status: "resumed" } : message;
  }
}

/** What was sent counts as what was acknowledged. */
class SentIsAcknowledged extends RewritingServer {
  readonly #sent = new Map<number, number>();

  protected override said(connection: number, message: Message): Message {
    if (message.type === "batch") this.#sent.set(connection, message.first + message.entries.length - 1);
    return message;
  }

  protected override heard(connection: number, message: Message): Message {
    const sent = this.#sent.get(connection);
    return message.type === "ack" && sent !== undefined
      ? ({ ...message, last: Math.max(sent, message.last) } satisfies Ack)
      : message;
  }
}

/** After a member has lagged, an entry is missing where it is live again. */
class CursorTooFar extends RewritingServer {
  readonly #lagged = new Set<number>();

  override handle(now: number, input: ServerInput): ServerOutput[] {
    if (input.type === "full") this.#lagged.add(input.connection);
    return super.handle(now, input);
  }

  protected override said(connection: number, message: Message): Message {
    if (message.type !== "batch" || message.entries.length < 2 || !this.#lagged.delete(connection)) return message;
    return { ...message, first: message.first + 1, entries: message.entries.slice(1) };
  }
}

class NoDeadlines extends ServerMachine {
  override nextDeadline(): undefined {}
}

/** A client that says another thing. */
abstract class RewritingClient extends ClientMachine {
  protected abstract says(message: Message): Message;

  override handle(now: number, input: ClientInput): ClientOutput[] {
    return super.handle(now, input).map((output) => {
      if (output.type !== "send") return output;
      const frames = framesIn(output.bytes).map((payload) => encode(this.says(decode(payload, "client"))));
      return { ...output, bytes: Buffer.concat(frames) };
    });
  }
}

/** Comes back as if it had never been there. */
class AsksForNothing extends RewritingClient {
  readonly #hasSecret: boolean;

  constructor(options: ClientMachineOptions, platform: Platform) {
    super(options, platform);
    this.#hasSecret = options.secret !== undefined; // its mac would be another's
  }

  protected override says(message: Message): Message {
    if (message.type !== "hello" || this.#hasSecret || message.epoch === 0) return message;
    return { ...message, epoch: 0, last: 0, start: "live", from: 0 };
  }
}

/** Acknowledges what its application has not handled. */
class AcknowledgesTooEarly extends RewritingClient {
  #given = 0;

  override handle(now: number, input: ClientInput): ClientOutput[] {
    const outputs = super.handle(now, input);
    for (const output of outputs) if (output.type === "deliver") this.#given = output.entries.at(-1)?.number ?? 0;
    return outputs;
  }

  protected override says(message: Message): Message {
    return message.type === "ack" ? { ...message, last: Math.max(message.last, this.#given) } : message;
  }
}

/** Gives its application what comes, whatever it had before. */
class DeliversAgain extends ClientMachine {
  #last: Extract<ClientOutput, { type: "deliver" }> | undefined;

  override handle(now: number, input: ClientInput): ClientOutput[] {
    const outputs = super.handle(now, input);
    const isBack = outputs.some((output) => output.type === "notice" && output.notice.type === "welcome");
    const again = isBack && this.#last !== undefined ? [this.#last] : [];
    for (const output of outputs) if (output.type === "deliver") this.#last = output;
    return [...outputs, ...again];
  }
}

function framesIn(bytes: Uint8Array): Uint8Array[] {
  return new FrameDecoder().push(bytes);
}

export const MUTANTS: readonly Mutant[] = [
  { bug: "a worker pool that fans out in parallel", oracles: ["A", "G"], machines: { Server: WorkerPool } },
  { bug: "a thread per message", oracles: ["C"], machines: { Server: ThreadPerMessage } },
  { bug: "no dedup", oracles: ["B"], machines: { ServerMachine: NoDedup } },
  {
    bug: "acknowledgement before commit",
    oracles: ["D"],
    machines: { ServerMachine: AcknowledgesBeforeCommit },
    log: "written",
  },
  {
    bug: "a store that says too early that it has it",
    oracles: ["D"],
    machines: { store: { saysTooEarly: true } },
    log: "fsync",
  },
  {
    bug: "lastClientSeq lost at a restart",
    oracles: ["B", "liveness"],
    machines: { ServerMachine: TableLostAtRestart },
    log: "written",
  },
  {
    bug: "an epoch that goes on, whatever was lost",
    oracles: ["D"],
    machines: { ServerMachine: EpochGoesOn },
    log: "durable memory",
  },
  { bug: "a resume that asks for nothing", oracles: ["A", "G"], machines: { ClientMachine: AsksForNothing } },
  { bug: "a shared queue that blocks", oracles: ["E"], machines: { Server: SharedQueue }, byIsolation: true },
  { bug: "a PUBACK with the number of another", oracles: ["D"], machines: { ServerMachine: PubackOfAnother } },
  { bug: "a gap of which nothing is said", oracles: ["G"], machines: { ServerMachine: SilentGap } },
  { bug: "a gap that is called resumed", oracles: ["G", "liveness"], machines: { ServerMachine: GapCalledResumed } },
  { bug: "what was sent counts as acknowledged", oracles: ["B21"], machines: { ServerMachine: SentIsAcknowledged } },
  { bug: "a cursor that is one too far after a lag", oracles: ["G"], machines: { ServerMachine: CursorTooFar } },
  { bug: "a server without deadlines", oracles: ["liveness"], machines: { ServerMachine: NoDeadlines } },
  {
    bug: "a client that acknowledges before the handler has returned",
    oracles: ["B21"],
    machines: { ClientMachine: AcknowledgesTooEarly },
  },
  { bug: "a client that delivers again what it had", oracles: ["A"], machines: { ClientMachine: DeliversAgain } },
];
