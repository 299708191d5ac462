/** The server of v2: which packet belongs to which session, who is let in, and what is forgotten when (docs/stopwait-udp.md, S40 to S49). */

import type { Address, FileResult, ServerOutput, TransferInput } from "./contract.js";
import { Cookies } from "./cookie.js";
import { ifWellFormed, LocalProtocolError } from "./errors.js";
import { hex } from "./hex.js";
import { uint } from "./tlv.js";
import { type Tombstone, Tombstones } from "./tombstones.js";
import { admit } from "./v2-admission.js";
import { type Checksum, crc32cOfPacket } from "./v2-checksum.js";
import { Code, refusalText, wordOf } from "./v2-codes.js";
import { V2GetSession } from "./v2-get-session.js";
import {
  blockOf,
  checksumOf,
  counterOf,
  encodePacket,
  isPacket,
  lengthOf,
  MIN_REQUEST_BYTES,
  payloadOf,
  sessionKey,
  sessionOf,
  Type,
  typeOf,
  uint16At,
} from "./v2-packet.js";
import { V2PutSession } from "./v2-put-session.js";
import { decodeRequest, type Request } from "./v2-request.js";
import { type ResolvedV2ServerOptions, resolveV2ServerOptions, type V2ServerOptions } from "./v2-server-options.js";
import type { V2Session } from "./v2-session.js";

/** Why packets were dropped, counted. */
export interface V2Drops {
  /** No packet of v2, or one with a wrong checksum. */
  malformed: number;
  /** Of no session, and not answered either. */
  unexpected: number;
}

const NOTHING = new Uint8Array();

export class V2Server {
  readonly drops: V2Drops = { malformed: 0, unexpected: 0 };
  readonly #options: ResolvedV2ServerOptions;
  readonly #cookies: Cookies;
  readonly #sessions = new Map<string, V2Session>();
  readonly #tombstones: Tombstones;
  /** Whose packet came last: often the next one is of the same session, and need not be looked up. */
  #heard: V2Session | undefined;
  /** PUTs under way by the key of their part, whatever their address. */
  readonly #parts = new Map<string, V2Session>();
  /** Who waits for an effect. */
  readonly #effects = new Map<number, V2Session>();
  /** Who waits for a turn to digest, in the order of their coming. */
  readonly #turns = new Set<V2Session>();
  #hashing = 0;
  /** No session is forgotten before this; found anew when it has come, so that a packet need not move it. */
  #idleAt: number | undefined;
  #isStopped = false;

  /** @throws TypeError or RangeError for an option out of its range */
  constructor(options: V2ServerOptions) {
    this.#options = resolveV2ServerOptions(options);
    this.#cookies = new Cookies(options.platform, this.#options.cookieMs);
    this.#tombstones = new Tombstones(this.#options.tombstoneMs);
  }

  /** Transfers under way. */
  get liveSessions(): number {
    return this.#sessions.size;
  }

  /** Transfers that have ended and are remembered. */
  get memories(): number {
    return this.#tombstones.size;
  }

  /** Prefixes that are being digested. */
  get hashing(): number {
    return this.#hashing;
  }

  /** Whether the result of the effect belongs to this machine. */
  awaits(id: number): boolean {
    return this.#effects.has(id);
  }

  /** @throws LocalProtocolError `UNKNOWN_EFFECT` for the result of an effect that was not asked for, or came before */
  handle(now: number, input: TransferInput): ServerOutput[] {
    const out: ServerOutput[] = [];
    if (this.#isStopped) {
      if ("id" in input) this.#effects.get(input.id)?.result(input, out); // what was opened late is closed
      return out;
    }
    if (input.type === "datagram") this.#datagram(now, input.from, input.bytes, out);
    else if (input.type === "stop") this.#stop(out);
    else if (input.type !== "tick") this.#result(now, input, out);
    const deadline = this.nextDeadline();
    if (deadline !== undefined && now >= deadline) this.#forget(now, out);
    return out;
  }

  nextDeadline(): number | undefined {
    const tombstone = this.#tombstones.deadline;
    if (tombstone === undefined || this.#idleAt === undefined) return tombstone ?? this.#idleAt;
    return Math.min(tombstone, this.#idleAt);
  }

  /** Equal for servers that will behave alike, but for counters; times are relative to `now`. */
  fingerprint(now: number): string {
    const sessions = [...this.#sessions.values()].map((session) => session.fingerprint(now)).sort();
    const turns = [...this.#turns].map(({ key }) => key);
    const effects = [...this.#effects].map(([id, { key }]) => `${id}:${key}`);
    const idle = this.#idleAt === undefined ? "-" : this.#idleAt - now;
    const rest = [turns, effects, this.#hashing, this.#isStopped, idle].join("|");
    return [...sessions, this.#tombstones.fingerprint(now), this.#cookies.fingerprint(now), rest].join("\n");
  }

  #datagram(now: number, from: Address, packet: Uint8Array, out: ServerOutput[]): void {
    if (!isPacket(packet)) return this.#drop("malformed");
    const type = typeOf(packet);
    const heard = this.#heard?.ended === undefined && this.#heard?.owns(from, packet) ? this.#heard : undefined;
    const key = heard?.key ?? `${sessionKey(packet)} ${from.port} ${from.host}`;
    if (type === Type.REQ) return this.#request(now, from, key, packet, out);
    const session = heard ?? this.#sessions.get(key);
    this.#heard = session;
    if (type === Type.ERR) {
      if (session === undefined || !isIntact(packet, crc32cOfPacket)) return this.#drop("unexpected");
      const payload = payloadOf(packet);
      return this.#settle(now, session, out, () => session.aborted(payload.length < 2 ? 0 : uint16At(payload, 0), out));
    }
    const isFromClient = type === Type.DATA || type === Type.ACK || type === Type.FIN || type === Type.FINACK;
    if (!isFromClient) return this.#drop("unexpected");
    if (session !== undefined) {
      if (!isIntact(packet, session.checksum)) return this.#drop("malformed");
      session.heardAt = now;
      return this.#settle(now, session, out, () => session.packet(packet, type, out));
    }
    const tombstone = this.#tombstones.get(key);
    if (type === Type.FINACK) return this.#drop("unexpected");
    if (tombstone !== undefined) return this.#answerLate(from, tombstone, packet, type, out);
    this.#reply(from, packet, Type.ERR, NOTHING, out);
  }

  /** A packet of a session that has ended (S44). */
  #answerLate(from: Address, tombstone: Tombstone, packet: Uint8Array, type: number, out: ServerOutput[]): void {
    const { operation, code, checksum } = tombstone;
    if (!isIntact(packet, checksum)) return this.#drop("malformed");
    if (type === Type.FIN && operation === "put") {
      const header = { type: Type.FINACK, block: blockOf(packet), counter: counterOf(packet) };
      out.push({ type: "datagram", to: from, bytes: encodePacket(sessionOf(packet), header, uint(code, 1), checksum) });
    } else if (code !== Code.DONE) this.#reply(from, packet, Type.ERR, uint(code, 2), out);
    else this.#drop("unexpected");
  }

  #request(now: number, from: Address, key: string, packet: Uint8Array, out: ServerOutput[]): void {
    if (packet.length < MIN_REQUEST_BYTES || !isIntact(packet, crc32cOfPacket)) return this.#drop("malformed");
    const session = this.#sessions.get(key);
    if (session !== undefined) {
      session.heardAt = now;
      return session.repeat(counterOf(packet), out);
    }
    if (this.#tombstones.get(key) !== undefined) return this.#drop("unexpected");
    const request = ifWellFormed(() => decodeRequest(payloadOf(packet)));
    if (request === undefined) return this.#refuse(from, packet, Code.BAD_REQUEST, "", out);
    const id = sessionOf(packet);
    const isTrusted = this.#options.trusts(from.host);
    if (!isTrusted && (request.cookie === undefined || !this.#cookies.isValid(now, from, id, request.cookie))) {
      return this.#reply(from, packet, Type.CHALLENGE, this.#cookies.issue(now, from, id), out);
    }
    const admitted = admit({ packet, request, isTrusted }, this.#options);
    if ("refused" in admitted) return this.#turnAway(from, packet, request, admitted, out);
    const code = this.#makeRoom(now, from, key, id, request, out);
    if (code !== undefined) return this.#turnAway(from, packet, request, { refused: code }, out);
    this.#open(now, from, key, packet, request, admitted.checksum, out);
  }

  /** @returns why there is no place for a session; undefined where there is */
  #makeRoom(
    now: number,
    from: Address,
    key: string,
    id: Uint8Array,
    request: Request,
    out: ServerOutput[],
  ): number | undefined {
    const { maxSessions, maxTombstones } = this.#options;
    if (this.#sessions.size >= maxSessions) return Code.BUSY;
    if (this.#sessions.size + this.#tombstones.size >= maxTombstones) return Code.BUSY;
    if (request.operation === "put" && this.#parts.has(hex(id))) return Code.HELD; // from another address
    return request.resume === undefined ? undefined : this.#take(now, from, key, request, request.resume, out);
  }

  /** Ends the session that this one goes on from, where it is live and the same client's (S47). */
  #take(
    now: number,
    from: Address,
    key: string,
    request: Request,
    resume: Uint8Array,
    out: ServerOutput[],
  ): number | undefined {
    const holder =
      request.operation === "put"
        ? this.#parts.get(hex(resume))
        : this.#sessions.get(`${sessionKey(placed(resume))} ${from.port} ${from.host}`);
    if (holder === undefined || holder.key === key) return undefined;
    if (holder.peer.host !== from.host || holder.peer.port !== from.port) return Code.HELD;
    if (holder.operation !== request.operation) return Code.HELD;
    if (holder.isBusy) return Code.WAIT;
    this.#settle(now, holder, out, () => holder.forget("resumed", out));
    return undefined;
  }

  #open(
    now: number,
    peer: Address,
    key: string,
    packet: Uint8Array,
    request: Request,
    checksum: Checksum,
    out: ServerOutput[],
  ): void {
    const options = this.#options;
    const newId = (): number => {
      const id = options.newId();
      this.#effects.set(id, session);
      return id;
    };
    const counter = counterOf(packet);
    const start = { peer, session: sessionOf(packet), key, request, checksum, counter, options, newId };
    const session: V2Session =
      request.operation === "get" ? new V2GetSession(start, now) : new V2PutSession(start, now);
    this.#sessions.set(key, session);
    if (request.operation === "put") this.#parts.set(session.partKey, session);
    this.#idleAt ??= now + options.idleMs;
    this.#settle(now, session, out, () => session.begin(out));
  }

  #result(now: number, result: FileResult, out: ServerOutput[]): void {
    const session = this.#effects.get(result.id);
    if (session === undefined) {
      throw new LocalProtocolError("UNKNOWN_EFFECT", `nobody waits for effect ${result.id}`);
    }
    this.#effects.delete(result.id);
    const hadTurn = session.hasTurn;
    const act = (): void => session.result(result, out);
    if (session.ended === undefined) this.#settle(now, session, out, act);
    else act();
    if (hadTurn && !session.hasTurn) {
      this.#hashing--;
      this.#giveTurns(out);
    }
  }

  /** Lets a session act, and keeps the books about it. */
  #settle(now: number, session: V2Session, out: ServerOutput[], act: () => void): void {
    act();
    if (session.wantsTurn) {
      session.wantsTurn = false;
      this.#turns.add(session);
      this.#giveTurns(out);
    }
    if (session.ended === undefined) return;
    const { key, operation, checksum, partKey, ended } = session;
    this.#turns.delete(session); // or those that are given up at once would pile up behind a long digest
    this.#sessions.delete(key);
    if (this.#sessions.size === 0) this.#idleAt = undefined;
    if (this.#parts.get(partKey) === session) this.#parts.delete(partKey);
    if (ended.wasAccepted) this.#tombstones.add(now, key, { operation, code: ended.code, checksum });
  }

  #giveTurns(out: ServerOutput[]): void {
    for (const session of this.#turns) {
      if (this.#hashing >= this.#options.maxHashing) return;
      this.#turns.delete(session);
      this.#hashing++;
      session.hasTurn = true;
      session.digest(out);
    }
  }

  #forget(now: number, out: ServerOutput[]): void {
    this.#tombstones.forget(now);
    if (this.#idleAt === undefined || now < this.#idleAt) return;
    const { idleMs } = this.#options;
    for (const session of this.#sessions.values()) {
      if (now < session.heardAt + idleMs) continue;
      if (session.isBusy)
        session.heardAt = now; // the disk has it; asked again when it is idle for as long once more
      else this.#settle(now, session, out, () => session.forget("silence", out));
    }
    const heard = [...this.#sessions.values()].map(({ heardAt }) => heardAt);
    this.#idleAt = heard.length === 0 ? undefined : Math.min(...heard) + idleMs;
  }

  #stop(out: ServerOutput[]): void {
    this.#isStopped = true;
    for (const session of this.#sessions.values()) session.forget("stopped", out);
    this.#sessions.clear();
    this.#parts.clear();
    this.#idleAt = undefined;
    this.#tombstones.forget(Number.POSITIVE_INFINITY);
  }

  /** Refuses a request from an address that is known, and reports it. */
  #turnAway(
    peer: Address,
    packet: Uint8Array,
    request: Request,
    { refused: code, text }: { readonly refused: number; readonly text?: string },
    out: ServerOutput[],
  ): void {
    this.#refuse(peer, packet, code, text ?? refusalText(code, request, this.#options.overwrite), out);
    if (code === Code.WAIT || code === Code.HELD) return; // it comes again
    const { operation, name } = request;
    out.push({ type: "served", peer, version: 2, operation, name, bytes: 0, outcome: "refused", code: wordOf(code) });
  }

  #refuse(to: Address, packet: Uint8Array, code: number, text: string, out: ServerOutput[]): void {
    this.#reply(to, packet, Type.ERR, new Uint8Array([...uint(code, 2), ...new TextEncoder().encode(text)]), out);
  }

  /** An answer that does without a session. */
  #reply(to: Address, packet: Uint8Array, type: number, payload: Uint8Array, out: ServerOutput[]): void {
    const header = { type, counter: counterOf(packet) };
    out.push({ type: "datagram", to, bytes: encodePacket(sessionOf(packet), header, payload, crc32cOfPacket) });
  }

  #drop(why: keyof V2Drops): void {
    this.drops[why]++;
  }
}

function isIntact(packet: Uint8Array, checksum: (packet: Uint8Array, length: number) => number): boolean {
  return checksum(packet, lengthOf(packet)) === checksumOf(packet);
}

/** A session id where it stands in a packet. */
function placed(session: Uint8Array): Uint8Array {
  const packet = new Uint8Array(12);
  packet.set(session, 4);
  return packet;
}
