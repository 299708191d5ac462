/** The client of a v2 PUT: sends blocks as acknowledgements allow, then the digest (docs/stopwait-udp.md, S37 to S39, S47, S50). */

import type { FileResult, Sha256 } from "./contract.js";
import { DataPackets } from "./data-packets.js";
import { digestOf, isSameDigest } from "./digests.js";
import { hex } from "./hex.js";
import { SendWindow } from "./send-window.js";
import { blockCount, SourceBlocks } from "./source-blocks.js";
import { V2Client, type Wanted } from "./v2-client.js";
import type { V2ClientOptions } from "./v2-client-options.js";
import { Code, wordOf } from "./v2-codes.js";
import { blockOf, creditOf, Flag, payloadOf, sackOf, Type } from "./v2-packet.js";
import type { Accepted } from "./v2-request.js";

export interface V2PutClientOptions extends V2ClientOptions {
  /** SHA-256 of the whole file, where it is known already: a source that has become another one is then refused at the end. */
  readonly digest?: Uint8Array | undefined;
}

/** `asking`: for acceptance. `digesting`: what the server holds already. `checking`: whether the source is still the same. */
type Step = "opening" | "asking" | "digesting" | "sending" | "checking" | "finishing";

/** What sends the blocks of one session. */
interface Flow {
  readonly blocks: SourceBlocks;
  readonly window: SendWindow;
  readonly packets: DataPackets;
}

/** How often a session is kept alive while this side digests (S49). */
const KEEP_ALIVE_MS = 5_000;

export class V2PutClient extends V2Client {
  protected readonly operation = "put";
  readonly #digest: Uint8Array | undefined;
  #step: Step = "opening";
  #resumeKey: string;
  #source: number | undefined;
  #size = 0;
  #modifiedMs: number | undefined;
  /** Set when the server's part is not a prefix of the source: it shall begin anew. */
  #fromStart = false;
  #accepted: Accepted | undefined;
  #flow: Flow | undefined;

  /** @throws TypeError or RangeError for an option out of its range */
  constructor(options: V2PutClientOptions) {
    super(options);
    const { digest } = options;
    if (digest !== undefined && digest.length !== 32) {
      throw new RangeError(`digest has ${digest.length} bytes, but must have 32`);
    }
    this.#digest = digest;
    this.#resumeKey = options.resume ?? hex(this.session);
  }

  get resumeKey(): string {
    return this.#resumeKey;
  }

  protected prepare(): void {
    this.#source = this.newId();
    this.out.push({ type: "open-source", id: this.#source, name: this.options.localName });
  }

  protected wanted(): Wanted {
    return {
      size: this.#size,
      modifiedMs: this.#modifiedMs,
      digest: this.#digest,
      overwrite: this.options.overwrite,
      offset: this.#fromStart ? 0 : undefined,
    };
  }

  protected effectEnded(now: number, result: FileResult): void {
    switch (result.type) {
      case "effect-failed":
        if (this.#step === "opening") this.#source = undefined;
        return this.diskFailed(now, result);
      case "source-opened":
        return this.#opened(now, result.size, result.modifiedMs);
      case "prefix-hashed":
        return this.#hashed(now, result.sha256);
      case "source-read":
        this.#flow?.blocks.loaded(result.id, result.bytes);
        this.#pump(now);
        return this.#makeAhead();
      case "source-same":
        this.#step = "finishing";
        this.progress(now);
        return this.#fin(now, 0);
    }
  }

  #opened(now: number, size: number, modifiedMs: number): void {
    this.#size = size;
    this.#modifiedMs = Math.max(0, Math.floor(modifiedMs));
    if (this.isTooLong(blockCount(size, 0, this.blockBytes))) {
      return this.failHere(now, Code.TOO_LARGE, `${size} bytes need more blocks than there are numbers`);
    }
    this.#step = "asking";
    this.request(now);
  }

  protected accepted(now: number, accepted: Accepted): string | undefined {
    const { offset, prefixDigest, blockBytes } = accepted;
    if (offset > this.#size || (offset > 0 && (this.#fromStart || prefixDigest === undefined))) {
      return "the server begins where it was not asked to";
    }
    if (this.isTooLong(blockCount(this.#size, offset, blockBytes))) return "there are too many blocks";
    this.#accepted = accepted;
    this.#resumeKey = hex(this.session);
    if (offset === 0) this.#begin(now, this.options.platform.sha256());
    else {
      this.#step = "digesting";
      this.out.push({ type: "hash-prefix", id: this.newId(), file: this.#source as number, length: offset });
      this.awaitAnswer(now, KEEP_ALIVE_MS);
    }
    return undefined;
  }

  #hashed(now: number, sha256: Sha256): void {
    if (isSameDigest(this.#accepted?.prefixDigest, digestOf(sha256))) return this.#begin(now, sha256);
    this.#fromStart = true;
    this.#step = "asking";
    this.restart(now, this.blockBytes);
  }

  #begin(now: number, sha256: Sha256): void {
    const { offset, blockBytes } = this.#accepted as Accepted;
    const { window, session, checksum } = this;
    this.began(offset);
    const source = this.#source as number;
    const blocks = new SourceBlocks({ source, size: this.#size, offset, blockBytes, sha256 });
    const sending = new SendWindow(blocks.count);
    sending.limit = window;
    this.#flow = { blocks, window: sending, packets: new DataPackets(session, blockBytes, window, checksum) };
    this.#step = "sending";
    this.progress(now);
    this.#pump(now);
  }

  /** Sends what may be sent and is there; asks for more of the source; goes on when everything is acknowledged. */
  #pump(now: number): void {
    if (this.#flow === undefined || this.#step !== "sending") return;
    const { blocks, window, packets } = this.#flow;
    if (window.isDone) return this.#check();
    let block = window.next();
    while (block !== undefined && window.underWay < this.congestion.blocks && blocks.isLoaded(block)) {
      this.transmit(packets.encode(blocks, block, this.transmissions.next(now), window.isRetry));
      window.sent();
      this.awaitAnswer(now);
      block = window.next();
    }
    if (window.underWay === 0) {
      if (block === undefined)
        this.awaitAnswer(now); // no credit: asked again by a block beyond it
      else this.awaitNothing(); // the disk is awaited
    }
    const read = blocks.readAhead(Math.min(window.limit, blocks.count), this.newId);
    if (read !== undefined) this.out.push(read);
  }

  /** The next block, with the counter of the next packet. */
  #makeAhead(): void {
    if (this.#flow === undefined || this.#step !== "sending") return;
    const { blocks, window, packets } = this.#flow;
    packets.makeAhead(blocks, window.fresh, (this.transmissions.last + 1) & 0xffff);
  }

  #check(): void {
    this.#step = "checking";
    this.awaitNothing();
    this.out.push({ type: "check-source", id: this.newId(), source: this.#source as number });
  }

  #fin(now: number, flags: number): void {
    const { blocks } = this.#flow as Flow;
    this.send(now, { type: Type.FIN, flags, block: blocks.count }, blocks.digest());
  }

  protected received(now: number, type: number, packet: Uint8Array): void {
    if (type === Type.ACK && this.#step === "sending") this.#acknowledged(now, packet);
    else if (type === Type.FINACK && this.#step === "finishing") this.#answered(packet);
  }

  #acknowledged(now: number, packet: Uint8Array): void {
    const { blocks, window } = this.#flow as Flow;
    const next = blockOf(packet);
    const acknowledged = window.acknowledge(next, sackOf(packet));
    if (acknowledged === undefined) return;
    window.limit = Math.max(window.limit, next + creditOf(packet));
    if (acknowledged > 0) {
      this.through += acknowledged;
      this.congestion.acknowledged(acknowledged);
      blocks.release(next);
      this.progress(now);
      this.awaitAnswer(now);
      const { blockBytes, offset } = this.#accepted as Accepted;
      this.out.push({ type: "progress", bytes: Math.min(offset + next * blockBytes, this.#size), total: this.#size });
    }
    this.#pump(now);
  }

  #answered(packet: Uint8Array): void {
    const { blocks } = this.#flow as Flow;
    const [code] = payloadOf(packet);
    if (code === undefined || blockOf(packet) !== blocks.count) return;
    if (code !== Code.DONE) return this.fail(wordOf(code), `the server did not keep the file: ${wordOf(code)}`);
    this.release();
    this.succeed(this.#size, blocks.digest());
  }

  protected timedOut(now: number): void {
    if (this.#step === "finishing") return this.#fin(now, Flag.RETRY);
    if (this.#step === "digesting") {
      this.progress(now); // of the own disk
      this.keepAlive(now);
      return this.awaitAnswer(now, KEEP_ALIVE_MS);
    }
    if (this.#flow === undefined) return;
    const { window } = this.#flow;
    this.congestion.timedOut();
    window.rewind();
    window.limit = Math.max(window.limit, window.base + 1);
    this.#pump(now);
  }

  protected restarted(): void {
    this.#step = "asking";
    this.#flow = undefined;
  }

  protected get isUncertain(): boolean {
    return this.#step === "finishing";
  }

  protected get pendingBlockBytes(): number {
    if (this.#flow === undefined) return 0;
    const { blockBytes, offset } = this.#accepted as Accepted;
    return Math.min(blockBytes, this.#size - offset - this.#flow.window.base * blockBytes);
  }

  protected release(): void {
    if (this.#source !== undefined) this.out.push({ type: "close-source", source: this.#source });
  }

  protected stateText(): string {
    const flow =
      this.#flow === undefined ? "-" : `${this.#flow.blocks.fingerprint()};${this.#flow.window.fingerprint()}`;
    return `${this.#step},${this.#size},${this.#accepted?.offset ?? "-"},${this.#fromStart},${this.#resumeKey};${flow}`;
  }
}
