/** What the two kinds of session of the v1 server share: their peer, their name, silence, and how they end. */

import type { Address, FileEffect, FileResult, ServerOutput } from "./contract.js";
import { encodeV1Packet, type V1Packet } from "./v1-packet.js";

/** What a server tells a new session. */
export interface V1SessionStart {
  readonly peer: Address;
  readonly name: string;
  /** A new id for an effect. */
  readonly newId: () => number;
}

/** An effect as a session asks for it: the session adds the id. */
export type WithoutId<Effect> = Effect extends { readonly id: number } ? Omit<Effect, "id"> : never;

/** What an ended session still answers, and with what. */
interface LastWord {
  readonly repeatOn: V1Packet["type"];
  readonly number: number;
  readonly answer: Uint8Array;
}

type Reported = Extract<ServerOutput, { readonly type: "served" }>["outcome"];

export abstract class V1Session {
  readonly name: string;
  protected readonly start: V1SessionStart;
  /** When it last answered; undefined while an effect is under way. Only packets that are answered break the silence. */
  #quietSince: number | undefined;
  #lastWord: LastWord | undefined;
  #isGone = false;

  constructor(start: V1SessionStart) {
    this.start = start;
    this.name = start.name;
  }

  /** When the silence began that ends in `forget`; undefined while the session waits for its own disk. */
  get quietSince(): number | undefined {
    return this.#quietSince;
  }

  /** The transfer has ended; what remains is the memory of it. */
  get isOver(): boolean {
    return this.#lastWord !== undefined;
  }

  /** Nothing of it is to be remembered. */
  get isGone(): boolean {
    return this.#isGone;
  }

  protected abstract readonly operation: "get" | "put";
  /** The first effect. */
  abstract begin(): ServerOutput[];
  protected abstract receive(now: number, packet: V1Packet): ServerOutput[];
  abstract effectEnded(now: number, result: FileResult): ServerOutput[];
  protected abstract transferredBytes(): number;
  /** Closes what is open. */
  protected abstract release(): ServerOutput[];
  protected abstract stateText(): string;

  handle(now: number, packet: V1Packet): ServerOutput[] {
    const last = this.#lastWord;
    if (last === undefined) return this.receive(now, packet);
    if (packet.type !== last.repeatOn || numberOf(packet) !== last.number) return [];
    if (this.operation === "get") this.#quietSince = now; // a PUT is remembered for a fixed time after its commit
    return [this.#datagram(last.answer)];
  }

  /** Whether a request finds the address free: the transfer is over, and this is no late copy of its request. */
  yieldsTo(packet: V1Packet): boolean {
    if (packet.type !== "get" && packet.type !== "put") return false;
    return this.isOver && (packet.type !== this.operation || packet.name !== this.name);
  }

  /** It is ended from outside: by silence for as long as the server waits, or because the server stops. */
  forget(code: "silence" | "stopped"): ServerOutput[] {
    return this.isOver ? [] : [...this.release(), this.#served("abandoned", code)];
  }

  /** Equal for sessions that will behave alike; times are relative to `now`. */
  fingerprint(now: number): string {
    const quiet = this.#quietSince === undefined ? "busy" : `quiet ${now - this.#quietSince}`;
    const last = this.#lastWord;
    const state = last === undefined ? this.stateText() : `over ${last.repeatOn} ${last.number} ${last.answer}`;
    return `${this.operation} ${this.name} ${state} ${quiet}`;
  }

  protected isSameRequest(packet: V1Packet): boolean {
    return packet.type === this.operation && packet.name === this.name;
  }

  protected answer(now: number, packet: V1Packet): ServerOutput {
    this.#quietSince = now;
    return this.#datagram(encodeV1Packet(packet));
  }

  protected effect(effect: WithoutId<FileEffect>, id: number = this.start.newId()): ServerOutput {
    this.#quietSince = undefined;
    return { ...effect, id } as ServerOutput;
  }

  /** The request cannot be granted: nothing is remembered, so that the same request may be granted later. */
  protected refuse(now: number, code: string, text: string): ServerOutput[] {
    this.#isGone = true;
    return [this.answer(now, { type: "error", number: 0, text }), this.#served("refused", code)];
  }

  /** The transfer ends with this packet, which is repeated for as long as it is remembered. */
  protected conclude(
    now: number,
    outcome: Reported,
    code: string,
    packet: V1Packet,
    repeatOn: V1Packet["type"],
    number: number,
  ): ServerOutput[] {
    const sent = this.answer(now, packet);
    this.#lastWord = { repeatOn, number, answer: encodeV1Packet(packet) };
    return [sent, this.#served(outcome, code)];
  }

  #datagram(bytes: Uint8Array): ServerOutput {
    return { type: "datagram", to: this.start.peer, bytes };
  }

  #served(outcome: Reported, code: string): ServerOutput {
    const { peer, name } = this.start;
    const bytes = this.transferredBytes();
    return { type: "served", peer, version: 1, operation: this.operation, name, bytes, outcome, code };
  }
}

/** The number of a packet; a request has 0. */
function numberOf(packet: V1Packet): number {
  return packet.type === "get" || packet.type === "put" ? 0 : packet.number;
}
