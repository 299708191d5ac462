/** The client of a room: one connection after another, one log in order (docs/broadcast.md B30 to B37). */

import { Attempts } from "./attempts.js";
import { ClientConnection, type ConnectionEnd, type ConnectionListener } from "./client-connection.js";
import type { ClientInput, ClientOutput, ClientView } from "./client-contract.js";
import { type ClientMachineOptions, type ClientSettings, resolveClientOptions } from "./client-options.js";
import { encode } from "./codec.js";
import { Deliveries } from "./deliveries.js";
import { Intake } from "./intake.js";
import type { Hello, Welcome } from "./messages.js";
import type { Platform } from "./platform.js";
import { Publishes } from "./publishes.js";
import { Roster } from "./roster.js";
import { SessionIdentity } from "./session-identity.js";
import { Unhandled } from "./unhandled.js";
import { resumptionOf } from "./welcome-rules.js";

const NEVER = Number.POSITIVE_INFINITY;

export class ClientMachine {
  readonly settings: ClientSettings;
  readonly #platform: Platform;
  readonly #identity: SessionIdentity;
  readonly #roster: Roster;
  readonly #unhandled = new Unhandled();
  readonly #publishes: Publishes;
  readonly #deliveries: Deliveries;
  readonly #intake: Intake;
  readonly #attempts: Attempts;
  readonly #listener: ConnectionListener;
  #out: ClientOutput[] = [];
  /** Of the call. */
  #now = 0;
  #state: "new" | "waiting" | "connected" | "ended" = "new";
  #connection: ClientConnection | undefined;
  #hello: Hello | undefined;
  /** Of the position; 0 before the first. */
  #epoch = 0;
  /** The one that the application was told of last, which it may have nothing of; 0 before the first. */
  #toldEpoch = 0;
  /** The highest number that is known of. */
  #head = 0;
  /** The application was told that all up to it is stable, in this epoch. */
  #stableUpTo = 0;
  /** There was a session, of this process or of the position. */
  #hadSession = false;
  #isLeaving = false;
  #leaveAt: number = NEVER;

  /** @throws TypeError or RangeError for a wrong option */
  constructor(options: ClientMachineOptions, platform: Platform) {
    const settings = resolveClientOptions(options);
    const put = (output: ClientOutput): void => {
      this.#out.push(output);
    };
    this.settings = settings;
    this.#platform = platform;
    this.#identity = new SessionIdentity(settings, platform);
    this.#roster = new Roster(settings.maxListedMembers);
    this.#publishes = new Publishes(settings, put);
    this.#deliveries = new Deliveries(settings, this.#roster, this.#publishes, this.#unhandled, put);
    this.#intake = new Intake(settings, this.#unhandled, this.#deliveries, put);
    this.#attempts = new Attempts(settings, platform, this.#identity);
    this.#listener = {
      welcome: (welcome) => this.#welcome(welcome),
      batch: (payload) => this.#deliveries.batch(payload),
      puback: (puback) => this.#publishes.puback(puback),
      gap: (gap) => this.#deliveries.gap(gap),
      snapshot: (chunk) => this.#deliveries.snapshot(chunk),
      stable: (upTo) => this.#stable(upTo),
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
    let deadline = Math.min(this.#leaveAt, this.#state === "waiting" ? this.#attempts.retryAt : NEVER);
    if (connection !== undefined) {
      deadline = Math.min(deadline, connection.nextDeadline());
      if (connection.isOpen && !connection.isFull) deadline = Math.min(deadline, this.#intake.nextDeadline());
    }
    return deadline === NEVER ? undefined : deadline;
  }

  view(): ClientView {
    return {
      phase: this.#connection?.phase ?? (this.#state === "connected" ? "connecting" : this.#state),
      attempt: this.#attempts.last,
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
        this.#intake.isAsked = input.unasked !== true;
        this.#start(now, input.position);
        return;
      case "publish":
        this.#publish(input.id, input.bytes);
        return;
      case "publishAll":
        for (const [index, bytes] of input.payloads.entries()) this.#publish(input.firstId + index, bytes);
        return;
      case "handled":
        if (this.#state !== "ended") this.#intake.handled(now, input.upTo);
        return;
      case "asked":
        this.#intake.isAsked = true;
        return;
      case "tick":
        if (this.#state === "ended") return;
        this.#end(now, this.#connection?.tick(now));
        if (this.#state === "waiting" && now >= this.#attempts.retryAt) this.#connect(now);
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
      this.#hello = this.#identity.hello(
        this.#epoch,
        this.#epoch === 0 ? 0 : this.#deliveries.last,
        this.#intake.begin(),
      );
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
      this.#hadSession = !this.settings.observer;
    }
    this.#connect(now);
  }

  #connect(now: number): void {
    const attempt = this.#attempts.begin();
    this.#state = "connected";
    this.#connection = new ClientConnection(now, attempt, this.settings, this.#platform, this.#listener, (to, bytes) =>
      this.#out.push({ type: "send", attempt: to, bytes }),
    );
    this.#out.push({ type: "connect", attempt });
  }

  /** The WELCOME of this connection. @throws RemoteProtocolError where it can not be true; nothing has changed then */
  #welcome(welcome: Welcome): ConnectionEnd | undefined {
    const isSameToken = this.#identity.tokenIs(welcome.token);
    const resumption = resumptionOf(this.#hello as Hello, welcome, isSameToken, this.#deliveries.member);
    const { isNewSession, isNewEpoch, isFresh, lostTo } = resumption;
    const end = this.#publishes.check(welcome, isNewSession, isNewEpoch);
    if (end !== undefined) return end;
    const { status, member, resumeFrom, head } = welcome;
    const previous = this.#toldEpoch;
    this.#toldEpoch = welcome.epoch;
    this.#identity.welcomed(welcome.token);
    if (previous !== welcome.epoch) this.#stableUpTo = 0;
    this.#epoch = welcome.epoch;
    this.#head = head;
    this.#deliveries.member = member;
    this.#deliveries.welcomed(welcome.epoch, head);
    this.#roster.welcome(welcome.members, head, !isFresh && !isNewEpoch && lostTo === 0);
    this.#deliveries.notice({ type: "welcome", status, member, resumeFrom, head });
    if (isNewSession && this.#hadSession) this.#deliveries.notice({ type: "expired" });
    // Who asks anew (B33) may be given another epoch than the one that it was told of when nothing came.
    const isTold = isNewEpoch || (previous !== 0 && previous !== welcome.epoch);
    if (isTold) this.#deliveries.notice({ type: "epoch", previous, epoch: welcome.epoch, from: resumeFrom });
    if (isFresh) this.#deliveries.hasBegun = false;
    if (isFresh || isNewEpoch) this.#deliveries.begin(resumeFrom - 1);
    this.#publishes.welcome(welcome, isNewSession, isNewEpoch);
    if (lostTo > 0) this.#deliveries.lost(lostTo, "retention");
    this.#publishes.passed(this.#deliveries.last);
    this.#intake.welcome(this.#now, welcome, !isFresh && !isNewEpoch);
    this.#attempts.welcomed(this.#now);
    this.#hadSession = member !== 0;
    return undefined;
  }

  /** After a reconnection a server says again what is stable, and one that began anew knows of less (B21). */
  #stable(upTo: number): void {
    if (upTo <= this.#stableUpTo) return;
    this.#stableUpTo = upTo;
    this.#deliveries.notice({ type: "stable", upTo });
  }

  #publish(id: number, bytes: Uint8Array): void {
    if (this.settings.observer) this.#out.push({ type: "publishFailed", id, code: "OBSERVER" });
    else if (this.#isLeaving || this.#state === "ended") this.#out.push({ type: "publishFailed", id, code: "LEFT" });
    else this.#publishes.add(id, bytes);
  }

  /** What follows from what happened. */
  #settle(now: number): void {
    this.#deliveries.flush();
    const connection = this.#connection?.isOpen ? this.#connection : undefined;
    if (connection !== undefined && !connection.isFull) {
      for (const frame of this.#publishes.frames()) connection.send(now, frame);
    }
    this.#intake.settle(now, connection);
    this.#head = Math.max(this.#head, this.#deliveries.last);
    this.#intake.tellLag(this.#head);
    if (!this.#isLeaving) return;
    const isDone = this.#publishes.count === 0 && (connection !== undefined || !this.#hadSession);
    if (isDone || now >= this.#leaveAt) this.#depart(now, "the room was left", true);
  }

  #end(now: number, end: ConnectionEnd | undefined): void {
    const connection = this.#connection;
    if (end === undefined || connection === undefined) return;
    const { code, why, isFinal = false } = end;
    this.#deliveries.flush();
    this.#out.push({ type: "disconnect", attempt: connection.attempt, why });
    if (code !== undefined && (isFinal || this.#attempts.endsWith(code))) this.#finish(code, why);
    else this.#lost(now, why);
  }

  /** The connection is gone. */
  #lost(now: number, why: string): void {
    this.#connection = undefined;
    this.#deliveries.flush();
    this.#deliveries.disconnected();
    this.#publishes.disconnected();
    this.#intake.disconnected();
    // A snapshot that was to come behind the WELCOME did not come whole: it is asked for again.
    if (this.settings.start === "snapshot" && !this.#deliveries.hasBegun && this.#hello?.epoch === 0) this.#epoch = 0;
    const retryInMs = this.#attempts.lost(now);
    if (retryInMs === undefined) {
      this.#finish("UNREACHABLE", why);
      return;
    }
    this.#state = "waiting";
    this.#deliveries.notice({ type: "disconnected", why, retryInMs });
    if (retryInMs === 0) this.#connect(now);
  }

  #close(now: number, leave: boolean, waitMs: number): void {
    if (this.#state === "ended") return;
    if (leave && this.#state !== "new") {
      this.#isLeaving = true;
      this.#leaveAt = Math.min(this.#leaveAt, now + waitMs);
      return;
    }
    this.#depart(now, "the client was closed", false);
  }

  #depart(now: number, why: string, isLeaving: boolean): void {
    const connection = this.#connection;
    if (connection?.isOpen) {
      this.#intake.finish(now, connection);
      if (isLeaving) connection.send(now, encode({ type: "close", code: "LEAVE", text: "" }));
    }
    if (connection !== undefined) this.#out.push({ type: "disconnect", attempt: connection.attempt, why });
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
}
