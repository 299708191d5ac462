/** What the client knows of one host: its connection, its slots, and when it may be asked (docs/rake.md R28, R32, R51). */

import type { BuildContext } from "./build-context.js";
import { NEVER } from "./build-context.js";
import type { ActionMessage, HostLink } from "./host-link.js";
import type { ClientMessage, HostFacts } from "./messages.js";
import type { SharedUploads } from "./uploads-up.js";

/** What goes on at a host under one action id: an offer, then the attempt that it became. */
export interface Talk {
  readonly actionId: number;
  /** @throws RemoteProtocolError where the message is not due: the connection ends, and `lost` follows */
  message(message: ActionMessage): void;
  /** The host is gone. It has been forgotten already. */
  lost(why: string): void;
  /** The link takes more again. */
  drained(): void;
  /** Why the host is to be taken for lost, if it did not do in time what it must. */
  overdue(): string | undefined;
  nextDeadline(): number;
}

/** Slots that are used of a host that names more. */
const MAX_SLOTS = 1_024;
/** A host that is full is not asked again sooner, nor later, whatever it says. */
const MIN_RETRY_MS = 50;
const MAX_RETRY_MS = 60_000;

export class Host {
  readonly index: number;
  /** "host:port". */
  readonly address: string;
  link: HostLink | undefined;
  /** Of its last WELCOME. */
  facts: HostFacts | undefined;
  /** Why it is not there, or was not the last time. */
  why = "";
  /** It will not be connected to again. */
  isFinal = false;
  backoffUntil = 0;
  /** Attempts there, those included that are being cancelled. */
  running = 0;
  /** Offers that may hold a reservation. */
  held = 0;
  /** Of those, the ones whose bidding is over without an answer: it is slow, and not asked until it says something. */
  late = 0;
  readonly talks: Map<number, Talk> = new Map();
  readonly uploads: SharedUploads;
  readonly #context: BuildContext;
  #busyUntil = 0;
  #backoffMs: number;

  constructor(context: BuildContext, index: number, address: string, uploads: SharedUploads) {
    this.#context = context;
    this.index = index;
    this.address = address;
    this.uploads = uploads;
    this.#backoffMs = context.settings.backoffMs;
  }

  get isUp(): boolean {
    return this.link?.phase === "open";
  }

  /** It is there and not in back-off, and can run something at all. */
  get isUsable(): boolean {
    return this.isUp && this.#context.now >= this.backoffUntil && this.slots > 0;
  }

  get slots(): number {
    return Math.min(MAX_SLOTS, this.facts?.slots ?? 0);
  }

  get speed(): number {
    return Math.max(1, this.facts?.speed ?? 1_000);
  }

  get isBusy(): boolean {
    return this.#context.now < this.#busyUntil;
  }

  /** A QUOTE now may be answered by a bid. */
  get isAskable(): boolean {
    return this.isUsable && !this.isBusy && this.late === 0 && this.running + this.held < this.slots;
  }

  /** Only the biddings that are open keep it from being asked: it is worth waiting for them. */
  get isShadowed(): boolean {
    if (!this.isUsable || this.isBusy || this.late > 0) return false;
    return this.running < this.slots && this.running + this.held >= this.slots;
  }

  /** An attempt there has ended, or is waited for no more: its slot is free. Harmless where the host was lost meanwhile. */
  left(talk: Talk): void {
    if (this.talks.get(talk.actionId) !== talk) return;
    this.talks.delete(talk.actionId);
    this.running--;
    this.freed();
  }

  /** It is told that it is full (R51). */
  busyFor(retryAfterMs: number): void {
    this.#busyUntil = this.#context.now + Math.min(MAX_RETRY_MS, Math.max(MIN_RETRY_MS, retryAfterMs));
  }

  /** A slot of it was given back: it may be asked again. */
  freed(): void {
    this.#busyUntil = 0;
  }

  /** An action has succeeded there (R32). */
  succeeded(): void {
    this.#backoffMs = this.#context.settings.backoffMs;
    this.backoffUntil = 0;
  }

  /** From now on, twice as long each time; what is in back-off already stays so. Returns how long it still lasts. */
  backOff(): number {
    const { now, settings } = this.#context;
    if (now >= this.backoffUntil) {
      this.backoffUntil = now + this.#backoffMs;
      this.#backoffMs = Math.min(settings.maxBackoffMs, this.#backoffMs * 2);
    }
    return this.backoffUntil - now;
  }

  /** False where it could not be said. */
  say(message: ClientMessage): boolean {
    return this.link !== undefined && this.isUp && this.link.say(message);
  }

  /** When it may be asked again, where time alone keeps it from that. */
  nextAskable(): number {
    const { now } = this.#context;
    if (!this.isUp) return NEVER;
    const at = Math.max(this.backoffUntil, this.#busyUntil);
    return at > now ? at : NEVER;
  }
}
