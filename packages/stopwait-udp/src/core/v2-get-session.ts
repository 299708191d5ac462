/** A GET at a v2 server: answers each newer ACK with the blocks that it asks for (docs/stopwait-udp.md, S36). */

import type { FileResult, ServerOutput, Sha256 } from "./contract.js";
import { DataPackets } from "./data-packets.js";
import { digestOf, isSameDigest } from "./digests.js";
import { SendWindow } from "./send-window.js";
import { blockCount, SourceBlocks } from "./source-blocks.js";
import { isNewer } from "./transmissions.js";
import { Code, wordOf } from "./v2-codes.js";
import { blockOf, counterOf, creditOf, Flag, flagsOf, MAX_BLOCKS, payloadOf, sackOf, Type } from "./v2-packet.js";
import { V2Session } from "./v2-session.js";

type Opened = Extract<FileResult, { readonly type: "source-opened" }>;

/** `checking`: whether the source is still the same; `finishing`: it was, FIN is out. */
type Step = "opening" | "digesting" | "sending" | "checking" | "finishing";

export class V2GetSession extends V2Session {
  #step: Step = "opening";
  #opened: Opened | undefined;
  #flow: { readonly blocks: SourceBlocks; readonly window: SendWindow; readonly packets: DataPackets } | undefined;
  #offset = 0;
  /** Of the ACK acted on last. */
  #counter = 0;
  #hasActed = false;

  begin(out: ServerOutput[]): void {
    out.push({ type: "open-source", id: this.newId(), name: this.start.request.name });
  }

  get isBusy(): boolean {
    return this.#step === "opening" || this.#step === "digesting";
  }

  protected effectEnded(result: FileResult, out: ServerOutput[]): void {
    switch (result.type) {
      case "effect-failed":
        return this.diskFailed(result, this.isAccepted ? this.#counter : this.start.counter, out);
      case "source-opened":
        return this.#found(result, out);
      case "prefix-hashed":
        return this.#hashed(result.sha256, out);
      case "source-read":
        this.#flow?.blocks.loaded(result.id, result.bytes);
        this.#pump(out);
        return this.#makeAhead();
      case "source-same":
        this.#step = "finishing";
        return this.#fin(out);
    }
  }

  #found(opened: Opened, out: ServerOutput[]): void {
    this.#opened = opened;
    const { request, counter, options } = this.start;
    const { size, etag } = opened;
    if (size > options.maxFileBytes || blockCount(size, 0, this.blockBytes) > MAX_BLOCKS) {
      return this.refuse(Code.TOO_LARGE, counter, out);
    }
    const { offset = 0, prefixDigest } = request;
    const isResumed = offset > 0 && offset <= size && prefixDigest !== undefined;
    if (!isResumed || (request.etag !== undefined && request.etag !== etag)) return this.#accept(0, undefined, out);
    this.#step = "digesting";
    this.wantsTurn = true;
  }

  digest(out: ServerOutput[]): void {
    const { offset = 0 } = this.start.request;
    out.push({ type: "hash-prefix", id: this.newId(), file: this.#source, length: offset });
  }

  #hashed(sha256: Sha256, out: ServerOutput[]): void {
    const { offset = 0, prefixDigest } = this.start.request;
    if (isSameDigest(prefixDigest, digestOf(sha256))) this.#accept(offset, sha256, out);
    else this.#accept(0, undefined, out);
  }

  #accept(offset: number, prefix: Sha256 | undefined, out: ServerOutput[]): void {
    const { size, modifiedMs, etag } = this.#opened as Opened;
    const { blockBytes, window, start, checksum } = this;
    const sha256 = prefix ?? start.options.platform.sha256();
    const blocks = new SourceBlocks({ source: this.#source, size, offset, blockBytes, sha256 });
    const packets = new DataPackets(start.session, blockBytes, window, checksum);
    this.#flow = { blocks, window: new SendWindow(blocks.count), packets };
    this.#offset = offset;
    this.#step = "sending";
    this.accept({ offset, size, modifiedMs: Math.max(0, Math.floor(modifiedMs)), etag }, out);
    this.#readAhead(out);
  }

  packet(packet: Uint8Array, type: number, out: ServerOutput[]): void {
    if (type === Type.ACK) this.#acknowledged(packet, out);
    else if (type === Type.FINACK && this.#step === "finishing") this.#answered(payloadOf(packet)[0], out);
  }

  #acknowledged(packet: Uint8Array, out: ServerOutput[]): void {
    if (this.#flow === undefined) return;
    const { window, blocks } = this.#flow;
    const counter = counterOf(packet);
    if (this.#hasActed && !isNewer(counter, this.#counter)) return;
    const next = blockOf(packet);
    if (window.acknowledge(next, sackOf(packet)) === undefined) return;
    this.#hasActed = true;
    this.#counter = counter;
    window.limit = next + Math.min(creditOf(packet), this.window);
    if ((flagsOf(packet) & Flag.RETRY) !== 0) window.rewind();
    blocks.release(next);
    if (!window.isDone) this.#pump(out);
    else if (this.#step === "finishing") this.#fin(out);
    else if (this.#step === "sending") this.#check(out);
  }

  #pump(out: ServerOutput[]): void {
    if (this.#flow === undefined || this.#step !== "sending") return;
    const { window, blocks, packets } = this.#flow;
    for (let block = window.next(); block !== undefined && blocks.isLoaded(block); block = window.next()) {
      const bytes = packets.encode(blocks, block, this.#counter, window.isRetry);
      out.push({ type: "datagram", to: this.peer, bytes });
      window.sent();
    }
    this.#readAhead(out);
  }

  /** The next block, with the counter of the next ACK. */
  #makeAhead(): void {
    if (this.#flow === undefined || !this.#hasActed) return;
    const { window, blocks, packets } = this.#flow;
    packets.makeAhead(blocks, window.fresh, (this.#counter + 1) & 0xffff);
  }

  #readAhead(out: ServerOutput[]): void {
    if (this.#flow === undefined) return;
    const { window, blocks } = this.#flow;
    const read = blocks.readAhead(Math.min(Math.max(window.limit, 1), blocks.count), this.newId);
    if (read !== undefined) out.push(read);
  }

  #check(out: ServerOutput[]): void {
    this.#step = "checking";
    out.push({ type: "check-source", id: this.newId(), source: this.#source });
  }

  #fin(out: ServerOutput[]): void {
    const { blocks } = this.#flow as { blocks: SourceBlocks };
    this.send({ type: Type.FIN, block: blocks.count, counter: this.#counter }, blocks.digest(), out);
  }

  #answered(code: number | undefined, out: ServerOutput[]): void {
    if (code === undefined) return;
    this.end(code, code === Code.DONE ? "done" : "failed", wordOf(code), out);
  }

  /** All was sent and nobody said whether it arrived (S39). */
  protected override get silence(): string {
    return this.#step === "finishing" ? "unconfirmed" : "silence";
  }

  protected release(out: ServerOutput[]): void {
    if (this.#opened !== undefined) out.push({ type: "close-source", source: this.#source });
  }

  protected get bytes(): number {
    if (this.#flow === undefined) return 0;
    const sent = this.#flow.window.base * this.blockBytes;
    return Math.min(sent, (this.#opened as Opened).size - this.#offset);
  }

  protected stateText(): string {
    const flow =
      this.#flow === undefined ? "-" : `${this.#flow.blocks.fingerprint()};${this.#flow.window.fingerprint()}`;
    return `${this.#step},${this.#offset},${this.#counter},${this.#hasActed};${flow}`;
  }

  get #source(): number {
    return (this.#opened as Opened).id;
  }
}
