/** One connection of a client: its frames, the opening, and when it is believed to be dead (docs/broadcast.md B4, B6, B24). */

import { FrameDecoder } from "@lab/framing/core";
import { macOf } from "./auth.js";
import type { ClientSettings } from "./client-options.js";
import { decode, encode, MAX_SERVER_FRAME_BYTES } from "./codec.js";
import { RemoteProtocolError } from "./errors.js";
import { Heartbeat } from "./heartbeat.js";
import { TYPE } from "./message-types.js";
import type { CloseCode, Gap, Hello, Puback, SnapshotChunk, Welcome } from "./messages.js";
import type { Platform } from "./platform.js";
import { WELCOME_BYTES } from "./welcome-size.js";
import { FRAME_HEADER_BYTES, malformed, u32At } from "./wire.js";

/** What a connection hears and its client is told; each may throw `RemoteProtocolError`. */
export interface ConnectionListener {
  /** How it ended the connection, if it did: nothing has changed then. */
  welcome(welcome: Welcome): ConnectionEnd | undefined;
  /** The payload of a BATCH, not checked. */
  batch(payload: Uint8Array): void;
  puback(puback: Puback): void;
  gap(gap: Gap): void;
  snapshot(chunk: SnapshotChunk): void;
  stable(upTo: number): void;
}

/** Why a connection is over: what the server said, or what is wrong with it. */
export interface ConnectionEnd {
  readonly code?: CloseCode;
  readonly why: string;
  /** Another connection would end in the same way, whatever it said. */
  readonly isFinal?: boolean;
}

type ConnectionSettings = Pick<ClientSettings, "secret" | "welcomeMs" | "maxListedMembers">;

const NEVER = Number.POSITIVE_INFINITY;

/** The only thing that ends the decoder of frames. */
const TOO_BIG = `a frame of more than ${MAX_SERVER_FRAME_BYTES} bytes`;

const NO_SECRET: ConnectionEnd = {
  code: "UNAUTHORIZED",
  why: "the server asks for a secret, and there is none",
  isFinal: true,
};
const NOT_ASKED: ConnectionEnd = {
  code: "UNAUTHORIZED",
  why: "the server does not ask for the secret that this client has: a WELCOME without a CHALLENGE",
  isFinal: true,
};

/** Frames of a BATCH are often cut by reads: memory for a whole one is taken at once, up to so much before more of it came. */
const FIRST_BUFFER_BYTES = 131_072;

class ServerFrames extends FrameDecoder {
  protected override capacity(have: number, want: number, room: number): number {
    return Math.min(want, Math.max(have, 2 * room, FIRST_BUFFER_BYTES));
  }
}

export class ClientConnection {
  readonly attempt: number;
  /** "opening" until the WELCOME. */
  phase: "connecting" | "opening" | "open" = "connecting";
  isFull = false;
  isPaused = false;
  readonly #send: (bytes: Uint8Array) => void;
  readonly #listener: ConnectionListener;
  readonly #platform: Platform;
  readonly #settings: ConnectionSettings;
  /** By when the WELCOME must be there, whatever else is said. */
  #welcomeBy = NEVER;
  readonly #decoder = new ServerFrames({ maxFrameBytes: MAX_SERVER_FRAME_BYTES });
  readonly #heartbeat: Heartbeat;
  #helloPayload: Uint8Array = new Uint8Array(0);
  #wasChallenged = false;
  #nonce = 0;
  /** Of the last PING that came while more was sent than taken: one PONG is enough for all of them. */
  #unanswered: number | undefined;

  constructor(
    now: number,
    attempt: number,
    settings: ConnectionSettings,
    platform: Platform,
    listener: ConnectionListener,
    send: (attempt: number, bytes: Uint8Array) => void,
  ) {
    this.attempt = attempt;
    this.#settings = settings;
    this.#platform = platform;
    this.#listener = listener;
    this.#heartbeat = new Heartbeat(now);
    this.#send = (bytes) => send(attempt, bytes);
  }

  get isOpen(): boolean {
    return this.phase === "open";
  }

  send(now: number, bytes: Uint8Array): void {
    this.#heartbeat.said(now);
    this.#send(bytes);
  }

  /** The connection stands. */
  hello(now: number, hello: Hello): void {
    this.phase = "opening";
    this.#heartbeat.heard(now);
    this.#welcomeBy = now + this.#settings.welcomeMs;
    const frame = encode(hello);
    this.#helloPayload = frame.subarray(FRAME_HEADER_BYTES);
    this.send(now, frame);
  }

  pause(now: number, isPaused: boolean): void {
    this.isPaused = isPaused;
    this.#heartbeat.deaf(now, isPaused);
  }

  full(now: number, isFull: boolean): void {
    this.isFull = isFull;
    this.#heartbeat.full(now, isFull);
    if (isFull || this.#unanswered === undefined) return;
    this.send(now, encode({ type: "pong", nonce: this.#unanswered }));
    this.#unanswered = undefined;
  }

  /** What arrived; how it ended the connection, if it did. */
  receive(now: number, bytes: Uint8Array): ConnectionEnd | undefined {
    this.#heartbeat.heard(now);
    try {
      for (const payload of this.#decoder.push(bytes)) {
        const end = this.#message(now, payload);
        if (end !== undefined) return end;
      }
    } catch (error) {
      if (error instanceof RemoteProtocolError) return { why: `the server broke the protocol: ${error.message}` };
      throw error;
    }
    const { error } = this.#decoder;
    return error === undefined ? undefined : { why: `the server broke the protocol: ${TOO_BIG}` };
  }

  /** Says a PING where it is time; how a long silence ended the connection, if it did. */
  tick(now: number): ConnectionEnd | undefined {
    if (this.phase === "connecting") return undefined;
    if (!this.isOpen && now >= this.#welcomeBy) return { why: `no WELCOME within ${this.#settings.welcomeMs} ms` };
    if (this.#heartbeat.isOver(now)) return { why: "nothing was heard for three heartbeats" };
    if (this.isOpen && this.#heartbeat.mustSay(now)) this.send(now, encode({ type: "ping", nonce: ++this.#nonce }));
    return undefined;
  }

  nextDeadline(): number {
    if (this.phase === "connecting") return NEVER;
    return Math.min(this.#heartbeat.nextDeadline(this.isOpen), this.isOpen ? NEVER : this.#welcomeBy);
  }

  #message(now: number, payload: Uint8Array): ConnectionEnd | undefined {
    if (this.isOpen && payload[0] === TYPE.batch) {
      this.#listener.batch(payload);
      return undefined;
    }
    if (payload[0] === TYPE.welcome) this.#checkMembers(payload);
    const message = decode(payload, "server");
    switch (message.type) {
      case "close":
        return { code: message.code, why: `the server closed: ${message.code}${message.text && `, ${message.text}`}` };
      case "ping":
        this.#pong(now, message.nonce);
        return undefined;
      case "pong":
        return undefined;
      case "challenge":
        return this.#challenge(now, message.nonce);
      case "welcome":
        return this.#welcome(message);
      case "puback":
        this.#openFor(message.type).puback(message);
        return undefined;
      case "gap":
        this.#openFor(message.type).gap(message);
        return undefined;
      case "snapshot":
        this.#openFor(message.type).snapshot(message);
        return undefined;
      case "stable":
        this.#openFor(message.type).stable(message.upTo);
        return undefined;
      default:
        throw malformed(`a ${message.type.toUpperCase()} before the WELCOME`);
    }
  }

  /** Before any of them takes memory. What is too short to have a count is for the decoder. */
  #checkMembers(payload: Uint8Array): void {
    const { maxListedMembers } = this.#settings;
    const count = payload.length < WELCOME_BYTES ? 0 : u32At(payload, WELCOME_BYTES - 4);
    if (count > maxListedMembers)
      throw malformed(`a WELCOME of ${count} members, more than maxListedMembers, ${maxListedMembers}`);
  }

  #welcome(message: Welcome): ConnectionEnd | undefined {
    if (this.isOpen) throw malformed("a second WELCOME");
    if (this.#settings.secret !== undefined && !this.#wasChallenged) return NOT_ASKED;
    const end = this.#listener.welcome(message);
    if (end !== undefined) return end;
    this.phase = "open";
    this.#heartbeat.ms = message.heartbeatMs;
    return undefined;
  }

  #openFor(type: string): ConnectionListener {
    if (!this.isOpen) throw malformed(`a ${type.toUpperCase()} before the WELCOME`);
    return this.#listener;
  }

  #pong(now: number, nonce: number): void {
    if (this.isFull) this.#unanswered = nonce;
    else this.send(now, encode({ type: "pong", nonce }));
  }

  #challenge(now: number, nonce: Uint8Array): ConnectionEnd | undefined {
    if (this.isOpen || this.#wasChallenged) throw malformed("a CHALLENGE out of its turn");
    this.#wasChallenged = true;
    const { secret } = this.#settings;
    if (secret === undefined) return NO_SECRET;
    const mac = macOf(this.#platform, secret, nonce, this.#helloPayload);
    this.send(now, encode({ type: "auth", mac }));
    return undefined;
  }
}
