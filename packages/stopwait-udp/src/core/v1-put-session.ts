/** One PUT at the server of v1 (docs/stopwait-udp.md, S21 to S24). */

import type { FileResult, ServerOutput } from "./contract.js";
import type { V1Packet } from "./v1-packet.js";
import { V1Receiver } from "./v1-receiver.js";
import { V1Session, type V1SessionStart } from "./v1-session.js";
import { putRefusal } from "./v1-texts.js";

export interface V1PutStart extends V1SessionStart {
  /** Names the part on the disk: hexadecimal digits. */
  readonly key: string;
  readonly overwrite: boolean;
}

export class V1PutSession extends V1Session {
  protected readonly operation = "put";
  readonly #key: string;
  readonly #overwrite: boolean;
  readonly #receiver = new V1Receiver();
  #state: "opening" | "receiving" | "committing" = "opening";
  /** Named before it is open, so that it is closed whenever the session ends. A commit closes it, come what may. */
  #part: number | undefined;

  constructor(start: V1PutStart) {
    super(start);
    this.#key = start.key;
    this.#overwrite = start.overwrite;
  }

  begin(): ServerOutput[] {
    this.#part = this.start.newId();
    const open = { type: "open-part", name: this.name, key: this.#key, overwrite: this.#overwrite } as const;
    return [this.effect(open, this.#part)];
  }

  protected receive(now: number, packet: V1Packet): ServerOutput[] {
    const part = this.#part;
    if (this.#state !== "receiving" || part === undefined) return [];
    const { written, isWriting, bytes: offset } = this.#receiver;
    if (this.isSameRequest(packet)) return written === 0 && !isWriting ? [this.#acknowledge(now)] : [];
    if (packet.type === "data") {
      const verdict = this.#receiver.offer(packet.number, packet.bytes.length);
      if (verdict === "repeated") return [this.#acknowledge(now)];
      return verdict === "new" ? [this.effect({ type: "write-part", part, offset, bytes: packet.bytes })] : [];
    }
    if (packet.type !== "finish" || packet.number !== written || isWriting) return [];
    this.#state = "committing";
    this.#part = undefined;
    return [this.effect({ type: "commit-part", part, overwrite: this.#overwrite })];
  }

  effectEnded(now: number, result: FileResult): ServerOutput[] {
    switch (result.type) {
      case "effect-failed":
        return this.#failed(now, result);
      case "part-opened":
        this.#state = "receiving";
        return [this.#acknowledge(now)];
      case "part-written":
        this.#receiver.wrote();
        return [this.#acknowledge(now)];
      case "part-committed": {
        const number = this.#receiver.written;
        return this.conclude(now, "done", "ok", { type: "ack", of: "finish", number }, "finish", number);
      }
      default:
        return [];
    }
  }

  protected transferredBytes(): number {
    return this.#receiver.bytes;
  }

  protected release(): ServerOutput[] {
    const part = this.#part;
    this.#part = undefined;
    return part === undefined ? [] : [{ type: "drop-part", part }];
  }

  protected stateText(): string {
    return `${this.#state} ${this.#receiver.fingerprint()}`;
  }

  /** Of the last block that is on the disk; before the first, of the request. */
  #acknowledge(now: number): ServerOutput {
    return this.answer(now, { type: "ack", of: "block", number: this.#receiver.written });
  }

  #failed(now: number, { fact }: FileResult & { readonly type: "effect-failed" }): ServerOutput[] {
    const text = putRefusal(fact);
    if (this.#state === "opening") {
      this.#part = undefined;
      return this.refuse(now, fact, text);
    }
    if (this.#state === "committing") {
      const number = this.#receiver.written;
      return this.conclude(now, "failed", fact, { type: "error", number, text }, "finish", number);
    }
    const number = this.#receiver.written + 1;
    return [...this.release(), ...this.conclude(now, "failed", fact, { type: "error", number, text }, "data", number)];
  }
}
