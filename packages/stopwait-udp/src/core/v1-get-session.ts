/** One GET at the server of v1 (docs/stopwait-udp.md, S18 to S20). */

import type { FileResult, ServerOutput } from "./contract.js";
import { V1_MAX_FILE_BYTES, type V1Packet } from "./v1-packet.js";
import { V1Sender } from "./v1-sender.js";
import { V1Session } from "./v1-session.js";
import { getRefusal, WRONG_FILE } from "./v1-texts.js";

export class V1GetSession extends V1Session {
  protected readonly operation = "get";
  #state: "opening" | "reading" | "sending" | "checking" = "opening";
  /** Named before it is open, so that it is closed whenever the session ends. */
  #source: number | undefined;
  #sender = new V1Sender(0);

  begin(): ServerOutput[] {
    this.#source = this.start.newId();
    return [this.effect({ type: "open-source", name: this.name }, this.#source)];
  }

  protected receive(now: number, packet: V1Packet): ServerOutput[] {
    if (this.#state !== "sending") return [];
    if (this.isSameRequest(packet)) return this.#sender.outstanding === 1 ? this.#goOn(now) : [];
    if (packet.type !== "ack" || packet.of !== "block") return [];
    return this.#sender.acknowledge(packet.number) === "dropped" ? [] : this.#goOn(now);
  }

  effectEnded(now: number, result: FileResult): ServerOutput[] {
    switch (result.type) {
      case "effect-failed":
        if (this.#state !== "opening") return this.#breakOff(now, result.fact);
        this.#source = undefined;
        return this.refuse(now, result.fact, getRefusal(result.fact));
      case "source-opened":
        if (result.size > V1_MAX_FILE_BYTES) return [...this.release(), ...this.refuse(now, "too-large", WRONG_FILE)];
        this.#sender = new V1Sender(result.size);
        return this.#goOn(now);
      case "source-read":
        this.#sender.take(result.bytes);
        return this.#goOn(now);
      case "source-same":
        return this.#finish(now);
      default:
        return [];
    }
  }

  protected transferredBytes(): number {
    return this.#sender.acknowledgedBytes;
  }

  protected release(): ServerOutput[] {
    const source = this.#source;
    this.#source = undefined;
    return source === undefined ? [] : [{ type: "close-source", source }];
  }

  protected stateText(): string {
    return `${this.#state} ${this.#sender.fingerprint()}`;
  }

  /** Sends the outstanding block, once or again; reads it first where it must; ends the file when there is none. */
  #goOn(now: number): ServerOutput[] {
    const source = this.#source;
    if (source === undefined) return [];
    if (this.#sender.isDone) {
      this.#state = "checking";
      return [this.effect({ type: "check-source", source })];
    }
    const bytes = this.#sender.block();
    if (bytes === undefined) {
      this.#state = "reading";
      return [this.effect({ type: "read-source", source, ...this.#sender.wantedRead() })];
    }
    this.#state = "sending";
    return [this.answer(now, { type: "data", number: this.#sender.outstanding, bytes })];
  }

  /** Every block is acknowledged. F is sent again when the last acknowledgement is (of an empty file: the request). */
  #finish(now: number): ServerOutput[] {
    const { blocks } = this.#sender;
    const repeatOn = blocks === 0 ? "get" : "ack";
    return [...this.release(), ...this.conclude(now, "done", "ok", { type: "finish", number: 0 }, repeatOn, blocks)];
  }

  /** The file cannot be read any more, or is not the one that was opened. */
  #breakOff(now: number, code: string): ServerOutput[] {
    const number = this.#sender.outstanding - 1;
    const repeatOn = number === 0 ? "get" : "ack";
    const error = { type: "error", number, text: WRONG_FILE } as const;
    return [...this.release(), ...this.conclude(now, "failed", code, error, repeatOn, number)];
  }
}
