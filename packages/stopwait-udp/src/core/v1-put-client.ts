/** Stores a file by v1 (docs/stopwait-udp.md, S13 to S15). */

import type { ClientOutput, FileResult, Outcome, Sha256 } from "./contract.js";
import { V1Client, type V1ClientOptions } from "./v1-client.js";
import { V1_MAX_FILE_BYTES, type V1Packet } from "./v1-packet.js";
import { V1Sender } from "./v1-sender.js";
import { refusalCode } from "./v1-texts.js";

export class V1PutClient extends V1Client {
  readonly #sha256: Sha256;
  #state: "opening" | "requesting" | "reading" | "sending" | "checking" | "finishing" = "opening";
  /** Named before it is open, so that it is closed whenever the transfer ends. */
  #source: number | undefined;
  #size = 0;
  #sender = new V1Sender(0);

  constructor(options: V1ClientOptions) {
    super(options);
    this.#sha256 = options.platform.sha256();
  }

  protected begin(): ClientOutput[] {
    this.#source = this.newId();
    return [{ type: "open-source", id: this.#source, name: this.options.localName }];
  }

  protected effectEnded(now: number, result: FileResult): ClientOutput[] {
    switch (result.type) {
      case "effect-failed":
        if (this.#state === "opening") this.#source = undefined;
        return this.failFile(result);
      case "source-opened":
        this.#size = result.size;
        if (result.size > V1_MAX_FILE_BYTES) {
          const message = `${result.size} bytes are more than v1 can carry, ${V1_MAX_FILE_BYTES}`;
          return this.fail("too-large", message);
        }
        this.#sender = new V1Sender(result.size);
        this.#state = "requesting";
        return [this.send(now, { type: "put", name: this.options.remoteName })];
      case "source-read":
        this.#sender.take(result.bytes);
        this.#sha256.update(result.bytes);
        return this.#goOn(now);
      case "source-same":
        this.#state = "finishing";
        return [this.send(now, { type: "finish", number: this.#sender.blocks })];
      default:
        return [];
    }
  }

  protected receive(now: number, packet: V1Packet): ClientOutput[] {
    if (packet.type === "error") return this.#refused(packet.number, packet.text);
    if (packet.type !== "ack") return [];
    const { number } = packet;
    if (packet.of === "finish") {
      if (this.#state !== "finishing" || number !== this.#sender.blocks) return [];
      return this.end({ type: "success", bytes: this.#size, sha256: this.#sha256.digest() });
    }
    if (this.#state === "requesting" && number === 0) return this.#goOn(now);
    // Only the acknowledgement of the outstanding block counts; a repeated one is not answered, the timer does that.
    if (this.#state !== "sending" || this.#sender.acknowledge(number) !== "counts") return [];
    const progress = { type: "progress", bytes: this.#sender.acknowledgedBytes, total: this.#size } as const;
    return [...this.#goOn(now), progress];
  }

  protected gaveUp(): ClientOutput[] {
    if (this.#state === "finishing") return this.end(unanswered("the server did not confirm the end of the file"));
    return this.fail("timeout", "the server did not answer any more");
  }

  protected stopOutcome(): Outcome {
    if (this.#state === "finishing") return unanswered("stopped before the server confirmed the end of the file");
    return { type: "failed", code: "aborted", message: "stopped" };
  }

  protected release(): ClientOutput[] {
    return this.#source === undefined ? [] : [{ type: "close-source", source: this.#source }];
  }

  protected stateText(): string {
    return `put ${this.#state} ${this.#sender.fingerprint()}`;
  }

  /** Sends the outstanding block, or reads it first, or ends the file when there is none. */
  #goOn(now: number): ClientOutput[] {
    const source = this.#source;
    if (source === undefined) return [];
    this.timer.stop();
    if (this.#sender.isDone) {
      this.#state = "checking";
      return [{ type: "check-source", id: this.newId(), source }];
    }
    const bytes = this.#sender.block();
    if (bytes === undefined) {
      this.#state = "reading";
      return [{ type: "read-source", id: this.newId(), source, ...this.#sender.wantedRead() }];
    }
    this.#state = "sending";
    return [this.send(now, { type: "data", number: this.#sender.outstanding, bytes })];
  }

  #refused(number: number, text: string): ClientOutput[] {
    if (this.#state === "opening") return [];
    // After F an E that answers the request is a late one, and says nothing about the file.
    if (this.#state === "finishing" && (number === 0 || number !== this.#sender.blocks)) {
      return this.end(unanswered(`the server says: ${text}`));
    }
    return this.fail(refusalCode(text), `the server says: ${text}`);
  }
}

function unanswered(message: string): Outcome {
  return { type: "unknown", message };
}
