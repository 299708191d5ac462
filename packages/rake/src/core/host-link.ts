/** One connection to a host: frames, opening, and when it is believed to be dead (docs/rake.md R14 to R16, R27). */

import { FrameDecoder, FramingError } from "@lab/framing/core";
import { macOf } from "./auth.js";
import type { BuildContext } from "./build-context.js";
import { decodeServerMessage, encode } from "./codec.js";
import { RemoteProtocolError } from "./errors.js";
import { MAX_OPENING_FRAME_BYTES, NONCE_BYTES } from "./message-limits.js";
import {
  type ByeCode,
  type Challenge,
  type ClientMessage,
  type HostFacts,
  type ServerMessage,
  VERSION,
  type Welcome,
} from "./messages.js";

/** What belongs to an action. */
export type ActionMessage = Extract<ServerMessage, { readonly actionId: number }>;

/** Either may throw `RemoteProtocolError`. */
export interface LinkListener {
  welcome(facts: HostFacts): void;
  message(message: ActionMessage): void;
}

/** Why a connection is over, and what the peer is told of it. */
export interface LinkEnd {
  readonly why: string;
  readonly bye?: { readonly code: ByeCode; readonly text: string };
  /** Another connection would end in the same way. */
  readonly isFinal?: boolean;
}

/** What a server may ask for as its heartbeat; anything else is taken for the nearest of these. */
const MIN_HEARTBEAT_MS = 100;
const MAX_HEARTBEAT_MS = 60_000;
const HEARTBEATS = 3;

export class HostLink {
  readonly id: number;
  phase: "connecting" | "opening" | "open" = "connecting";
  isFull = false;
  readonly #context: BuildContext;
  readonly #listener: LinkListener;
  readonly #nonce: Uint8Array;
  #decoder = new FrameDecoder({ maxFrameBytes: MAX_OPENING_FRAME_BYTES });
  #challenge: Challenge | undefined;
  /** By when the connection must stand, and then the WELCOME must be there. */
  #openBy: number;
  #heartbeatMs = MAX_HEARTBEAT_MS;
  #heardAt = 0;
  #pings = 0;
  /** Of the last PING that came while more was sent than taken: one PONG is enough for all of them. */
  #unanswered: number | undefined;
  #maxFrameBytes = MAX_OPENING_FRAME_BYTES;

  constructor(context: BuildContext, listener: LinkListener) {
    this.id = context.draw();
    this.#context = context;
    this.#listener = listener;
    this.#nonce = context.platform.randomBytes(NONCE_BYTES);
    this.#openBy = context.now + context.settings.connectMs;
  }

  connected(): void {
    if (this.phase !== "connecting") return;
    this.phase = "opening";
    this.#openBy = this.#context.now + this.#context.settings.helloMs;
    this.say({ type: "HELLO", version: VERSION, features: 0, nonce: this.#nonce });
  }

  /** False, and nothing is sent, where the frame is longer than the server takes. */
  say(message: ClientMessage): boolean {
    const bytes = encode(message);
    if (bytes.length - 8 > this.#maxFrameBytes) return false;
    this.#context.do({ type: "send", link: this.id, bytes });
    return true;
  }

  full(isFull: boolean): void {
    this.isFull = isFull;
    if (isFull || this.#unanswered === undefined) return;
    this.say({ type: "PONG", nonce: this.#unanswered });
    this.#unanswered = undefined;
  }

  /** What arrived; how it ended the connection, if it did. */
  receive(bytes: Uint8Array): LinkEnd | undefined {
    this.#heardAt = this.#context.now;
    this.#pings = 0;
    try {
      this.#decoder.feed(bytes);
      for (let payload = this.#decoder.next(); payload !== undefined; payload = this.#decoder.next()) {
        const message = decodeServerMessage(payload);
        const end = message === undefined ? undefined : this.#message(message);
        if (end !== undefined) return end;
      }
      return undefined;
    } catch (error) {
      if (error instanceof RemoteProtocolError) return broken(error.message);
      if (error instanceof FramingError) return broken(error.message, "TOO_BIG");
      throw error;
    }
  }

  /** Says a PING where it is time; how a long silence ended the connection, if it did. */
  tick(): LinkEnd | undefined {
    const { now, settings } = this.#context;
    if (this.phase !== "open") {
      if (now < this.#openBy) return undefined;
      if (this.phase === "connecting") return { why: `no connection within ${settings.connectMs} ms` };
      return { why: `no WELCOME within ${settings.helloMs} ms` };
    }
    if (now < this.nextDeadline()) return undefined;
    if (now >= this.#heardAt + HEARTBEATS * this.#heartbeatMs) return { why: "nothing was heard for three heartbeats" };
    // At least one more: what is divided may come out as less than it was multiplied to.
    this.#pings = Math.max(this.#pings + 1, Math.floor((now - this.#heardAt) / this.#heartbeatMs));
    this.say({ type: "PING", nonce: this.#context.draw() });
    return undefined;
  }

  nextDeadline(): number {
    if (this.phase !== "open") return this.#openBy;
    return this.#heardAt + Math.min(this.#pings + 1, HEARTBEATS) * this.#heartbeatMs;
  }

  #message(message: ServerMessage): LinkEnd | undefined {
    switch (message.type) {
      case "BYE":
        return {
          why: `it said ${message.code}${message.text && `: ${message.text}`}`,
          isFinal: message.code === "UNAUTHORIZED" || message.code === "VERSION",
        };
      case "PING":
        if (this.isFull) this.#unanswered = message.nonce;
        else this.say({ type: "PONG", nonce: message.nonce });
        return undefined;
      case "PONG":
        return undefined;
      case "CHALLENGE":
        return this.#challenged(message);
      case "WELCOME":
        return this.#welcome(message);
      default:
        if (this.phase !== "open") throw bad(`a ${message.type} before the WELCOME`);
        this.#listener.message(message);
        return undefined;
    }
  }

  #challenged(challenge: Challenge): LinkEnd | undefined {
    if (this.phase !== "opening" || this.#challenge !== undefined) throw bad("a CHALLENGE where none was due");
    const { secret } = this.#context.settings;
    if (challenge.version !== VERSION) return final(`it speaks version ${challenge.version}`, "VERSION");
    if (challenge.authentication === "none" && secret !== undefined) {
      return final("it asks for no secret, and there is one", "UNAUTHORIZED");
    }
    if (challenge.authentication === "secret" && secret === undefined) {
      return final("it asks for a secret, and there is none", "UNAUTHORIZED");
    }
    this.#challenge = { ...challenge, nonce: challenge.nonce.slice() };
    this.say({ type: "AUTH", mac: this.#mac("client") });
    return undefined;
  }

  #welcome(welcome: Welcome): LinkEnd | undefined {
    if (this.phase !== "opening" || this.#challenge === undefined) throw bad("a WELCOME where none was due");
    const { settings, platform } = this.#context;
    if (settings.secret !== undefined && !platform.equal(welcome.mac, this.#mac("server"))) {
      return final("its secret is another one", "UNAUTHORIZED");
    }
    this.phase = "open";
    this.#heartbeatMs = Math.min(MAX_HEARTBEAT_MS, Math.max(MIN_HEARTBEAT_MS, welcome.heartbeatMs));
    this.#maxFrameBytes = welcome.maxFrameBytes;
    const rest = this.#decoder.rest();
    this.#decoder = new FrameDecoder({ maxFrameBytes: settings.maxFrameBytes });
    this.#decoder.feed(rest);
    const { type: _type, mac: _mac, ...facts } = welcome;
    this.#listener.welcome(facts);
    return undefined;
  }

  /** 32 zeros where no secret is asked for. */
  #mac(role: "client" | "server"): Uint8Array {
    const { settings, platform } = this.#context;
    if (settings.secret === undefined || this.#challenge === undefined) return new Uint8Array(32);
    return macOf(role, settings.secret, this.#nonce, this.#challenge.nonce, VERSION, this.#challenge.version, platform);
  }
}

/** What a listener throws at a message that breaks the protocol. */
export function bad(what: string): RemoteProtocolError {
  return new RemoteProtocolError("BAD_MESSAGE", what);
}

function broken(what: string, code: ByeCode = "BAD_MESSAGE"): LinkEnd {
  return { why: `it broke the protocol: ${what}`, bye: { code, text: what.slice(0, 300) } };
}

function final(why: string, code: ByeCode): LinkEnd {
  return { why, bye: { code, text: "" }, isFinal: true };
}
