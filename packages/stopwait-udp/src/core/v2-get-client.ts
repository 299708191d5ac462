/** The client of a v2 GET: asks for blocks, writes them to a part, and commits it (docs/stopwait-udp.md, S36, S38, S47). */

import { AckPackets } from "./ack-packets.js";
import type { FileEffect, FileResult, Sha256 } from "./contract.js";
import { digestOf, isSameDigest } from "./digests.js";
import { hex } from "./hex.js";
import { PartBlocks } from "./part-blocks.js";
import { blockCount } from "./source-blocks.js";
import { uint } from "./tlv.js";
import { V2Client, type Wanted } from "./v2-client.js";
import type { V2ClientOptions } from "./v2-client-options.js";
import { Code, codeOfFact, wordOf } from "./v2-codes.js";
import { blockOf, Flag, flagsOf, payloadOf, Type } from "./v2-packet.js";
import type { Accepted } from "./v2-request.js";

export interface V2GetClientOptions extends V2ClientOptions {
  /** With `resume`: what `etag` of the earlier client was. If the server has another, it starts anew without a look at the prefix. */
  readonly etag?: string | undefined;
}

/** `ready`: the part is open and nothing is being done with it. `finishing`: all is written, FIN is awaited. */
type Step = "opening" | "digesting" | "ready" | "emptying" | "receiving" | "finishing" | "committing";

export class V2GetClient extends V2Client {
  protected readonly operation = "get";
  readonly #key: string;
  #etag: string | undefined;
  #step: Step = "opening";
  #part: number | undefined;
  /** Bytes that the part holds before the first block, and their digest. */
  #held = 0;
  #prefix: Sha256;
  #accepted: Accepted | undefined;
  #blocks: PartBlocks | undefined;
  #acks: AckPackets | undefined;
  /** Blocks below this were asked for. */
  #asked = 0;
  /** What the last ACK had as next block. */
  #answered = 0;
  /** Whether there is something to tell with the next ACK: a block that was taken, or more room than the last one told of. */
  #owesAck = false;

  /** @throws TypeError or RangeError for an option out of its range */
  constructor(options: V2GetClientOptions) {
    super(options);
    this.#key = hex(this.session);
    this.#etag = options.resume === undefined ? undefined : options.etag;
    this.#prefix = options.platform.sha256();
  }

  get resumeKey(): string {
    return this.#key;
  }

  /** What the source was when the server accepted; to hand on with `resumeKey`. */
  get etag(): string | undefined {
    return this.#etag;
  }

  protected prepare(): void {
    const { localName: name, resume, overwrite } = this.options;
    const claim = resume === undefined ? {} : { claim: resume };
    this.#part = this.newId();
    this.out.push({ type: "open-part", id: this.#part, name, key: this.#key, ...claim, overwrite });
  }

  protected wanted(): Wanted {
    if (this.#held === 0) return {};
    return { offset: this.#held, prefixDigest: digestOf(this.#prefix), etag: this.#etag };
  }

  protected effectEnded(now: number, result: FileResult): void {
    switch (result.type) {
      case "effect-failed":
        return this.#failed(now, result);
      case "part-opened":
        return this.#opened(now, result.length);
      case "prefix-hashed":
        this.#prefix = result.sha256;
        this.#step = "ready";
        return this.request(now);
      case "part-truncated":
        return this.#begin(now);
      case "part-written":
        return this.#wrote(now);
      case "part-committed":
        return this.#committed(now);
    }
  }

  #opened(now: number, length: number): void {
    this.#held = length;
    if (length > 0) {
      this.#step = "digesting";
      this.out.push({ type: "hash-prefix", id: this.newId(), file: this.#part as number, length });
    } else {
      this.#step = "ready";
      this.request(now);
    }
  }

  #failed(now: number, result: Extract<FileResult, { readonly type: "effect-failed" }>): void {
    if (this.#step === "opening") this.#part = undefined;
    if (this.#step !== "committing") return this.diskFailed(now, result);
    const code = codeOfFact(result.fact);
    this.#answerFin(now, code);
    this.failLocally(code, result.message);
  }

  protected accepted(now: number, accepted: Accepted): string | undefined {
    const { offset, size, etag, blockBytes } = accepted;
    if (size === undefined || etag === undefined) return "the server does not say what the file is";
    if (offset !== 0 && offset !== this.#held) return "the server begins where it was not asked to";
    if (offset > size || this.isTooLong(blockCount(size, offset, blockBytes))) return "there are too many blocks";
    this.#accepted = accepted;
    this.#etag = etag;
    if (offset === this.#held) this.#begin(now);
    else {
      this.#held = 0;
      this.#prefix = this.options.platform.sha256();
      this.#step = "emptying";
      this.out.push({ type: "truncate-part", id: this.newId(), part: this.#part as number, length: 0 });
    }
    return undefined;
  }

  #begin(now: number): void {
    const { size = 0, blockBytes } = this.#accepted as Accepted;
    const { window } = this;
    this.began(this.#held);
    const range = { part: this.#part as number, size, offset: this.#held, blockBytes, window };
    this.#acks = new AckPackets(this.session, this.checksum);
    this.#blocks = new PartBlocks({ ...range, sha256: this.#prefix.copy() });
    this.#asked = 0;
    this.#answered = 0;
    this.progress(now);
    this.#step = this.#blocks.isWhole ? "finishing" : "receiving";
    this.#acknowledge(now, this.#blocks, false);
  }

  protected received(now: number, type: number, packet: Uint8Array): void {
    const blocks = this.#blocks;
    if (blocks === undefined) return;
    if (type === Type.DATA && this.#step === "receiving") this.#data(now, blocks, packet);
    else if (type === Type.FIN && this.#step === "finishing") this.#fin(now, blocks, packet);
  }

  #data(now: number, blocks: PartBlocks, packet: Uint8Array): void {
    const before = blocks.accepted;
    const isLast = (flagsOf(packet) & Flag.LAST) !== 0;
    const taken = blocks.take(blockOf(packet), isLast, payloadOf(packet));
    if (taken !== "next" && taken !== "kept") return;
    this.through++;
    this.congestion.acknowledged(blocks.accepted - before);
    this.progress(now);
    if (this.#asked > blocks.accepted + blocks.keptBlocks) this.awaitAnswer(now);
    else this.awaitNothing();
    if (taken === "kept") return;
    this.#owesAck = true;
    this.#askForMore(now, blocks);
    blocks.write(this.newId, this.out as FileEffect[]);
  }

  /**
   * Answers what was taken, where there is room for more: before it is written, so that the server is not kept waiting,
   * and when half a window or all that was asked for has come, so that it is not answered more often than need be.
   */
  #askForMore(now: number, blocks: PartBlocks): void {
    if (blocks.isWhole) return this.#acknowledge(now, blocks, false);
    const { accepted, count } = blocks;
    const most = this.congestion.blocks;
    const isDue = accepted >= this.#asked || 2 * (accepted - this.#answered) >= most;
    if (this.#owesAck && isDue && accepted < count && blocks.credit(most) > 0) this.#acknowledge(now, blocks, false);
  }

  #wrote(now: number): void {
    const blocks = this.#blocks;
    if (blocks === undefined) return;
    blocks.wrote();
    const { size = 0, blockBytes } = this.#accepted as Accepted;
    const bytes = Math.min(this.#held + blocks.written * blockBytes, size);
    this.out.push({ type: "progress", bytes, total: size });
    if (blocks.isWhole) this.#step = "finishing";
    this.#askForMore(now, blocks);
  }

  /** Asks for the blocks that the window has room for; for FIN when there are none left. */
  #acknowledge(now: number, blocks: PartBlocks, isRetry: boolean): void {
    const block = blocks.accepted;
    const credit = Math.min(blocks.credit(this.congestion.blocks), blocks.count - block);
    this.#asked = Math.max(this.#asked, block + credit);
    this.#answered = block;
    this.#owesAck = credit < Math.min(this.congestion.blocks, blocks.count - block);
    this.transmit((this.#acks as AckPackets).encode(this.transmissions.next(now), isRetry, block, credit, blocks.sack));
    this.awaitAnswer(now);
  }

  protected timedOut(now: number): void {
    if (this.#blocks === undefined) return;
    this.congestion.timedOut();
    this.#acknowledge(now, this.#blocks, true);
  }

  #fin(now: number, blocks: PartBlocks, packet: Uint8Array): void {
    const digest = payloadOf(packet);
    if (blockOf(packet) !== blocks.count || digest.length !== 32) return;
    this.progress(now);
    this.awaitNothing();
    if (!isSameDigest(digest, blocks.digest())) {
      this.#answerFin(now, Code.MISMATCH);
      return this.fail(wordOf(Code.MISMATCH), "what arrived is not what was sent: its SHA-256 differs", true);
    }
    this.#step = "committing";
    const { overwrite } = this.options;
    const modifiedMs = this.#accepted?.modifiedMs;
    const modified = modifiedMs === undefined ? {} : { modifiedMs };
    this.out.push({ type: "commit-part", id: this.newId(), part: this.#part as number, overwrite, ...modified });
  }

  #committed(now: number): void {
    this.#answerFin(now, Code.DONE);
    const blocks = this.#blocks as PartBlocks;
    this.succeed(blocks.acceptedBytes, blocks.digest());
  }

  #answerFin(now: number, code: number): void {
    this.send(now, { type: Type.FINACK, block: this.#blocks?.count ?? 0 }, uint(code, 1));
  }

  protected restarted(): void {
    const blocks = this.#blocks;
    if (blocks === undefined) return;
    this.#held = blocks.acceptedBytes;
    this.#prefix = blocks.prefix();
    this.#blocks = undefined;
    this.#step = "ready";
  }

  protected get isUncertain(): boolean {
    return false;
  }

  protected override get isCommitting(): boolean {
    return this.#step === "committing";
  }

  protected get pendingBlockBytes(): number {
    return this.#blocks?.lengthOf(this.#blocks.accepted) ?? 0;
  }

  protected release(isUseless: boolean): void {
    if (this.#part === undefined || this.#step === "committing") return; // a commit closes the part, whatever comes of it
    const isEmpty = this.#step !== "opening" && (this.#blocks?.acceptedBytes ?? this.#held) === 0;
    this.out.push({ type: isUseless || isEmpty ? "drop-part" : "close-part", part: this.#part });
  }

  protected stateText(): string {
    return `${this.#step},${this.#held},${this.#asked},${this.#answered}${this.#owesAck ? "o" : ""},${this.#etag ?? "-"},${this.#blocks?.fingerprint() ?? "-"}`;
  }
}
