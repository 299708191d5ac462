/**
 * The rules of the course's client, as two machines. The timer is fixed: 5 s hide most of what a shorter one shows, so
 * it is an option. The local disk is a map in memory.
 */
import { createHash } from "node:crypto";
import type { Address, ClientOutput, Outcome, TransferInput } from "../../src/core/contract.js";
import { ack, append, bitOf, data, FINISH_BIT, finish, type OriginalPacket, read, tableOf, write } from "./packet.js";

export interface OriginalClientOptions {
  readonly server: Address;
  /** The name on both sides. */
  readonly name: string;
  /** The local disk: name to content. */
  readonly files: Map<string, Uint8Array>;
  /** Default 5,000. */
  readonly retransmitMs?: number;
  /** Default 5. */
  readonly retransmissions?: number;
}

abstract class OriginalClient {
  protected readonly options: OriginalClientOptions;
  #last: Uint8Array | undefined;
  #deadline: number | undefined = 0;
  #left = 0;

  constructor(options: OriginalClientOptions) {
    this.options = options;
  }

  protected abstract begin(): Uint8Array;
  /** The next packet, how it ended, or nothing. Where the packet came from is not looked at (B16). */
  protected abstract answer(packet: OriginalPacket): Uint8Array | Outcome | undefined;
  protected abstract silence(): Outcome;
  protected abstract stateText(): string;

  handle(now: number, input: TransferInput): ClientOutput[] {
    if (this.#deadline === undefined) return [];
    if (input.type === "datagram") {
      if (this.#last === undefined) return [];
      const next = this.answer(read(input.bytes));
      if (next === undefined) return [];
      return next instanceof Uint8Array ? this.#send(now, next) : this.#end(next);
    }
    if (input.type !== "tick" || now < this.#deadline) return [];
    if (this.#last === undefined) return this.#send(now, this.begin());
    if (this.#left === 0) return this.#end(this.silence());
    const left = this.#left - 1;
    const outputs = this.#send(now, this.#last);
    this.#left = left;
    return outputs;
  }

  nextDeadline(): number | undefined {
    return this.#deadline;
  }

  fingerprint(now: number): string {
    const timer = this.#deadline === undefined ? "finished" : `${this.#deadline - now} ${this.#left}`;
    const file = Buffer.from(this.options.files.get(this.options.name) ?? []).toString("base64");
    return `${this.#last ?? "new"} ${timer} ${file} ${this.stateText()}`;
  }

  protected success(): Outcome {
    const bytes = this.options.files.get(this.options.name) ?? new Uint8Array();
    const sha256 = new Uint8Array(createHash("sha256").update(bytes).digest());
    return { type: "success", bytes: bytes.length, sha256 };
  }

  #send(now: number, packet: Uint8Array): ClientOutput[] {
    this.#last = packet;
    this.#left = this.options.retransmissions ?? 5;
    this.#deadline = now + (this.options.retransmitMs ?? 5_000);
    return [{ type: "datagram", to: this.options.server, bytes: packet }];
  }

  #end(outcome: Outcome): ClientOutput[] {
    this.#deadline = undefined;
    return [{ type: "finished", outcome }];
  }
}

export class OriginalGetClient extends OriginalClient {
  #awaited = bitOf(1);

  protected begin(): Uint8Array {
    this.options.files.set(this.options.name, new Uint8Array()); // B14: before anybody answered
    return write("G", "0", 0, this.options.name);
  }

  protected answer(packet: OriginalPacket): Uint8Array | Outcome | undefined {
    const { files, name } = this.options;
    if (packet.type === "F") return this.success(); // B7: whose F this is does not matter
    if (packet.type === "E") return { type: "failed", code: "refused", message: new TextDecoder().decode(packet.body) };
    if (packet.type !== "D") return undefined;
    if (packet.bit === this.#awaited) {
      // B1: it may be the block two before
      files.set(name, append(files.get(name) ?? new Uint8Array(), packet.body));
      this.#awaited = this.#awaited === "1" ? "0" : "1";
    }
    return ack(packet);
  }

  protected silence(): Outcome {
    return { type: "failed", code: "timeout", message: "no answer" };
  }

  protected stateText(): string {
    return `get ${this.#awaited}`;
  }
}

export class OriginalPutClient extends OriginalClient {
  #table: Uint8Array[] = [];
  /** The block that is outstanding; 0 is the request, one above the last is F. */
  #block = 0;

  protected begin(): Uint8Array {
    this.#table = tableOf(this.options.files.get(this.options.name) ?? new Uint8Array());
    return write("P", "0", 0, this.options.name);
  }

  protected answer(packet: OriginalPacket): Uint8Array | Outcome | undefined {
    if (packet.type === "E") return { type: "failed", code: "refused", message: new TextDecoder().decode(packet.body) };
    if (packet.type !== "A") return undefined;
    const isFinish = this.#block > this.#table.length;
    // B3: the bit alone says which block is acknowledged
    if (packet.bit !== (isFinish ? FINISH_BIT : bitOf(this.#block))) return undefined;
    if (isFinish) return this.success();
    this.#block++;
    const bytes = this.#table[this.#block - 1];
    return bytes === undefined ? finish(this.#table.length) : data(this.#block, bytes);
  }

  protected silence(): Outcome {
    if (this.#block > this.#table.length) return this.success(); // B15: F was sent, that is taken as enough
    return { type: "failed", code: "timeout", message: "no answer" };
  }

  protected stateText(): string {
    return `put ${this.#block}`;
  }
}
