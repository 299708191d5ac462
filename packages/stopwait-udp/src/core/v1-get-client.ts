/** Fetches a file by v1 (docs/stopwait-udp.md, S10 to S12). */

import type { ClientOutput, FileResult, Outcome, Sha256 } from "./contract.js";
import { hex } from "./hex.js";
import { V1Client, type V1ClientOptions } from "./v1-client.js";
import type { V1Packet } from "./v1-packet.js";
import { V1Receiver } from "./v1-receiver.js";
import { refusalCode } from "./v1-texts.js";

export interface V1GetOptions extends V1ClientOptions {
  /** Whether a file that has the local name already may be replaced. Default false. */
  readonly overwrite?: boolean;
}

export class V1GetClient extends V1Client {
  readonly #overwrite: boolean;
  readonly #receiver = new V1Receiver();
  readonly #sha256: Sha256;
  #state: "opening" | "receiving" | "committing" = "opening";
  /** Named before it is open, so that it is closed whenever the transfer ends. A commit closes it, come what may. */
  #part: number | undefined;

  constructor(options: V1GetOptions) {
    super(options);
    this.#overwrite = options.overwrite ?? false;
    this.#sha256 = options.platform.sha256();
  }

  protected begin(): ClientOutput[] {
    const { platform, localName } = this.options;
    const id = this.newId();
    this.#part = id;
    const key = hex(platform.randomBytes(8));
    return [{ type: "open-part", id, name: localName, key, overwrite: this.#overwrite }];
  }

  protected effectEnded(now: number, result: FileResult): ClientOutput[] {
    if (result.type === "effect-failed") {
      if (this.#state === "opening") this.#part = undefined;
      return this.failFile(result);
    }
    if (result.type === "part-opened") {
      this.#state = "receiving";
      return [this.send(now, { type: "get", name: this.options.remoteName })];
    }
    if (result.type === "part-written") {
      this.#receiver.wrote();
      const { written, bytes } = this.#receiver;
      return [
        this.send(now, { type: "ack", of: "block", number: written }),
        { type: "progress", bytes, total: undefined },
      ];
    }
    return this.end({ type: "success", bytes: this.#receiver.bytes, sha256: this.#sha256.digest() });
  }

  protected receive(_now: number, packet: V1Packet): ClientOutput[] {
    if (this.#state !== "receiving" || this.#part === undefined) return [];
    if (packet.type === "error") return this.fail(refusalCode(packet.text), `the server says: ${packet.text}`);
    if (packet.type === "data") {
      // A repeated block is not acknowledged here, the timer does that: a server that answers every repeated
      // acknowledgement and a client that answers every repeated block would double all that follows.
      const offset = this.#receiver.bytes;
      if (this.#receiver.offer(packet.number, packet.bytes.length) !== "new") return [];
      this.timer.stop();
      this.#sha256.update(packet.bytes);
      return [{ type: "write-part", id: this.newId(), part: this.#part, offset, bytes: packet.bytes }];
    }
    // The server sends F when it has the acknowledgement of the last block, which was sent after that was written.
    if (packet.type !== "finish" || packet.number !== 0 || this.#receiver.isWriting) return [];
    const part = this.#part;
    this.#part = undefined;
    this.timer.stop();
    this.#state = "committing";
    return [{ type: "commit-part", id: this.newId(), part, overwrite: this.#overwrite }];
  }

  protected gaveUp(): ClientOutput[] {
    return this.fail("timeout", "the server did not answer any more");
  }

  protected stopOutcome(): Outcome {
    if (this.#state === "committing")
      return { type: "unknown", message: "stopped while the file was put in its place" };
    return { type: "failed", code: "aborted", message: "stopped" };
  }

  protected release(): ClientOutput[] {
    return this.#part === undefined ? [] : [{ type: "drop-part", part: this.#part }];
  }

  protected stateText(): string {
    return `get ${this.#state} ${this.#receiver.fingerprint()}`;
  }
}
