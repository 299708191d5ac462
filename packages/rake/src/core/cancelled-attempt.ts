/** What is left of an attempt at a host that is not wanted any more: its slot there, until it has ended (docs/rake.md R26, R52). */

import { type BuildContext, NEVER } from "./build-context.js";
import type { Host, Talk } from "./host.js";
import type { ActionMessage } from "./host-link.js";
import type { OutputsIn } from "./outputs-in.js";

export class CancelledAttempt implements Talk {
  readonly actionId: number;
  readonly #reservation: number;
  readonly #context: BuildContext;
  readonly #host: Host;
  readonly #outputs: OutputsIn;
  readonly #forgetAt: number;
  #isOver = false;

  /** Says CANCEL. `outputs` knows of the credit. */
  constructor(
    context: BuildContext,
    host: Host,
    bid: { readonly actionId: number; readonly reservation: number },
    outputs: OutputsIn,
  ) {
    this.#context = context;
    this.#host = host;
    this.actionId = bid.actionId;
    this.#reservation = bid.reservation;
    this.#outputs = outputs;
    this.#forgetAt = context.now + context.settings.stallMs;
    host.talks.set(this.actionId, this);
    host.say({ type: "CANCEL", actionId: this.actionId });
    this.#drop(0);
  }

  message(message: ActionMessage): void {
    const isBody = message.type === "STDOUT" || message.type === "STDERR" || message.type === "OUTPUT";
    this.#drop(isBody ? message.body.length : 0);
    if (message.type === "MISSING") {
      // It crossed the CANCEL: it may hold the reservation, and bring nothing more.
      this.#host.say({ type: "RELEASE", actionId: this.actionId, reservation: this.#reservation });
    }
    if (message.type === "DONE" || message.type === "EXPIRED" || message.type === "MISSING") this.#end();
  }

  lost(): void {
    this.#isOver = true;
  }

  drained(): void {}

  /** Never: that it takes long stops nothing else. Then it is forgotten, and the host's word counts again. */
  overdue(): string | undefined {
    if (!this.#isOver && this.#context.now >= this.#forgetAt) this.#end();
    return undefined;
  }

  nextDeadline(): number {
    return this.#isOver ? NEVER : this.#forgetAt;
  }

  /** Nothing is written of what still comes: all of it may come. */
  #drop(bytes: number): void {
    const credit = this.#outputs.dropped(bytes);
    if (credit > 0) this.#host.say({ type: "CREDIT", actionId: this.actionId, bytes: credit });
  }

  #end(): void {
    this.#isOver = true;
    this.#host.left(this);
  }
}
