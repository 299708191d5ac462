/** The publishes of one connection on their way into the shared log: in order, and again where their fate is not known (docs/broadcast.md B13, B38). */

import type { ServerContext } from "./server-context.js";
import type { SharedAnswer, SharedRequest } from "./server-contract.js";
import type { SharedRequests } from "./shared-requests.js";

type Entry = Extract<SharedRequest, { op: "publish" }>["entries"][number];
type Outcome = Extract<SharedAnswer, { op: "publish" }>;

const RETRY_MS = 100;
const MAX_REQUEST_BYTES = 1_048_576;

export type Refused = (outcome: "bad seq" | "not owner", now: number) => void;

/** Of all publishers of a room. */
export interface PendingBytes {
  pendingBytes: number;
}

export class SharedPublisher {
  readonly #context: ServerContext;
  readonly #requests: SharedRequests;
  readonly #refused: Refused;
  readonly #pending: PendingBytes;
  readonly #who: { readonly clientId: string; readonly owner: string; readonly member: number };
  /** What is not known to be in the log; the first has client seq `#firstSeq`. The first `#askedCount` were asked for. */
  #entries: Entry[] = [];
  #firstSeq: number;
  #askedCount = 0;
  #underWay = 0;
  #failed = false;
  #retryAt: number | undefined;
  #isOver = false;
  #bytes = 0;

  constructor(
    context: ServerContext,
    requests: SharedRequests,
    pending: PendingBytes,
    refused: Refused,
    who: { readonly clientId: string; readonly owner: string; readonly member: number },
    lastClientSeq: number,
  ) {
    this.#context = context;
    this.#requests = requests;
    this.#pending = pending;
    this.#refused = refused;
    this.#who = who;
    this.#firstSeq = lastClientSeq + 1;
  }

  /** The client seq behind all that was added. */
  get next(): number {
    return this.#firstSeq + this.#entries.length;
  }

  add(kind: Entry["kind"], bytes: Uint8Array): void {
    this.#entries.push({ kind, bytes });
    this.#count(bytes.length);
  }

  /** Asks for what was added, unless an earlier failure must be mended first. */
  flush(now: number): void {
    if (this.#failed || this.#isOver) return;
    while (this.#askedCount < this.#entries.length) {
      let end = this.#askedCount;
      let bytes = 0;
      while (end < this.#entries.length && (end === this.#askedCount || bytes < MAX_REQUEST_BYTES)) {
        bytes += (this.#entries[end] as Entry).bytes.length;
        end++;
      }
      this.#ask(this.#firstSeq + this.#askedCount, this.#entries.slice(this.#askedCount, end), now);
      this.#askedCount = end;
    }
  }

  /** The log gave its entry up to this one. */
  seen(clientSeq: number): void {
    this.#drop(clientSeq);
  }

  tick(now: number): void {
    if (this.#retryAt === undefined || this.#isOver) return;
    if (now < this.#retryAt) {
      this.#context.out.wake(this.#retryAt);
      return;
    }
    this.#retryAt = undefined;
    this.#failed = false;
    this.#askedCount = 0;
    this.flush(now);
  }

  end(): void {
    this.#isOver = true;
    this.#entries = [];
    this.#count(-this.#bytes);
  }

  #ask(firstClientSeq: number, entries: readonly Entry[], now: number): void {
    this.#underWay++;
    this.#requests.ask({ op: "publish", ...this.#who, firstClientSeq, entries }, now, (answer, then) => {
      this.#underWay--;
      if (!this.#isOver) this.#answered(answer, then);
    });
  }

  #answered(answer: Outcome | undefined, now: number): void {
    if (answer === undefined) {
      this.#failed = true;
    } else if (answer.outcome === "not owner" || (answer.outcome === "bad seq" && !this.#failed)) {
      this.#refused(answer.outcome, now);
      return;
    } else {
      this.#drop(answer.lastClientSeq);
    }
    // Behind one of unknown fate all others may be "bad seq": what is not in is asked for again once nothing is under way.
    if (!this.#failed || this.#underWay > 0 || this.#isOver) return;
    this.#retryAt = now + RETRY_MS;
    this.#context.out.wake(this.#retryAt);
  }

  /** The log has those up to this one. */
  #drop(lastClientSeq: number): void {
    const count = Math.min(lastClientSeq + 1 - this.#firstSeq, this.#entries.length);
    if (count <= 0) return;
    for (let i = 0; i < count; i++) this.#count(-(this.#entries[i] as Entry).bytes.length);
    this.#entries.splice(0, count);
    this.#firstSeq += count;
    this.#askedCount = Math.max(0, this.#askedCount - count);
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#pending.pendingBytes += bytes;
  }
}
