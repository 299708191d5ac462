/** How much may come: what is acknowledged, which window the server is told, and when nothing more is read (docs/broadcast.md B20, B21, B35). */

import { Acknowledgements } from "./acknowledgements.js";
import type { ClientConnection } from "./client-connection.js";
import type { ClientOutput } from "./client-contract.js";
import type { ClientSettings } from "./client-options.js";
import { encode, MAX_WINDOW } from "./codec.js";
import type { Deliveries } from "./deliveries.js";
import type { Welcome } from "./messages.js";
import { ENTRY_OVERHEAD_BYTES, type Unhandled } from "./unhandled.js";

/** With anything unacknowledged nothing more comes; with nothing, one entry. */
const SHUT = 1;
/** What the buffers on the way may hold of what a server sent before it heard that the window is shut. */
const ON_THE_WAY_BYTES = 16_777_216;

export class Intake {
  readonly #settings: ClientSettings;
  readonly #unhandled: Unhandled;
  readonly #acks: Acknowledgements;
  readonly #deliveries: Deliveries;
  readonly #put: (output: ClientOutput) => void;
  /** Above it the server has not kept to the window, and is not read from. */
  readonly #mostBytes: number;
  #isShut = false;
  #isAsked = true;
  /** The window that the server knows of on this connection. */
  #told = 0;
  #isBehind = false;

  constructor(
    settings: ClientSettings,
    unhandled: Unhandled,
    deliveries: Deliveries,
    put: (output: ClientOutput) => void,
  ) {
    this.#settings = settings;
    this.#unhandled = unhandled;
    this.#acks = new Acknowledgements(settings.window);
    this.#deliveries = deliveries;
    this.#put = put;
    const { maxQueuedBytes, window } = settings;
    this.#mostBytes = 2 * maxQueuedBytes + ON_THE_WAY_BYTES + window * ENTRY_OVERHEAD_BYTES;
  }

  /** For the HELLO of a new connection. */
  begin(): number {
    this.#told = this.#window;
    return this.#told;
  }

  /** The WELCOME came. @param resumes the server is to know what of its own epoch was handled before (B21) */
  welcome(now: number, { ackEvery, ackAfterMs }: Welcome, resumes: boolean): void {
    this.#acks.begin(this.#unhandled.handled, ackEvery, ackAfterMs);
    if (resumes) this.#acks.demand(now);
  }

  /** Whether somebody takes what comes: until then no entry counts for the window. */
  set isAsked(isAsked: boolean) {
    this.#isAsked = isAsked;
  }

  /** @throws RangeError where it was not delivered: the caller's mistake */
  handled(now: number, upTo: number): void {
    this.#unhandled.handle(upTo);
    this.#acks.handled(now, this.#unhandled.handled);
  }

  disconnected(): void {
    this.#acks.disconnected();
  }

  /** What follows from what came and was handled. Undefined: there is no connection that is open. */
  settle(now: number, connection: ClientConnection | undefined): void {
    const { bytes } = this.#unhandled;
    const { maxQueuedBytes } = this.#settings;
    this.#isShut = bytes > (this.#isShut ? maxQueuedBytes / 2 : maxQueuedBytes);
    if (connection === undefined) return;
    const isDue = this.#acks.isDue(now) || this.#window !== this.#told;
    if (isDue && !connection.isFull) this.#acknowledge(now, connection);
    const isPaused = bytes > (connection.isPaused ? maxQueuedBytes / 2 : this.#mostBytes);
    if (isPaused === connection.isPaused) return;
    connection.pause(now, isPaused);
    this.#put({ type: isPaused ? "pause" : "resume", attempt: connection.attempt });
  }

  /** Says what was handled and not said yet, if anything. */
  finish(now: number, connection: ClientConnection): void {
    if (this.#acks.isBehind(this.#unhandled.handled)) this.#acknowledge(now, connection);
  }

  /** @param head the highest number that is known of */
  tellLag(head: number): void {
    const behind = head - this.#unhandled.handled;
    if (this.#isBehind ? behind > 0 : behind <= this.#settings.lagNotice) return;
    this.#isBehind = !this.#isBehind;
    this.#deliveries.notice({ type: "lag", behind });
  }

  nextDeadline(): number {
    return this.#acks.nextDeadline();
  }

  get #window(): number {
    if (this.#isShut) return SHUT;
    return this.#isAsked ? this.#settings.window : MAX_WINDOW;
  }

  #acknowledge(now: number, connection: ClientConnection): void {
    const upTo = this.#unhandled.handled;
    this.#acks.sent(upTo);
    this.#told = this.#window;
    connection.send(now, encode({ type: "ack", last: upTo, window: this.#told }));
    this.#deliveries.notice({ type: "acknowledged", upTo });
  }
}
