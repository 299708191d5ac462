/** What one call of the machine answers: messages sealed, stores numbered, silent connections renewed. */

import { SENDER_MAY_BE_EMPTY } from "./codec.js";
import type { ElectionOutput, Stored, Target } from "./contract.js";
import { Envelope, type OwnHeader } from "./envelope.js";
import type { Body } from "./messages.js";
import type { ResolvedOptions } from "./options.js";
import { settingsOf } from "./settings.js";

/** Whatever waits for a store at once, at most (E46). */
const MAX_STORES = 16;
/** Addresses from which an answer is awaited, at most. */
const MAX_AWAITED = 256;

/** A store, and what goes on when it has ended. */
interface Storing {
  readonly state: Stored;
  readonly thens: readonly (() => void)[];
}

export class Outbox {
  readonly #envelope: Envelope;
  readonly #header: () => OwnHeader;
  readonly #silenceMs: number;
  #outputs: ElectionOutput[] = [];
  #mono = 0;
  #lastStore = 0;
  /** The one store that is under way has the number of `#lastStore`. */
  #underWay: Storing | undefined;
  /** The newest state, while another is being stored. */
  #waiting: Storing | undefined;
  /** Since when something that was sent there has not been answered. */
  readonly #awaited = new Map<string, number>();

  constructor(options: ResolvedOptions, header: () => OwnHeader) {
    this.#envelope = new Envelope(options, settingsOf(options));
    this.#header = header;
    this.#silenceMs = 2 * options.reportMs;
  }

  get envelope(): Envelope {
    return this.#envelope;
  }

  begin(mono: number): void {
    this.#mono = mono;
  }

  take(): ElectionOutput[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  emit(output: ElectionOutput): void {
    this.#outputs.push(output);
  }

  /** How many bytes a message of this body leaves free. */
  room(body: Body): number {
    return this.#envelope.room(this.#header(), body);
  }

  /** Nothing is sent that only a node with an id can say, while this one has none. */
  send(to: Target, body: Body, epoch?: number): void {
    const own = this.#header();
    const header = epoch === undefined ? own : { ...own, epoch };
    if (header.sender === "" && !SENDER_MAY_BE_EMPTY.has(body.type)) return;
    if ("address" in to) this.#renewSilent(to.address);
    this.emit({ type: "send", to, payload: this.#envelope.seal(header, body) });
  }

  /** Sends what will be answered on the same connection, if anybody is there (E34). */
  ask(address: string, body: Body): void {
    this.send({ address }, body);
    if (this.#awaited.has(address)) return;
    if (this.#awaited.size < MAX_AWAITED) this.#awaited.set(address, this.#mono);
  }

  heardFrom(address: string): void {
    this.#awaited.delete(address);
  }

  #renewSilent(address: string): void {
    const since = this.#awaited.get(address);
    if (since === undefined || this.#mono - since < this.#silenceMs) return;
    this.#awaited.delete(address);
    this.emit({ type: "renew", address });
  }

  /**
   * Stores, and goes on with `then` when that is done. While a store is under way the newest state alone waits, for all that
   * asked meanwhile: behind a slow disk old states would else pile up, and every vote come too late (E17). False where
   * too many wait.
   */
  store(state: Stored, then: () => void): boolean {
    const thens = this.#waiting?.thens ?? [];
    if ((this.#underWay?.thens.length ?? 0) + thens.length >= MAX_STORES) return false;
    if (this.#underWay === undefined) this.#begin({ state, thens: [then] });
    else this.#waiting = { state, thens: [...thens, then] };
    return true;
  }

  #begin(storing: Storing): void {
    this.#underWay = storing;
    this.emit({ type: "store", id: ++this.#lastStore, state: storing.state });
  }

  /** The store that has ended, well or not, once; the next one begins. */
  stored(id: number): Storing | undefined {
    if (id !== this.#lastStore) return undefined;
    const ended = this.#underWay;
    const next = this.#waiting;
    this.#underWay = undefined;
    this.#waiting = undefined;
    if (next !== undefined) this.#begin(next);
    return ended;
  }
}
