/** What a gateway has asked of the shared log and is not answered yet (docs/broadcast.md B38, B40). */

import type { ServerContext } from "./server-context.js";
import type { SharedAnswer, SharedRequest } from "./server-contract.js";

/** Undefined: the outcome is not known. */
type Answered<Op extends SharedRequest["op"]> = (
  answer: Extract<SharedAnswer, { op: Op }> | undefined,
  now: number,
) => void;

interface Asked {
  readonly op: SharedRequest["op"];
  readonly at: number;
  readonly answered: (answer: SharedAnswer | undefined, now: number) => void;
}

export class SharedRequests {
  readonly #context: ServerContext;
  readonly #room: string;
  /** The one that was asked first is first. */
  readonly #asked = new Map<number, Asked>();
  /** When the first was asked that failed, without an answer to another one since. */
  #failsSince: number | undefined;
  /** The log answered last. */
  answeredAt: number = Number.NEGATIVE_INFINITY;

  constructor(context: ServerContext, room: string) {
    this.#context = context;
    this.#room = room;
  }

  ask<Request extends SharedRequest>(request: Request, now: number, answered: Answered<Request["op"]>): void {
    const id = this.#context.newId();
    const { op } = request;
    this.#asked.set(id, { op, at: now, answered: answered as Asked["answered"] });
    this.#context.out.push({ type: "share", room: this.#room, id, request });
    this.#context.out.wake(now + this.#context.settings.engineMs);
  }

  answered(id: number, answer: SharedAnswer, now: number): void {
    const asked = this.#asked.get(id);
    if (asked === undefined || asked.op !== answer.op) return;
    this.#asked.delete(id);
    this.#failsSince = undefined;
    this.answeredAt = now;
    asked.answered(answer, now);
  }

  failed(id: number, now: number): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    this.#asked.delete(id);
    // Since it was asked: how long the log itself waits for its engine is not added.
    this.#failsSince ??= Math.max(asked.at, this.answeredAt);
    this.#context.out.wake(this.#failsSince + this.#context.settings.engineMs);
    asked.answered(undefined, now);
  }

  /** Whether the log has been out of reach for too long (B40). */
  isOutOfReach(now: number): boolean {
    const { engineMs } = this.#context.settings;
    const oldest = this.#asked.values().next().value?.at ?? Number.POSITIVE_INFINITY;
    const since = Math.min(oldest, this.#failsSince ?? Number.POSITIVE_INFINITY);
    if (since === Number.POSITIVE_INFINITY) return false;
    if (now >= since + engineMs) return true;
    this.#context.out.wake(since + engineMs);
    return false;
  }

  forgetAll(): void {
    this.#asked.clear();
  }
}
