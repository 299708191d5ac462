/** A PUT at a v2 server: writes, acknowledges, and commits once (docs/stopwait-udp.md, S37, S38, S47, S51). */

import type { FileEffect, FileResult, ServerOutput, Sha256 } from "./contract.js";
import { digestOf, isSameDigest } from "./digests.js";
import { hex } from "./hex.js";
import { PartBlocks } from "./part-blocks.js";
import { blockCount } from "./source-blocks.js";
import { uint } from "./tlv.js";
import { Code, codeOfFact, wordOf } from "./v2-codes.js";
import { blockOf, counterOf, Flag, flagsOf, MAX_BLOCKS, payloadOf, Type } from "./v2-packet.js";
import { V2Session } from "./v2-session.js";

type Step = "opening" | "shortening" | "digesting" | "receiving" | "committing";

const NOTHING = new Uint8Array();

export class V2PutSession extends V2Session {
  #step: Step = "opening";
  #part: number | undefined;
  /** Bytes of the part before block 0. */
  #offset = 0;
  #blocks: PartBlocks | undefined;
  /** The counter of DATA that was taken and is to be acknowledged when there is room for more. */
  #owed: number | undefined;
  /** DATA below this was acknowledged. */
  #acknowledged = 0;
  #finCounter = 0;
  /** A FIN that came before the last writes had ended. */
  #finDigest: Uint8Array | undefined;

  begin(out: ServerOutput[]): void {
    const { request, options } = this.start;
    const { name, size = 0, resume } = request;
    if (size > options.maxFileBytes || blockCount(size, 0, this.blockBytes) > MAX_BLOCKS) {
      return this.refuse(Code.TOO_LARGE, this.start.counter, out);
    }
    const claim = resume === undefined ? {} : { claim: hex(resume) };
    out.push({ type: "open-part", id: this.newId(), name, key: this.partKey, ...claim, overwrite: this.#overwrite });
  }

  get isBusy(): boolean {
    return this.#step !== "receiving";
  }

  protected effectEnded(result: FileResult, out: ServerOutput[]): void {
    switch (result.type) {
      case "effect-failed":
        return this.#failed(result, out);
      case "part-opened":
        return this.#opened(result.id, result.length, out);
      case "part-truncated":
        return this.#ready(out);
      case "prefix-hashed":
        return this.#accept(result.sha256, out);
      case "part-written":
        return this.#wrote(out);
      case "part-committed":
        return this.#answer(Code.DONE, "done", out);
    }
  }

  #opened(part: number, length: number, out: ServerOutput[]): void {
    this.#part = part;
    const { size = 0, offset = Number.POSITIVE_INFINITY } = this.start.request;
    this.#offset = length > size ? 0 : Math.min(length, offset);
    if (this.#offset === length) return this.#ready(out);
    this.#step = "shortening";
    out.push({ type: "truncate-part", id: this.newId(), part, length: this.#offset });
  }

  #ready(out: ServerOutput[]): void {
    if (this.#offset === 0) return this.#accept(undefined, out);
    this.#step = "digesting";
    this.wantsTurn = true;
  }

  digest(out: ServerOutput[]): void {
    out.push({ type: "hash-prefix", id: this.newId(), file: this.#part as number, length: this.#offset });
  }

  #accept(prefix: Sha256 | undefined, out: ServerOutput[]): void {
    const { request, options } = this.start;
    const { blockBytes, window } = this;
    const offset = this.#offset;
    const range = { part: this.#part as number, size: request.size ?? 0, offset, blockBytes, window };
    this.#blocks = new PartBlocks({ ...range, sha256: prefix ?? options.platform.sha256() });
    this.#step = "receiving";
    this.accept({ offset, prefixDigest: prefix === undefined ? undefined : digestOf(prefix) }, out);
  }

  packet(packet: Uint8Array, type: number, out: ServerOutput[]): void {
    if (this.#blocks === undefined) return;
    if (type === Type.DATA && this.#step === "receiving") this.#data(this.#blocks, packet, out);
    else if (type === Type.FIN) this.#fin(this.#blocks, packet, out);
  }

  #data(blocks: PartBlocks, packet: Uint8Array, out: ServerOutput[]): void {
    const isLast = (flagsOf(packet) & Flag.LAST) !== 0;
    const block = blockOf(packet);
    const taken = blocks.take(block, isLast, payloadOf(packet));
    if (taken === "next") {
      this.#owed = counterOf(packet);
      this.#acknowledgeOwed(blocks, out);
      blocks.write(this.newId, out as FileEffect[]);
    } else if (taken === "kept" || taken === "written" || block < this.#acknowledged) {
      this.#acknowledge(blocks, counterOf(packet), out);
    }
  }

  /** Answers what was taken, where there is room for more; before it is written, so that the client is not kept waiting. */
  #acknowledgeOwed(blocks: PartBlocks, out: ServerOutput[]): void {
    if (this.#owed === undefined) return;
    if (blocks.credit(this.window) > 0) this.#acknowledge(blocks, this.#owed, out);
  }

  #wrote(out: ServerOutput[]): void {
    const blocks = this.#blocks as PartBlocks;
    blocks.wrote();
    this.#acknowledgeOwed(blocks, out);
    if (blocks.isWhole && this.#finDigest !== undefined) this.#commit(blocks, this.#finDigest, out);
  }

  #acknowledge(blocks: PartBlocks, counter: number, out: ServerOutput[]): void {
    const { sack } = blocks;
    const credit = blocks.credit(this.window);
    if (credit > 0) this.#owed = undefined;
    this.#acknowledged = blocks.accepted;
    const flags = sack === 0 ? 0 : Flag.SACK;
    this.send(
      { type: Type.ACK, flags, block: blocks.accepted, counter, credit },
      sack === 0 ? NOTHING : uint(sack, 4),
      out,
    );
  }

  #fin(blocks: PartBlocks, packet: Uint8Array, out: ServerOutput[]): void {
    const digest = payloadOf(packet);
    if (blockOf(packet) !== blocks.count || digest.length !== 32 || blocks.accepted < blocks.count) return;
    if (this.#finDigest !== undefined) return this.error(Code.WAIT, counterOf(packet), out);
    this.#finCounter = counterOf(packet);
    this.#finDigest = digest;
    if (blocks.isWhole) this.#commit(blocks, digest, out);
  }

  #commit(blocks: PartBlocks, digest: Uint8Array, out: ServerOutput[]): void {
    const { request } = this.start;
    const expected = request.digest ?? digest;
    if (!isSameDigest(digest, blocks.digest()) || !isSameDigest(expected, digest)) {
      return this.#answer(Code.MISMATCH, "failed", out);
    }
    this.#step = "committing";
    const modified = request.modifiedMs === undefined ? {} : { modifiedMs: request.modifiedMs };
    const part = this.#part as number;
    out.push({ type: "commit-part", id: this.newId(), part, overwrite: this.#overwrite, ...modified });
  }

  #failed(result: Extract<FileResult, { readonly type: "effect-failed" }>, out: ServerOutput[]): void {
    if (this.#step === "committing") return this.#answer(codeOfFact(result.fact), "failed", out);
    this.diskFailed(result, this.#owed ?? this.start.counter, out);
  }

  #answer(code: number, outcome: "done" | "failed", out: ServerOutput[]): void {
    const blocks = this.#blocks as PartBlocks;
    this.send({ type: Type.FINACK, block: blocks.count, counter: this.#finCounter }, uint(code, 1), out);
    this.end(code, outcome, wordOf(code), out, code === Code.MISMATCH);
  }

  protected release(out: ServerOutput[], isUseless: boolean): void {
    if (this.#part === undefined || this.#step === "committing") return; // a commit closes the part, whatever comes of it
    const isEmpty = this.#blocks !== undefined && this.#blocks.acceptedBytes === 0;
    out.push({ type: isUseless || isEmpty ? "drop-part" : "close-part", part: this.#part });
  }

  protected get bytes(): number {
    return (this.#blocks?.acceptedBytes ?? this.#offset) - this.#offset;
  }

  protected stateText(): string {
    const blocks = this.#blocks?.fingerprint() ?? "-";
    return `${this.#step},${this.#offset},${this.#finCounter},${this.#finDigest === undefined},${this.#owed ?? "-"},${this.#acknowledged};${blocks}`;
  }

  get #overwrite(): boolean {
    return this.start.request.overwrite === true && this.start.options.overwrite;
  }
}
