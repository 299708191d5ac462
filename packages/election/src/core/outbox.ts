/** What one call of the machine answers: messages sealed, stores numbered, silent connections renewed. */

import type { ElectionOutput, Stored, Target } from "./contract.js";
import { Envelope } from "./envelope.js";
import type { Body, Header } from "./messages.js";
import type { ResolvedOptions } from "./options.js";

/** Stores under way at once, at most (E46). */
const MAX_STORES = 16;
/** Addresses from which an answer is awaited, at most. */
const MAX_AWAITED = 256;

interface UnderWay {
  readonly state: Stored;
  readonly then: () => void;
}

export class Outbox {
  readonly #envelope: Envelope;
  readonly #header: () => Omit<Header, "cluster">;
  readonly #silenceMs: number;
  #outputs: ElectionOutput[] = [];
  #mono = 0;
  #lastStore = 0;
  readonly #stores = new Map<number, UnderWay>();
  /** Since when something that was sent there has not been answered. */
  readonly #awaited = new Map<string, number>();

  constructor(options: ResolvedOptions, header: () => Omit<Header, "cluster">) {
    this.#envelope = new Envelope(options);
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

  send(to: Target, body: Body): void {
    if ("address" in to) this.#renewSilent(to.address);
    this.emit({ type: "send", to, payload: this.#envelope.seal(this.#header(), body) });
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

  /** Stores, and goes on with `then` when that is done. False where too many are under way. */
  store(state: Stored, then: () => void): boolean {
    if (this.#stores.size >= MAX_STORES) return false;
    const id = ++this.#lastStore;
    this.#stores.set(id, { state, then });
    this.emit({ type: "store", id, state });
    return true;
  }

  /** What was stored, once per store. */
  stored(id: number): UnderWay | undefined {
    const underWay = this.#stores.get(id);
    this.#stores.delete(id);
    return underWay;
  }

  forget(): void {
    this.#stores.clear();
    this.#awaited.clear();
    this.#outputs = [];
  }
}
