/** What the server machine answers in one turn, and when it wants to be woken next. */

import { encode } from "./codec.js";
import type { Message } from "./messages.js";
import type { ServerEvent, ServerOutput } from "./server-contract.js";

export class Outbox {
  #outputs: ServerOutput[] = [];
  /** At or before the earliest time at which something is due: waking too early does no harm. */
  wakeAt: number | undefined;

  push(output: ServerOutput): void {
    this.#outputs.push(output);
  }

  send(connection: number, bytes: Uint8Array): void {
    this.#outputs.push({ type: "send", connection, bytes });
  }

  say(connection: number, message: Message): void {
    this.#outputs.push({ type: "send", connection, bytes: encode(message) });
  }

  event(event: ServerEvent): void {
    this.#outputs.push({ type: "event", event });
  }

  wake(at: number): void {
    if (this.wakeAt === undefined || at < this.wakeAt) this.wakeAt = at;
  }

  take(): ServerOutput[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }
}
