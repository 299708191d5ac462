/** The client of a room: one connection after another, one log in order (docs/broadcast.md B30 to B37). */

import { Acknowledgements } from "./acknowledgements.js";
import { Backoff } from "./backoff.js";
import { ClientConnection, type ConnectionEnd, type ConnectionListener } from "./client-connection.js";
import type { ClientInput, ClientOutput, ClientView, Notice } from "./client-contract.js";
import { type ClientMachineOptions, type ClientSettings, resolveClientOptions } from "./client-options.js";
import { encode } from "./codec.js";
import { Deliveries } from "./deliveries.js";
import type { CloseCode, Hello, Welcome } from "./messages.js";
import type { Platform } from "./platform.js";
import { Publishes } from "./publishes.js";
import { Roster } from "./roster.js";
import { SessionIdentity } from "./session-identity.js";
import { Unhandled } from "./unhandled.js";
import { resumptionOf } from "./welcome-rules.js";

const NEVER = Number.POSITIVE_INFINITY;
/** A server that says so will say so again (B33). */
const FINAL: ReadonlySet<CloseCode> = new Set(["TAKEN_OVER", "UNAUTHORIZED", "BAD_MESSAGE"]);

export class ClientMachine {
  readonly #settings: ClientSettings;
  readonly #platform: Platform;
  readonly #identity: SessionIdentity;
  readonly #roster = new Roster();
  readonly #unhandled = new Unhandled();
  readonly #publishes: Publishes;
  readonly #deliveries: Deliveries;
  readonly #acks: Acknowledgements;
  readonly #backoff: Backoff;
  readonly #listener: ConnectionListener;
  #out: ClientOutput[] = [];
  /** Of the call. */
  #now = 0;
  #state: "new" | "waiting" | "connected" | "ended" = "new";
  #attempt = 0;
  #connection: ClientConnection | undefined;
  #hello: Hello | undefined;
  #retryAt: number = NEVER;
  /** Of the position; 0 before the first. */
  #epoch = 0;
  /** The one that the application was told of last, which it may have nothing of; 0 before the first. */
  #toldEpoch = 0;
  /** The highest number that is known of. */
  #head = 0;
  #wasWelcome = false;
  /** There was a session, of this process or of the position. */
  #hadSession = false;
  #isBehind = false;
  #isLeaving = false;
  #leaveAt: number = NEVER;

  /** @throws TypeError or RangeError for a wrong option */
  constructor(options: ClientMachineOptions, platform: Platform) {
    const settings = resolveClientOptions(options);
    const put = (output: ClientOutput): void => {
      this.#out.push(output);
    };
    this.#settings = settings;
    this.#platform = platform;
    this.#identity = new SessionIdentity(settings, platform);
    this.#publishes = new Publishes(settings, put);
    this.#deliveries = new Deliveries(settings, this.#roster, this.#publishes, this.#unhandled, put);
    this.#acks = new Acknowledgements(settings.window);
    this.#backoff = new Backoff(settings.backoffMs, settings.maxBackoffMs, platform);
    this.#listener = {
      welcome: (welcome) => this.#welcome(welcome),
      batch: (payload) => this.#deliveries.batch(payload),
      puback: (puback) => this.#publishes.puback(puback),
      gap: (gap) => this.#deliveries.gap(gap),
      snapshot: (chunk) => this.#deliveries.snapshot(chunk),
      stable: (upTo) => this.#deliveries.notice({ type: "stable", upTo }),
    };
  }

  /**
   * Told what happened; what is to be done, in this order. Each `publish` and each `publishAll` is sent within the call, in as
   * few frames as the limits let it: the driver collects what is published in one turn. What is delivered are views of `data`.
   * @throws TypeError or RangeError for a position that is none, for `start` twice, or `handled` of what was not delivered
   */
  handle(now: number, input: ClientInput): ClientOutput[] {
    const out: ClientOutput[] = [];
    this.#out = out;
    this.#now = now;
    this.#take(now, input);
    if (this.#state !== "new" && this.#state !== "ended") this.#settle(now);
    this.#out = [];
    return out;
  }

  nextDeadline(): number | undefined {
    if (this.#state === "new" || this.#state === "ended") return undefined;
    const connection = this.#connection;
    let deadline = Math.min(this.#leaveAt, this.#state === "waiting" ? this.#retryAt : NEVER);
    if (connection !== undefined) {
      deadline = Math.min(deadline, connection.nextDeadline());
      if (connection.isOpen && !connection.isFull) deadline = Math.min(deadline, this.#acks.nextDeadline());
    }
    return deadline === NEVER ? undefined : deadline;
  }

  view(): ClientView {
    return {
      phase: this.#connection?.phase ?? (this.#state === "connected" ? "connecting" : this.#state),
      attempt: this.#attempt,
      clientId: this.#identity.clientId,
      token: this.#identity.token,
      epoch: this.#epoch,
      member: this.#deliveries.member,
      members: this.#roster.list,
      head: this.#head,
      delivered: this.#deliveries.last,
      handled: this.#unhandled.handled,
      unhandledBytes: this.#unhandled.bytes,
      publishes: this.#publishes.count,
    };
  }

  #take(now: number, input: ClientInput): void {
    switch (input.type) {
      case "start":
        this.#start(now, input.position);
        return;
      case "publish":
        this.#publish(input.id, input.bytes);
        return;
      case "publishAll":
        for (const [index, bytes] of input.payloads.entries()) this.#publish(input.firstId + index, bytes);
        return;
      case "handled":
        if (this.#state === "ended") return;
        this.#unhandled.handle(input.upTo);
        this.#acks.handled(now, this.#unhandled.handled);
        return;
      case "tick":
        if (this.#state === "ended") return;
        this.#end(now, this.#connection?.tick(now));
        if (this.#state === "waiting" && now >= this.#retryAt) this.#connect(now);
        return;
      case "close":
        this.#close(now, input.leave, input.waitMs);
        return;
      default:
        this.#event(now, input);
    }
  }

  /** What happened to a connection. One that is over already is nobody's any more. */
  #event(
    now: number,
    input: Extract<ClientInput, { type: "connected" | "disconnected" | "data" | "full" | "drained" }>,
  ): void {
    const connection = this.#connection;
    if (connection === undefined || input.attempt !== connection.attempt) return;
    if (input.type === "disconnected") this.#lost(now, input.why);
    else if (input.type === "data") this.#end(now, connection.receive(now, input.bytes));
    else if (input.type === "connected") {
      this.#hello = this.#identity.hello(this.#epoch, this.#epoch === 0 ? 0 : this.#deliveries.last);
      connection.hello(now, this.#hello);
    } else connection.full(now, input.type === "full");
  }

  #start(now: number, position: Extract<ClientInput, { type: "start" }>["position"]): void {
    if (this.#state !== "new") throw new RangeError("a client starts once");
    if (position !== undefined) {
      this.#identity.restore(position);
      this.#epoch = position.epoch;
      this.#toldEpoch = position.epoch;
      this.#deliveries.begin(position.last);
      this.#hadSession = !this.#settings.observer;
    }
    this.#connect(now);
  }

  #connect(now: number): void {
    const attempt = ++this.#attempt;
    this.#backoff.tried();
    this.#state = "connected";
    this.#connection = new ClientConnection(
      now,
      attempt,
      this.#settings.secret,
      this.#platform,
      this.#listener,
      (to, bytes) => this.#out.push({ type: "send", attempt: to, bytes }),
    );
    this.#out.push({ type: "connect", attempt });
  }

  /** The WELCOME of this connection. @throws RemoteProtocolError where it can not be true; nothing has changed then */
  #welcome(welcome: Welcome): void {
    const hello = this.#hello as Hello;
    const resumption = resumptionOf(hello, welcome, this.#identity.tokenIs(welcome.token));
    const { isNewSession, isNewEpoch, isFresh, lostTo } = resumption;
    this.#publishes.check(welcome, isNewSession, isNewEpoch);
    const { status, member, resumeFrom, head } = welcome;
    const previous = this.#toldEpoch;
    this.#toldEpoch = welcome.epoch;
    this.#identity.welcomed(welcome.token);
    this.#epoch = welcome.epoch;
    this.#head = head;
    this.#deliveries.member = member;
    this.#roster.welcome(welcome.members, head, !isFresh && !isNewEpoch && lostTo === 0);
    this.#notice({ type: "welcome", status, member, resumeFrom, head });
    if (isNewSession && this.#hadSession) this.#notice({ type: "expired" });
    // Who asks anew (B33) may be given another epoch than the one that it was told of when nothing came.
    const isTold = isNewEpoch || (previous !== 0 && previous !== welcome.epoch);
    if (isTold) this.#notice({ type: "epoch", previous, epoch: welcome.epoch, from: resumeFrom });
    if (isFresh) this.#deliveries.hasBegun = false;
    if (isFresh || isNewEpoch) this.#deliveries.begin(resumeFrom - 1);
    this.#publishes.welcome(welcome, isNewSession, isNewEpoch);
    if (lostTo > 0) this.#deliveries.lost(lostTo, "retention");
    this.#publishes.passed(this.#deliveries.last);
    this.#acks.begin(this.#deliveries.last, welcome.ackEvery, welcome.ackAfterMs);
    this.#backoff.welcomed(this.#now);
    this.#wasWelcome = true;
    this.#hadSession = member !== 0;
  }

  #publish(id: number, bytes: Uint8Array): void {
    if (this.#settings.observer) this.#out.push({ type: "publishFailed", id, code: "OBSERVER" });
    else if (this.#isLeaving || this.#state === "ended") this.#out.push({ type: "publishFailed", id, code: "LEFT" });
    else this.#publishes.add(id, bytes);
  }

  /** What follows from what happened. */
  #settle(now: number): void {
    this.#deliveries.flush();
    const connection = this.#connection;
    if (connection?.isOpen) {
      if (!connection.isFull) {
        for (const frame of this.#publishes.frames()) connection.send(now, frame);
        if (this.#acks.isDue(now)) this.#acknowledge(now, connection);
      }
      this.#regulate(now, connection);
    }
    this.#tellLag();
    if (!this.#isLeaving) return;
    const isDone = this.#publishes.count === 0 && (connection?.isOpen === true || !this.#hadSession);
    if (isDone || now >= this.#leaveAt) this.#leave(now);
  }

  #acknowledge(now: number, connection: ClientConnection): void {
    const upTo = this.#unhandled.handled;
    this.#acks.sent(upTo);
    connection.send(now, encode({ type: "ack", last: upTo, window: this.#settings.window }));
    this.#notice({ type: "acknowledged", upTo });
  }

  /** B35: reads no further while too much waits for the application. */
  #regulate(now: number, connection: ClientConnection): void {
    const { bytes } = this.#unhandled;
    const { maxQueuedBytes } = this.#settings;
    const isPaused = connection.isPaused ? bytes > maxQueuedBytes / 2 : bytes > maxQueuedBytes;
    if (isPaused === connection.isPaused) return;
    connection.pause(now, isPaused);
    this.#out.push({ type: isPaused ? "pause" : "resume", attempt: connection.attempt });
  }

  #tellLag(): void {
    this.#head = Math.max(this.#head, this.#deliveries.last);
    const behind = this.#head - this.#unhandled.handled;
    if (this.#isBehind ? behind > 0 : behind <= this.#settings.lagNotice) return;
    this.#isBehind = !this.#isBehind;
    this.#notice({ type: "lag", behind });
  }

  #end(now: number, end: ConnectionEnd | undefined): void {
    const connection = this.#connection;
    if (end === undefined || connection === undefined) return;
    const { code, why, isFinal = false } = end;
    this.#deliveries.flush();
    this.#out.push({ type: "disconnect", attempt: connection.attempt, why });
    if (code !== undefined && (isFinal || this.#isFinal(code))) this.#finish(code, why);
    else this.#lost(now, why);
  }

  #isFinal(code: CloseCode): boolean {
    if (code === "FULL") return !this.#wasWelcome;
    if (code !== "UNAUTHORIZED" || !this.#identity.isKnown) return FINAL.has(code);
    // The session may have been made anew by a connection whose WELCOME never came: its token is not known here (B33).
    this.#identity.forget();
    return false;
  }

  /** The connection is gone. */
  #lost(now: number, why: string): void {
    this.#connection = undefined;
    this.#deliveries.flush();
    this.#deliveries.disconnected();
    this.#publishes.disconnected();
    this.#acks.disconnected();
    // A snapshot that was to come behind the WELCOME did not come whole: it is asked for again.
    if (this.#settings.start === "snapshot" && !this.#deliveries.hasBegun && this.#hello?.epoch === 0) this.#epoch = 0;
    const retryInMs = this.#backoff.lost(now);
    if (this.#backoff.failures >= this.#settings.maxAttempts) {
      this.#finish("UNREACHABLE", why);
      return;
    }
    this.#state = "waiting";
    this.#retryAt = now + retryInMs;
    this.#notice({ type: "disconnected", why, retryInMs });
    if (retryInMs === 0) this.#connect(now);
  }

  #close(now: number, leave: boolean, waitMs: number): void {
    if (this.#state === "ended") return;
    if (leave && this.#state !== "new") {
      this.#isLeaving = true;
      this.#leaveAt = Math.min(this.#leaveAt, now + waitMs);
      return;
    }
    const connection = this.#connection;
    if (connection !== undefined) {
      if (connection.isOpen && this.#acks.isBehind(this.#unhandled.handled)) this.#acknowledge(now, connection);
      this.#out.push({ type: "disconnect", attempt: connection.attempt, why: "the client was closed" });
    }
    this.#finish();
  }

  #leave(now: number): void {
    const connection = this.#connection;
    if (connection !== undefined) {
      if (connection.isOpen) {
        if (this.#acks.isBehind(this.#unhandled.handled)) this.#acknowledge(now, connection);
        connection.send(now, encode({ type: "close", code: "LEAVE", text: "" }));
      }
      this.#out.push({ type: "disconnect", attempt: connection.attempt, why: "the room was left" });
    }
    this.#finish();
  }

  #finish(code?: string, message?: string): void {
    this.#connection = undefined;
    this.#state = "ended";
    this.#deliveries.flush();
    this.#publishes.end();
    this.#out.push({
      type: "ended",
      ...(code === undefined ? {} : { code }),
      ...(message === undefined ? {} : { message }),
    });
  }

  #notice(notice: Notice): void {
    this.#deliveries.notice(notice);
  }
}
