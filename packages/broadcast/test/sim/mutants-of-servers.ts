/** Bugs in one rule of a server (`mutants.ts`). */
import {
  type Ack,
  type Message,
  type Platform,
  type Publish,
  type ServerInput,
  ServerMachine,
  type ServerOutput,
} from "../../src/core/index.js";
import { RewritingServer } from "./rewriting-server.js";

/** Takes whatever client seq comes for the next one, and knows of none when a client comes back. */
export class NoDedup extends RewritingServer {
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
export class TableLostAtRestart extends NoDedup {
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
export class AcknowledgesBeforeCommit extends ServerMachine {
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
export class EpochGoesOn extends ServerMachine {
  override handle(now: number, input: ServerInput): ServerOutput[] {
    if (input.type !== "roomOpened" || input.recovered.meta === undefined) return super.handle(now, input);
    const meta = { ...input.recovered.meta, clean: true };
    return super.handle(now, { ...input, recovered: { ...input.recovered, meta } });
  }
}

export class PubackOfAnother extends RewritingServer {
  protected override said(_connection: number, message: Message): Message {
    return message.type === "puback" ? { ...message, number: message.number + 1 } : message;
  }
}

export class SilentGap extends RewritingServer {
  protected override said(_connection: number, message: Message): Message | undefined {
    return message.type === "gap" ? undefined : message;
  }
}

export class GapCalledResumed extends RewritingServer {
  protected override said(_connection: number, message: Message): Message {
    return message.type === "welcome" && message.status === "gap" ? { ...message, status: "resumed" } : message;
  }
}

/** What was sent counts as what was acknowledged. */
export class SentIsAcknowledged extends RewritingServer {
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
export class CursorTooFar extends RewritingServer {
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

export class NoDeadlines extends ServerMachine {
  override nextDeadline(): undefined {}
}

/** Whoever is away has left, whatever the time of grace. */
export class NoGrace extends ServerMachine {
  constructor(now: number, options: ConstructorParameters<typeof ServerMachine>[1], platform: Platform) {
    super(now, { ...options, graceMs: 0 }, platform);
  }
}

/** Names those who came in behind the one that it welcomes, and nobody else. */
export class KnowsNoneBefore extends RewritingServer {
  protected override said(_connection: number, message: Message): Message {
    if (message.type !== "welcome") return message;
    return { ...message, members: message.members.filter(({ member }) => member >= message.member) };
  }
}

/** Gives a session to a second connection, and says nothing to the first. */
export class KeepsBoth extends RewritingServer {
  readonly #kept = new Set<number>();

  protected override said(connection: number, message: Message): Message | undefined {
    if (message.type !== "close" || message.code !== "TAKEN_OVER") return message;
    this.#kept.add(connection);
    return undefined;
  }

  override handle(now: number, input: ServerInput): ServerOutput[] {
    return super.handle(now, input).filter((output) => output.type !== "close" || !this.#kept.has(output.connection));
  }
}
