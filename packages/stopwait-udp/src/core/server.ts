/** One server for both wire formats: the first byte of a datagram tells which one it is. */

import type { FileResult, ServerOutput, TransferInput } from "./contract.js";
import { V1Server, type V1ServerOptions } from "./v1-server.js";
import { FIRST_TYPE } from "./v2-packet.js";
import { V2Server } from "./v2-server.js";
import type { V2ServerOptions } from "./v2-server-options.js";

/** Options that both have (`writable`, `overwrite`, `insecureWrite`, `maxSessions`, ...) hold for each of the two. */
export type StopwaitServerOptions = V2ServerOptions & Partial<Omit<V1ServerOptions, keyof V2ServerOptions>>;

export class StopwaitServer {
  readonly v1: V1Server;
  readonly v2: V2Server;

  /** @throws TypeError or RangeError for an option out of its range */
  constructor(options: StopwaitServerOptions) {
    let lastId = 0;
    const newId = options.newId ?? (() => ++lastId);
    this.v2 = new V2Server({ ...options, newId });
    const { writable, overwrite, insecureWrite, maxSessions, ...others } = options;
    this.v1 = new V1Server({
      ...others,
      writable: writable === true,
      overwrite: overwrite === true,
      insecureWrite: insecureWrite === true,
      ...(maxSessions === undefined ? {} : { maxSessions }),
      newId,
    });
  }

  /** Transfers under way. */
  get liveSessions(): number {
    return this.v1.liveSessions + this.v2.liveSessions;
  }

  /** @throws LocalProtocolError `UNKNOWN_EFFECT` for the result of an effect that was not asked for, or came before */
  handle(now: number, input: TransferInput): ServerOutput[] {
    if (input.type === "datagram") {
      const isV2 = (input.bytes[0] ?? 0) >= FIRST_TYPE;
      return (isV2 ? this.v2 : this.v1).handle(now, input);
    }
    if (input.type === "tick" || input.type === "stop") {
      return [...this.v1.handle(now, input), ...this.v2.handle(now, input)];
    }
    return this.#result(now, input);
  }

  nextDeadline(): number | undefined {
    const first = this.v1.nextDeadline();
    const second = this.v2.nextDeadline();
    return first === undefined || second === undefined ? (first ?? second) : Math.min(first, second);
  }

  /** Equal for servers that will behave alike, but for counters; times are relative to `now`. */
  fingerprint(now: number): string {
    return `${this.v1.fingerprint(now)}\n--\n${this.v2.fingerprint(now)}`;
  }

  #result(now: number, result: FileResult): ServerOutput[] {
    return (this.v1.awaits(result.id) ? this.v1 : this.v2).handle(now, result);
  }
}
