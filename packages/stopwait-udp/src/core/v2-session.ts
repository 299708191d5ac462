/** What the two kinds of sessions of a v2 server share: the acceptance, and how they end (docs/stopwait-udp.md, S37, S44). */

import type { Address, FileResult, ServerOutput } from "./contract.js";
import { hex } from "./hex.js";
import { type Checksum, crc32cOfPacket, type PacketChecksum, packetChecksum } from "./v2-checksum.js";
import { Code, codeOfFact, refusalText, wordOf } from "./v2-codes.js";
import { encodePacket, HEADER_BYTES, type Header, isOfSession, Type } from "./v2-packet.js";
import { type Accepted, encodeAccepted, type Request } from "./v2-request.js";
import type { ResolvedV2ServerOptions } from "./v2-server-options.js";
import { datagramsIn } from "./window.js";

export interface V2SessionStart {
  readonly peer: Address;
  /** 8 bytes. */
  readonly session: Uint8Array;
  /** What tells it from all others. */
  readonly key: string;
  readonly request: Request;
  readonly checksum: Checksum;
  /** Of the REQ. */
  readonly counter: number;
  readonly options: ResolvedV2ServerOptions;
  readonly newId: () => number;
}

/** How a session ended. */
export interface V2End {
  readonly code: number;
  /** Whether it was accepted: then it leaves a tombstone. */
  readonly wasAccepted: boolean;
}

type Served = Extract<ServerOutput, { readonly type: "served" }>;

export abstract class V2Session {
  readonly key: string;
  readonly peer: Address;
  readonly operation: "get" | "put";
  readonly checksum: PacketChecksum;
  /** The session id in hexadecimal digits: the key of a part. */
  readonly partKey: string;
  /** When the last packet of it came. */
  heardAt: number;
  ended: V2End | undefined;
  /** Whether it waits for its turn to digest a prefix. */
  wantsTurn = false;
  /** Whether its turn has come, and is not over. */
  hasTurn = false;
  protected readonly start: V2SessionStart;
  protected readonly newId: () => number;
  #acceptance: { readonly payload: Uint8Array; readonly window: number } | undefined;

  constructor(start: V2SessionStart, now: number) {
    this.start = start;
    this.key = start.key;
    this.peer = start.peer;
    this.operation = start.request.operation;
    this.checksum = packetChecksum(start.checksum, start.options.platform);
    this.partKey = hex(start.session);
    this.newId = start.newId;
    this.heardAt = now;
  }

  /** Opens the file. */
  abstract begin(out: ServerOutput[]): void;
  /** The turn to digest has come. */
  abstract digest(out: ServerOutput[]): void;
  /** A packet of this session, its checksum right: DATA, ACK, FIN or FINACK. */
  abstract packet(packet: Uint8Array, type: number, out: ServerOutput[]): void;
  /** Whether it is in the hands of the disk: then it is neither forgotten nor replaced. */
  abstract get isBusy(): boolean;
  protected abstract effectEnded(result: FileResult, out: ServerOutput[]): void;
  /** Closes what is open. */
  protected abstract release(out: ServerOutput[], isUseless: boolean): void;
  protected abstract get bytes(): number;
  protected abstract stateText(): string;

  /** Whether a packet belongs to it (S40). */
  owns({ host, port }: Address, packet: Uint8Array): boolean {
    return port === this.peer.port && isOfSession(packet, this.start.session) && host === this.peer.host;
  }

  get isAccepted(): boolean {
    return this.#acceptance !== undefined;
  }

  /** The same REQ again: the same answer (S49). */
  repeat(counter: number, out: ServerOutput[]): void {
    if (this.#acceptance === undefined) this.error(Code.WAIT, counter, out);
    else this.#sendAcceptance(this.#acceptance, counter, out);
  }

  result(result: FileResult, out: ServerOutput[]): void {
    if (result.type === "prefix-hashed" || result.type === "effect-failed") this.hasTurn = false;
    if (this.ended === undefined) this.effectEnded(result, out);
    else if (result.type === "source-opened") out.push({ type: "close-source", source: result.id });
    else if (result.type === "part-opened") {
      out.push({ type: result.length > 0 ? "close-part" : "drop-part", part: result.id });
    }
  }

  /** The client gave it up (S52). */
  aborted(code: number, out: ServerOutput[]): void {
    if (this.isBusy && this.isAccepted) return; // a commit takes its course
    this.end(Code.ABORTED, "failed", wordOf(code), out, code === Code.CHANGED);
  }

  /** Nothing came for too long, or another session takes its place, or the server stops. */
  forget(why: "silence" | "resumed" | "stopped", out: ServerOutput[]): void {
    this.end(Code.GONE, "abandoned", why === "silence" ? this.silence : why, out);
  }

  protected get silence(): string {
    return "silence";
  }

  fingerprint(now: number): string {
    const turn = this.wantsTurn ? "w" : this.hasTurn ? "h" : "";
    const acceptance = this.#acceptance === undefined ? "-" : hex(this.#acceptance.payload);
    return `${this.key},${this.operation},${now - this.heardAt},${turn},${acceptance},${this.ended?.code ?? "-"};${this.stateText()}`;
  }

  /** What is granted of what was asked for. */
  protected get blockBytes(): number {
    return Math.min(this.start.request.blockBytes, this.start.options.maxBlockBytes);
  }

  protected get window(): number {
    const { request, options } = this.start;
    const most = Math.min(request.window, options.maxWindow);
    if (request.operation === "get") return most; // the client's buffer receives
    return Math.min(most, datagramsIn(options.receiveBufferBytes, HEADER_BYTES + this.blockBytes));
  }

  protected accept(accepted: Omit<Accepted, "blockBytes" | "window" | "checksum">, out: ServerOutput[]): void {
    const { blockBytes, window } = this;
    const { checksum, counter } = this.start;
    this.#acceptance = { payload: encodeAccepted({ blockBytes, window, checksum, ...accepted }), window };
    this.#sendAcceptance(this.#acceptance, counter, out);
  }

  #sendAcceptance(
    { payload, window }: { payload: Uint8Array; window: number },
    counter: number,
    out: ServerOutput[],
  ): void {
    this.#send({ type: Type.ACCEPT, counter, credit: window }, payload, crc32cOfPacket, out);
  }

  protected send(header: Header, payload: Uint8Array, out: ServerOutput[]): void {
    this.#send(header, payload, this.checksum, out);
  }

  protected error(code: number, counter: number, out: ServerOutput[], text = ""): void {
    const payload = new Uint8Array([code >> 8, code, ...new TextEncoder().encode(text)]);
    this.#send({ type: Type.ERR, counter }, payload, crc32cOfPacket, out);
  }

  #send(header: Header, payload: Uint8Array, checksum: PacketChecksum, out: ServerOutput[]): void {
    out.push({ type: "datagram", to: this.peer, bytes: encodePacket(this.start.session, header, payload, checksum) });
  }

  /** Tells the client that it cannot go on, and ends. */
  protected refuse(code: number, counter: number, out: ServerOutput[], isUseless = false): void {
    const text = this.isAccepted ? "" : refusalText(code, this.start.request, this.start.options.overwrite);
    this.error(code, counter, out, text);
    this.end(code, this.isAccepted ? "failed" : "refused", wordOf(code), out, isUseless);
  }

  protected diskFailed(
    result: Extract<FileResult, { readonly type: "effect-failed" }>,
    counter: number,
    out: ServerOutput[],
  ): void {
    this.refuse(codeOfFact(result.fact), counter, out);
  }

  protected end(code: number, outcome: Served["outcome"], word: string, out: ServerOutput[], isUseless = false): void {
    this.release(out, isUseless);
    this.ended = { code, wasAccepted: this.isAccepted };
    this.wantsTurn = false;
    const { peer, operation, bytes } = this;
    const { name } = this.start.request;
    out.push({ type: "served", peer, version: 2, operation, name, bytes, outcome, code: word });
  }
}
