/** What the server machine answers in one turn. */

import { encode } from "./codec.js";
import type { ServerMessage } from "./messages.js";
import type { ServerEvent, ServerOutput } from "./server-contract.js";

export class ServerOutbox {
  #outputs: ServerOutput[] = [];

  push(output: ServerOutput): void {
    this.#outputs.push(output);
  }

  say(connection: number, message: ServerMessage): void {
    this.#outputs.push({ type: "send", connection, bytes: encode(message) });
  }

  event(event: ServerEvent): void {
    this.#outputs.push({ type: "event", event });
  }

  take(): ServerOutput[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }
}
