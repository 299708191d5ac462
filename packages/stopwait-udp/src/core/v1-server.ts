/** The server of v1: which packet belongs to which session, what is let in, and what is forgotten when. */

import type { Address, FileResult, Platform, ServerOutput, TransferInput } from "./contract.js";
import { ifWellFormed, LocalProtocolError } from "./errors.js";
import { hex } from "./hex.js";
import { nameFault } from "./names.js";
import { V1AnswerLimit } from "./v1-answer-limit.js";
import { V1GetSession } from "./v1-get-session.js";
import { decodeV1Packet, encodeV1Packet, type V1Packet } from "./v1-packet.js";
import { V1PutSession } from "./v1-put-session.js";
import type { V1Session } from "./v1-session.js";
import { NO_SECRET, READ_ONLY, WRONG_NAME } from "./v1-texts.js";

export interface V1ServerOptions {
  readonly platform: Platform;
  /** Whether files are taken. Default false. */
  readonly writable?: boolean;
  /** Whether a PUT may replace a file. Default false. */
  readonly overwrite?: boolean;
  /** Whether clients that are not on this machine are answered: v1 cannot validate their address. Default false. */
  readonly allowV1?: boolean;
  /** Whether those may write, too: v1 has no secret. Default false. */
  readonly insecureWrite?: boolean;
  /** Transfers under way at once; a request beyond it is dropped, and may come again. Default 256. */
  readonly maxSessions?: number;
  /** Ended transfers that are remembered; while there are as many, requests are dropped. Default 4,096. */
  readonly maxMemories?: number;
  /** Answers per second to one host that is not this machine, and at once. Default 2,000. */
  readonly answersPerSecond?: number;
  /** Milliseconds of silence after which a client is forgotten, and for which a commit is remembered. Default 30,000. */
  readonly forgetMs?: number;
  /** Where the ids of effects come from, when several machines share a driver. Default: 1, 2, 3, ... */
  readonly newId?: () => number;
}

/** Why packets were dropped, counted. */
export interface V1Drops {
  /** No packet of v1. */
  malformed: number;
  /** From another machine without `allowV1`. */
  forbidden: number;
  /** Above `answersPerSecond`. */
  limited: number;
  /** Requests above `maxSessions` or `maxMemories`. */
  full: number;
  /** Packets of no session, and packets that their session does not expect. */
  unexpected: number;
}

/** Hosts whose answers are counted; as many again get none until some have been silent for a second. */
const MAX_LIMITED_HOSTS = 1_024;

export class V1Server {
  readonly drops: V1Drops = { malformed: 0, forbidden: 0, limited: 0, full: 0, unexpected: 0 };
  readonly #options: V1ServerOptions;
  readonly #maxSessions: number;
  readonly #maxMemories: number;
  readonly #forgetMs: number;
  readonly #limit: V1AnswerLimit;
  readonly #sessions = new Map<string, V1Session>();
  /** The keys of the sessions that are not waiting for the disk, the longest silent first. */
  readonly #bySilence = new Map<string, V1Session>();
  /** Who waits for an effect. */
  readonly #effects = new Map<number, string>();
  #live = 0;
  #lastId = 0;
  #isStopped = false;

  /** @throws RangeError for a limit that is none */
  constructor(options: V1ServerOptions) {
    this.#options = options;
    this.#maxSessions = positive("maxSessions", options.maxSessions ?? 256);
    this.#maxMemories = positive("maxMemories", options.maxMemories ?? 4_096);
    this.#forgetMs = positive("forgetMs", options.forgetMs ?? 30_000);
    this.#limit = new V1AnswerLimit(positive("answersPerSecond", options.answersPerSecond ?? 2_000), MAX_LIMITED_HOSTS);
  }

  /** Transfers under way. */
  get liveSessions(): number {
    return this.#live;
  }

  /** Transfers that have ended and are remembered. */
  get memories(): number {
    return this.#sessions.size - this.#live;
  }

  /** Whether the result of the effect belongs to this machine. */
  awaits(id: number): boolean {
    return this.#effects.has(id);
  }

  /** @throws LocalProtocolError `UNKNOWN_EFFECT` for the result of an effect that was not asked for, or came before */
  handle(now: number, input: TransferInput): ServerOutput[] {
    if (this.#isStopped) return [];
    if (input.type === "stop") return this.#stop();
    const outputs = this.#forgetSilent(now);
    if (input.type === "datagram") outputs.push(...this.#datagram(now, input.from, input.bytes));
    else if (input.type !== "tick") outputs.push(...this.#result(now, input));
    return outputs;
  }

  nextDeadline(): number | undefined {
    for (const { quietSince } of this.#bySilence.values()) {
      return quietSince === undefined ? undefined : quietSince + this.#forgetMs;
    }
    return undefined;
  }

  /** Equal for servers that will behave alike, but for counters and the limit of answers; times are relative to `now`. */
  fingerprint(now: number): string {
    const texts = [...this.#sessions].map(([key, session]) => `${key} ${session.fingerprint(now)}`);
    return texts.sort().join("\n");
  }

  #datagram(now: number, from: Address, bytes: Uint8Array): ServerOutput[] {
    const isLocal = isLoopback(from.host);
    if (!isLocal && this.#options.allowV1 !== true) return this.#drop("forbidden");
    const packet = ifWellFormed(() => decodeV1Packet(bytes));
    if (packet === undefined) return this.#drop("malformed");
    const key = `${from.host} ${from.port}`;
    const session = this.#sessions.get(key);
    const isRequest = packet.type === "get" || packet.type === "put";
    if (session === undefined && !isRequest) return this.#drop("unexpected");
    if (!isLocal && !this.#limit.take(now, from.host)) return this.#drop("limited");
    if (isRequest && (session === undefined || session.yieldsTo(packet))) return this.#open(from, packet, isLocal);
    if (session === undefined) return [];
    const outputs = this.#settle(key, session, () => session.handle(now, packet));
    return outputs.length > 0 ? outputs : this.#drop("unexpected");
  }

  #open(peer: Address, packet: V1Packet & { type: "get" | "put" }, isLocal: boolean): ServerOutput[] {
    const { platform, writable, overwrite, insecureWrite } = this.#options;
    const { name } = packet;
    const refusal = (code: string, text: string): ServerOutput[] => [
      { type: "datagram", to: peer, bytes: encodeV1Packet({ type: "error", number: 0, text }) },
      {
        type: "served",
        peer,
        version: 1,
        operation: packet.type,
        name: name ?? "",
        bytes: 0,
        outcome: "refused",
        code,
      },
    ];
    if (packet.type === "put" && writable !== true) return refusal("read-only", READ_ONLY);
    if (packet.type === "put" && !isLocal && insecureWrite !== true) return refusal("no-secret", NO_SECRET);
    if (name === undefined || nameFault(name) !== undefined) return refusal("wrong-name", WRONG_NAME);
    if (this.#live >= this.#maxSessions || this.memories >= this.#maxMemories) return this.#drop("full");

    const key = `${peer.host} ${peer.port}`;
    const start = { peer, name, newId: () => this.#newId(key) };
    const session =
      packet.type === "get"
        ? new V1GetSession(start)
        : new V1PutSession({ ...start, key: hex(platform.randomBytes(8)), overwrite: overwrite ?? false });
    this.#bySilence.delete(key);
    this.#sessions.set(key, session);
    this.#live++;
    return this.#settle(key, session, () => session.begin());
  }

  #result(now: number, result: FileResult): ServerOutput[] {
    const key = this.#effects.get(result.id);
    const session = key === undefined ? undefined : this.#sessions.get(key);
    if (key === undefined || session === undefined) {
      throw new LocalProtocolError("UNKNOWN_EFFECT", `nobody waits for effect ${result.id}`);
    }
    this.#effects.delete(result.id);
    return this.#settle(key, session, () => session.effectEnded(now, result));
  }

  /** Lets a session act, and keeps the books about it. */
  #settle(key: string, session: V1Session, act: () => ServerOutput[]): ServerOutput[] {
    const { isOver: wasOver, quietSince: before } = session;
    const outputs = act();
    if (!wasOver && (session.isOver || session.isGone)) this.#live--;
    if (session.isGone) this.#sessions.delete(key);
    if (session.isGone || session.quietSince === undefined) this.#bySilence.delete(key);
    else if (session.quietSince !== before || !this.#bySilence.has(key)) {
      this.#bySilence.delete(key); // what is put in last has been silent for the shortest time
      this.#bySilence.set(key, session);
    }
    return outputs;
  }

  #forgetSilent(now: number): ServerOutput[] {
    const outputs: ServerOutput[] = [];
    for (const [key, session] of this.#bySilence) {
      if (session.quietSince === undefined || now < session.quietSince + this.#forgetMs) break;
      if (!session.isOver) this.#live--;
      this.#bySilence.delete(key);
      this.#sessions.delete(key);
      outputs.push(...session.forget("silence"));
    }
    return outputs;
  }

  #stop(): ServerOutput[] {
    this.#isStopped = true;
    const outputs = [...this.#sessions.values()].flatMap((session) => session.forget("stopped"));
    this.#sessions.clear();
    this.#bySilence.clear();
    this.#effects.clear();
    this.#live = 0;
    return outputs;
  }

  #newId(key: string): number {
    const id = this.#options.newId?.() ?? ++this.#lastId;
    this.#effects.set(id, key);
    return id;
  }

  #drop(why: keyof V1Drops): ServerOutput[] {
    this.drops[why]++;
    return [];
  }
}

/** Whether an address in its usual text form is one of this machine's own. */
export function isLoopback(host: string): boolean {
  return /^(?:::ffff:)?127\.\d+\.\d+\.\d+$/.test(host) || host === "::1";
}

function positive(name: string, value: number): number {
  if (!(Number.isSafeInteger(value) && value >= 1)) {
    throw new RangeError(`${name} is ${value}, but must be a whole number from 1`);
  }
  return value;
}
