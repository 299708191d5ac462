/** A connection of wire v2 to a server: handshake, messages, heartbeats (docs/rake.md R15, R16, R27). */

import { macOf } from "./auth.js";
import { Bandwidth } from "./bandwidth.js";
import { decodeClientMessage } from "./codec.js";
import { RemoteProtocolError } from "./errors.js";
import { MAC_BYTES, NONCE_BYTES } from "./message-limits.js";
import { type ByeCode, type ClientMessage, type Hello, type Quote, type ServerMessage, VERSION } from "./messages.js";
import { OpeningFrames } from "./opening-frames.js";
import type { ActionHost, ServerAction } from "./server-action.js";
import type { ServerContext, Session } from "./server-context.js";
import { hostFacts } from "./server-facts.js";
import { ServerHeartbeat } from "./server-heartbeat.js";
import { answerQuote, quoteFault } from "./server-quotes.js";

export class ServerSession implements Session, ActionHost {
  readonly connection: number;
  readonly bandwidth: Bandwidth;
  isFull = false;
  readonly #context: ServerContext;
  readonly #frames: OpeningFrames;
  readonly #heartbeat: ServerHeartbeat;
  readonly #helloBy: number;
  readonly #nonce: Uint8Array;
  readonly #actions = new Map<number, ServerAction>();
  #state: "hello" | "auth" | "open" | "closed" = "hello";
  #hello: Hello | undefined;

  constructor(context: ServerContext, connection: number, openedAt: number, now: number) {
    const { settings, platform } = context;
    this.connection = connection;
    this.#context = context;
    this.bandwidth = new Bandwidth(settings.unknownBandwidth);
    this.#frames = new OpeningFrames({ maxFrameBytes: settings.maxFrameBytes });
    this.#heartbeat = new ServerHeartbeat(settings.heartbeatMs, now);
    this.#helloBy = openedAt + settings.helloMs;
    this.#nonce = platform.randomBytes(NONCE_BYTES);
  }

  data(bytes: Uint8Array, now: number): void {
    this.#heartbeat.heard(now);
    try {
      this.#frames.feed(bytes);
      for (let frame = this.#frames.next(); frame !== undefined; frame = this.#frames.next()) {
        const message = decodeClientMessage(frame);
        if (message !== undefined) this.#take(message, now);
        if (this.#state === "closed") return;
      }
    } catch (error) {
      if (error instanceof RemoteProtocolError) return this.hangUp("BAD_MESSAGE", error.message, now);
      const tooLarge = this.#frames.error;
      if (tooLarge === undefined) throw error;
      this.hangUp("TOO_BIG", tooLarge.message, now);
    }
  }

  full(isFull: boolean, now: number): void {
    this.isFull = isFull;
    this.#heartbeat.full(isFull, now);
    if (!isFull) for (const action of this.#actions.values()) action.drained();
  }

  gone(now: number): void {
    this.#close("", "the peer is gone", now);
  }

  shutdown(now: number): void {
    this.hangUp("SHUTDOWN", "the server ends", now);
  }

  tick(now: number): void {
    if (this.#state !== "open") {
      if (now >= this.#helloBy) this.hangUp("IDLE", "no HELLO and AUTH in time", now);
      return;
    }
    if (this.#heartbeat.isLost(now)) return this.hangUp("IDLE", "nothing was heard", now);
    for (const action of this.#actions.values()) action.tick(now);
    if (!this.#heartbeat.mustPing(now)) return;
    this.#heartbeat.pinged(now);
    this.say({ type: "PING", nonce: this.#context.newId() });
  }

  deadline(): number {
    if (this.#state !== "open") return this.#helloBy;
    let at = this.#heartbeat.deadline();
    for (const action of this.#actions.values()) at = Math.min(at, action.deadline());
    return at;
  }

  say(message: ServerMessage): void {
    if (this.#state !== "closed") this.#context.out.say(this.connection, message);
  }

  hangUp(code: ByeCode, text: string, now: number): void {
    if (this.#state === "closed") return;
    this.say({ type: "BYE", code, text });
    this.#context.out.push({ type: "close", connection: this.connection, why: `${code}: ${text}` });
    this.#close(code, text, now);
  }

  forget(actionId: number): void {
    this.#actions.delete(actionId);
  }

  #close(code: string, why: string, now: number): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    for (const action of [...this.#actions.values()]) action.abandon(now);
    this.#context.out.event({ type: "closed", connection: this.connection, code, why });
    this.#context.closed(this.connection);
  }

  #take(message: ClientMessage, now: number): void {
    if (message.type === "BYE") {
      this.#context.out.push({ type: "close", connection: this.connection, why: `BYE ${message.code}` });
      return this.#close(message.code, message.text, now);
    }
    if (this.#state === "hello" && message.type === "HELLO") return this.#challenge(message, now);
    if (this.#state === "auth" && message.type === "AUTH") return this.#welcome(message.mac, now);
    if (this.#state !== "open") return this.#fault(`a ${message.type} before its turn`, now);
    switch (message.type) {
      case "HELLO":
      case "AUTH":
        return this.#fault(`a second ${message.type}`, now);
      case "PING":
        return this.say({ type: "PONG", nonce: message.nonce });
      case "PONG":
        return;
      case "QUOTE":
        return this.#quote(message, now);
      default:
        return this.#ofAction(message, now);
    }
  }

  #ofAction(message: Extract<ClientMessage, { actionId: number }>, now: number): void {
    const { actionId } = message;
    const action = this.#actions.get(actionId);
    if (action === undefined) {
      // Its reservation may have ended while the message was on its way: the only one that is answered (R22).
      if (message.type === "EXECUTE") this.say({ type: "EXPIRED", actionId, reservation: message.reservation });
      return;
    }
    switch (message.type) {
      case "BLOB":
        return action.blob(message, now);
      case "EXECUTE":
        return action.execute(message, now);
      case "CANCEL":
        return action.cancel(now);
      case "RELEASE":
        return action.release(message.reservation, now);
      case "CREDIT":
        if (!action.addCredit(message.bytes)) this.#fault("credit above 2^53 - 1", now);
    }
  }

  #quote(quote: Quote, now: number): void {
    const fault = this.#actions.has(quote.actionId) ? "a QUOTE of an action that goes on" : quoteFault(quote);
    if (fault !== undefined) return this.#fault(fault, now);
    let unused = 0;
    for (const one of this.#actions.values()) if (one.isReserved) unused++;
    const { message, action } = answerQuote(this.#context, this, quote, unused, now);
    if (action !== undefined) this.#actions.set(quote.actionId, action);
    this.say(message);
  }

  #challenge(hello: Hello, now: number): void {
    if (hello.version < VERSION) {
      return this.hangUp("VERSION", `version ${hello.version}, not ${VERSION}`, now);
    }
    this.#hello = hello;
    this.#state = "auth";
    const authentication = this.#context.settings.secret === undefined ? "none" : "secret";
    this.say({ type: "CHALLENGE", version: VERSION, authentication, nonce: this.#nonce });
  }

  #welcome(mac: Uint8Array, now: number): void {
    const { settings, platform, out } = this.#context;
    const expected = this.#macOf("client");
    if (expected !== undefined && !platform.equal(mac, expected)) {
      return this.hangUp("UNAUTHORIZED", "the secrets differ", now);
    }
    this.#state = "open";
    this.#frames.isOpening = false;
    this.say({ type: "WELCOME", mac: this.#macOf("server") ?? new Uint8Array(MAC_BYTES), ...hostFacts(settings) });
    out.event({ type: "welcomed", connection: this.connection });
  }

  /** Undefined without a secret. */
  #macOf(role: "client" | "server"): Uint8Array | undefined {
    const { settings, platform } = this.#context;
    const hello = this.#hello;
    if (settings.secret === undefined || hello === undefined) return undefined;
    return macOf(role, settings.secret, hello.nonce, this.#nonce, hello.version, VERSION, platform);
  }

  #fault(text: string, now: number): void {
    this.hangUp("BAD_MESSAGE", text, now);
  }
}
