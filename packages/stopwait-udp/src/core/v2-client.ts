/** What the two clients of v2 share: the handshake, the one timer, and how a transfer ends (docs/stopwait-udp.md, S39 to S43). */

import type { ClientOutput, FileResult, Outcome, TransferInput } from "./contract.js";
import { RemoteProtocolError } from "./errors.js";
import { bytesOf, hex } from "./hex.js";
import { RttEstimator } from "./rtt.js";
import { Transmissions } from "./transmissions.js";
import { crc32cOfPacket, type PacketChecksum, packetChecksum } from "./v2-checksum.js";
import { V2ClientClock, WAITS_FOR_PART, WAITS_FOR_WORK } from "./v2-client-clock.js";
import { type ResolvedV2ClientOptions, resolveV2ClientOptions, type V2ClientOptions } from "./v2-client-options.js";
import { Code, codeOfFact, wordOf } from "./v2-codes.js";
import {
  checksumOf,
  counterOf,
  encodePacket,
  Flag,
  HEADER_BYTES,
  type Header,
  isOfSession,
  isPacket,
  lengthOf,
  MAX_BLOCKS,
  MIN_REQUEST_BYTES,
  payloadOf,
  Type,
  typeOf,
  uint16At,
} from "./v2-packet.js";
import { type Accepted, decodeAccepted, encodeRequest, type Request } from "./v2-request.js";
import { CongestionWindow, datagramsIn } from "./window.js";

/** A server that answers every cookie with another challenge is not followed for ever (S43). */
const MAX_CHALLENGES = 4;
/** Sizes of blocks to step down to (S48). */
const SMALLER_BLOCKS: readonly number[] = [8_168, 1_376, 1_184, 524, 76];

/** What a transfer asks for beyond what every REQ holds. */
export type Wanted = Pick<Request, "size" | "modifiedMs" | "etag" | "digest" | "offset" | "prefixDigest" | "overwrite">;

/** What can be told of a transfer at any time, for statistics. */
export interface V2ClientStatistics {
  readonly rttSamples: number;
  readonly smoothedRttMs: number | undefined;
  readonly leastRttMs: number | undefined;
  /** Packets sent again, or asked for again, because nothing came in time. */
  readonly timeouts: number;
  readonly packetsSent: number;
  readonly blockBytes: number;
  readonly window: number;
}

type State = "new" | "preparing" | "requesting" | "running" | "finished";

export abstract class V2Client {
  protected readonly options: ResolvedV2ClientOptions;
  protected readonly rtt: RttEstimator;
  protected session: Uint8Array;
  protected transmissions: Transmissions = new Transmissions();
  protected congestion: CongestionWindow = new CongestionWindow(1);
  protected checksum: PacketChecksum = crc32cOfPacket;
  protected out: ClientOutput[] = [];
  /** Blocks that got through in this session. */
  protected through = 0;
  /** Of this session, as agreed; before that, as asked for. */
  protected blockBytes: number;
  protected window: number;
  #state: State = "new";
  #ids = 0;
  /** The session that this one goes on from. */
  #previous: Uint8Array | undefined;
  #cookie: Uint8Array | undefined;
  #challenges = 0;
  /** The last answer to REQ was that a live session holds the part. */
  #isHeld = false;
  #resumedAt: number | undefined;
  readonly #clock: V2ClientClock;
  #packets = 0;

  /** @throws TypeError or RangeError for an option out of its range */
  constructor(options: V2ClientOptions) {
    this.options = resolveV2ClientOptions(options);
    this.rtt = new RttEstimator(this.options);
    this.#clock = new V2ClientClock(this.options.giveUpMs);
    this.session = options.platform.randomBytes(8);
    this.#previous = this.options.resume === undefined ? undefined : bytesOf(this.options.resume);
    this.blockBytes = this.options.blockBytes;
    this.window = this.options.window;
  }

  /**
   * While the server still holds the session that this one goes on from, and is asked again: for how long at most, in
   * milliseconds (S43).
   */
  get waitsForMs(): number | undefined {
    return this.#isHeld ? WAITS_FOR_PART * this.options.giveUpMs : undefined;
  }

  /** How many bytes the first session began with; undefined until then. */
  get resumedAt(): number | undefined {
    return this.#resumedAt;
  }

  /** What to hand to a later client as `resume`, should this one not succeed. It changes: look after every `handle`. */
  abstract get resumeKey(): string;

  get statistics(): V2ClientStatistics {
    const { samples, smoothedMs, leastMs } = this.rtt;
    return {
      rttSamples: samples,
      smoothedRttMs: smoothedMs,
      leastRttMs: leastMs,
      timeouts: this.#clock.timeouts,
      packetsSent: this.#packets,
      blockBytes: this.blockBytes,
      window: this.window,
    };
  }

  handle(now: number, input: TransferInput): ClientOutput[] {
    if (this.#state === "finished") return [];
    this.out = [];
    if (input.type === "stop") this.#stop(now);
    else if (this.#state === "new") {
      if (input.type === "tick") {
        this.#state = "preparing";
        this.prepare();
      }
    } else if (input.type === "datagram") {
      const { host, port } = this.options.server;
      if (input.from.port === port && input.from.host === host) this.#packet(now, input.bytes);
    } else if (input.type === "tick") this.#tick(now);
    else this.effectEnded(now, input);
    return this.out;
  }

  nextDeadline(): number | undefined {
    return this.#state === "new" ? 0 : this.#clock.deadline;
  }

  /** Equal for machines that will behave alike; times are relative to `now`. */
  fingerprint(now: number): string {
    if (this.#state === "finished") return "finished";
    const handshake = `${this.#state},${this.#ids},${this.#challenges},${this.#isHeld},${this.#cookie?.join("") ?? "-"}`;
    const estimates = `${this.rtt.fingerprint()};${this.congestion.fingerprint()};${this.through}`;
    const flow = `${hex(this.session)};${this.transmissions.fingerprint(now)};${this.blockBytes}`;
    return `${handshake};${this.#clock.fingerprint(now)};${estimates};${flow};${this.stateText()}`;
  }

  /** Opens what must be open before the REQ, then calls `request`. */
  protected abstract prepare(): void;
  protected abstract wanted(): Wanted;
  protected abstract effectEnded(now: number, result: FileResult): void;
  /** The ACCEPT is one that a server may give to the REQ of this client. @returns what is wrong with it */
  protected abstract accepted(now: number, accepted: Accepted): string | undefined;
  protected abstract received(now: number, type: number, packet: Uint8Array): void;
  /** Nothing came in time, after the acceptance. */
  protected abstract timedOut(now: number): void;
  /** A new session begins. */
  protected abstract restarted(): void;
  /** Whether FIN of a PUT is out: what became of it only the server knows. */
  protected abstract get isUncertain(): boolean;
  /** Whether the file is being put in its place: that takes its course, whatever server and application want. */
  protected get isCommitting(): boolean {
    return false;
  }
  /** Bytes of the next block: what did not get through. */
  protected abstract get pendingBlockBytes(): number;
  /** Closes what is open. @param isUseless what was received is of no use to a later transfer */
  protected abstract release(isUseless: boolean): void;
  protected abstract stateText(): string;

  protected newId = (): number => ++this.#ids;

  /** Sends REQ, and begins to wait. */
  protected request(now: number): void {
    this.#state = "requesting";
    this.progress(now);
    this.#sendRequest(now, false);
  }

  #sendRequest(now: number, isRetry: boolean): void {
    const { remoteName: name, window, checksums, secret, platform } = this.options;
    const { operation, blockBytes } = this;
    const granted = { resume: this.#previous, cookie: this.#cookie };
    const request = { operation, name, blockBytes, window, checksums, ...this.wanted(), ...granted };
    const sign = secret === undefined ? undefined : (message: Uint8Array) => platform.hmacSha256(secret, message);
    this.send(now, { type: Type.REQ, flags: isRetry ? Flag.RETRY : 0 }, encodeRequest(request, this.session, sign));
  }

  protected abstract readonly operation: "get" | "put";

  /** REQ again, so that the server does not forget the session while this side is busy (S49). */
  protected keepAlive(now: number): void {
    this.#sendRequest(now, true);
  }

  /** Goes on in a new session with the same file: with smaller blocks, or from the start. */
  protected restart(now: number, blockBytes: number): void {
    this.#previous = this.session;
    this.session = this.options.platform.randomBytes(8);
    this.transmissions = new Transmissions();
    this.checksum = crc32cOfPacket;
    this.blockBytes = blockBytes;
    this.#cookie = undefined;
    this.#challenges = 0;
    this.#isHeld = false;
    this.#clock.restart();
    this.through = 0;
    this.#state = "requesting";
    this.restarted();
    this.#sendRequest(now, false);
  }

  /** Sends a packet that wants an answer, and waits for it. */
  protected send(now: number, header: Omit<Header, "counter">, payload: Uint8Array): void {
    const isRequest = header.type === Type.REQ;
    const counter = this.transmissions.next(now);
    const checksum = isRequest ? crc32cOfPacket : this.checksum;
    const least = isRequest ? MIN_REQUEST_BYTES : 0;
    this.transmit(encodePacket(this.session, { ...header, counter }, payload, checksum, least));
    this.awaitAnswer(now);
  }

  protected transmit(bytes: Uint8Array): void {
    this.#packets++;
    this.out.push({ type: "datagram", to: this.options.server, bytes });
  }

  protected awaitAnswer(now: number, forMs: number = this.rtt.timeoutMs): void {
    this.#clock.awaitAnswer(now, forMs);
  }

  /** The first block may go: that at this offset. */
  protected began(offset: number): void {
    this.#resumedAt ??= offset;
  }

  /** Nothing is awaited from the network. */
  protected awaitNothing(): void {
    this.#clock.awaitNothing();
  }

  protected progress(now: number): void {
    this.#clock.progress(now);
  }

  protected succeed(bytes: number, sha256: Uint8Array): void {
    this.#finish({ type: "success", bytes, sha256 });
  }

  protected fail(code: string, message: string, isUseless = false): void {
    this.release(isUseless);
    this.#finish({ type: "failed", code, message });
  }

  /** The own file, or the own disk. */
  protected failLocally(code: number, message: string): void {
    this.release(false);
    this.#finish({ type: "failed", code: wordOf(code), message, isLocal: true });
  }

  /** This side cannot go on: the server is told, once. */
  protected failHere(now: number, code: number, message: string, isUseless = false): void {
    if (this.#state === "running") this.#sendError(now, code);
    this.fail(wordOf(code), message, isUseless);
  }

  protected diskFailed(now: number, result: Extract<FileResult, { readonly type: "effect-failed" }>): void {
    const code = codeOfFact(result.fact);
    if (this.#state === "running") this.#sendError(now, code);
    this.failLocally(code, result.message);
  }

  protected unknown(message: string): void {
    this.release(false);
    this.#finish({ type: "unknown", message });
  }

  protected isTooLong(blocks: number): boolean {
    return blocks > MAX_BLOCKS;
  }

  #finish(outcome: Outcome): void {
    this.#state = "finished";
    this.#clock.awaitNothing();
    this.out.push({ type: "finished", outcome });
  }

  #stop(now: number): void {
    if (this.isCommitting) return;
    if (this.isUncertain) return this.unknown("stopped after the last packet, before its answer");
    this.failHere(now, Code.ABORTED, "stopped");
  }

  #sendError(now: number, code: number): void {
    const counter = this.transmissions.next(now);
    const payload = Uint8Array.of(code >> 8, code);
    this.transmit(encodePacket(this.session, { type: Type.ERR, counter }, payload, crc32cOfPacket));
  }

  #tick(now: number): void {
    const due = this.#clock.expire(now);
    if (due === undefined) return;
    if (due === "over") return this.#giveUp();
    this.rtt.backOff();
    if (this.#state === "requesting") return this.#sendRequest(now, true);
    const smaller = this.#smallerBlock();
    if (smaller === undefined) this.timedOut(now);
    else this.restart(now, smaller);
  }

  /** The size to go on with where full blocks do not get through at all (S48). */
  #smallerBlock(): number | undefined {
    if (this.through > 0 || this.#clock.timeoutsInARow < this.options.stepDownAfter) return undefined;
    return SMALLER_BLOCKS.find((size) => size < this.pendingBlockBytes);
  }

  #giveUp(): void {
    const seconds = this.options.giveUpMs / 1_000;
    if (this.isUncertain) return this.unknown(`the last packet was not answered within ${seconds} s`);
    if (this.#isHeld) return this.fail(wordOf(Code.HELD), "what is there already is held by a session that is live");
    this.fail("timeout", `no progress within ${seconds} s`);
  }

  #packet(now: number, packet: Uint8Array): void {
    if (!isPacket(packet) || !isOfSession(packet, this.session)) return;
    const type = typeOf(packet);
    const isNegotiated = type === Type.DATA || type === Type.ACK || type === Type.FIN || type === Type.FINACK;
    if (isNegotiated && this.#state !== "running") return;
    const checksum = isNegotiated ? this.checksum : crc32cOfPacket;
    if (checksum(packet, lengthOf(packet)) !== checksumOf(packet)) return;
    const counter = counterOf(packet);
    const roundTrip = this.transmissions.answered(now, counter);
    if (roundTrip !== undefined) this.rtt.sample(roundTrip);
    if (isNegotiated) return this.received(now, type, packet);
    if (type === Type.ERR) return this.#error(now, payloadOf(packet));
    if (this.#state !== "requesting") return;
    if (type === Type.CHALLENGE && counter === this.transmissions.last) this.#challenge(now, payloadOf(packet));
    else if (type === Type.ACCEPT) this.#accept(now, payloadOf(packet));
  }

  #challenge(now: number, cookie: Uint8Array): void {
    if (cookie.length === 0 || cookie.length > 64) return;
    if (++this.#challenges > MAX_CHALLENGES) return this.fail("protocol", "the server takes none of its own cookies");
    this.#cookie = cookie.slice();
    this.progress(now);
    this.#sendRequest(now, false);
  }

  #accept(now: number, payload: Uint8Array): void {
    let accepted: Accepted;
    try {
      accepted = decodeAccepted(payload);
    } catch (error) {
      if (error instanceof RemoteProtocolError) return this.fail("protocol", error.message);
      throw error;
    }
    const { checksums, window, platform, receiveBufferBytes } = this.options;
    if (accepted.blockBytes > this.blockBytes || accepted.window > window || !checksums.includes(accepted.checksum)) {
      return this.fail("protocol", "the server granted what was not asked for");
    }
    this.#state = "running";
    this.blockBytes = accepted.blockBytes;
    this.window = Math.min(accepted.window, datagramsIn(receiveBufferBytes, HEADER_BYTES + accepted.blockBytes));
    this.checksum = packetChecksum(accepted.checksum, platform);
    this.congestion = new CongestionWindow(this.window);
    this.progress(now);
    this.awaitNothing();
    const fault = this.accepted(now, accepted);
    if (fault !== undefined) this.fail("protocol", fault);
  }

  #error(now: number, payload: Uint8Array): void {
    if (this.isCommitting) return;
    const code = payload.length < 2 ? Code.NO_SESSION : uint16At(payload, 0);
    if (code === Code.WAIT) {
      if (this.#state === "requesting" || this.isUncertain) this.#clock.wait(now, WAITS_FOR_WORK);
      return;
    }
    this.#isHeld = code === Code.HELD && this.#state === "requesting";
    if (this.#isHeld) return this.#clock.wait(now, WAITS_FOR_PART);
    if (code === Code.NO_SESSION && this.isUncertain) {
      return this.unknown("the server does not know the session any more; it may have taken the file before");
    }
    const text = new TextDecoder().decode(payload.subarray(2));
    this.fail(wordOf(code), `the server says: ${text === "" ? wordOf(code) : text}`, code === Code.CHANGED);
  }
}
