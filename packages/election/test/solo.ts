/** One machine, and a test that says what the others say. */
import { Envelope } from "../src/core/envelope.js";
import {
  type Body,
  type BodyOf,
  type BodyType,
  decodeMessage,
  Election,
  type ElectionInput,
  type ElectionOptions,
  type ElectionOutput,
  type Message,
  type Stored,
} from "../src/core/index.js";
import { resolveOptions } from "../src/core/options.js";
import { settingsOf } from "../src/core/settings.js";
import { plainPlatform } from "./plain-platform.js";

/** The incarnation of everybody who is made up. */
export const OTHER = "00000000000000ff";

export interface Speaker {
  readonly sender: string;
  readonly epoch?: number;
  readonly incarnation?: string;
}

export class Solo {
  readonly machine: Election;
  /** Of the others, which were told the same. */
  readonly #envelope: Envelope;
  mono = 0;
  wall = 1_700_000_000_000;

  /** Member `a` of `a`, `b`, `c`, unless told otherwise; starts at 0. */
  constructor(options: Partial<ElectionOptions> = {}, stored?: Stored) {
    const members = options.mode === "available" ? undefined : ["a", "b", "c"].map((id) => ({ id, address: id }));
    const platform = plainPlatform("solo");
    const told: ElectionOptions = { mode: "quorum", id: "a", address: "a", members, platform, ...options };
    this.machine = new Election(told, stored);
    const resolved = resolveOptions(told);
    this.#envelope = new Envelope(resolved, settingsOf(resolved));
    this.feed({ type: "start" });
  }

  feed(input: ElectionInput): ElectionOutput[] {
    return this.machine.handle({ mono: this.mono, wall: this.wall }, input);
  }

  /** What the machine answers to a message of somebody else, stores done. */
  hear({ sender, epoch = 0, incarnation = OTHER }: Speaker, body: Body, link = 1): ElectionOutput[] {
    const outputs = this.feed({
      type: "message",
      link,
      payload: this.#envelope.seal({ sender, epoch, incarnation }, body),
    });
    return [...outputs, ...this.store(outputs)];
  }

  /** Tells that all stores among the outputs are done; what that brings. */
  store(outputs: readonly ElectionOutput[]): ElectionOutput[] {
    return outputs.flatMap((output) => (output.type === "store" ? this.feed({ type: "stored", id: output.id }) : []));
  }

  /** Lets time pass on both clocks; everything that was due, stores done. */
  advance(ms: number): ElectionOutput[] {
    const end = this.mono + ms;
    const all: ElectionOutput[] = [];
    for (;;) {
      const next = this.machine.nextDeadline();
      if (next === undefined || next > end) break;
      this.#to(Math.max(next, this.mono));
      const outputs = this.feed({ type: "tick" });
      all.push(...outputs, ...this.store(outputs));
    }
    this.#to(end);
    return all;
  }

  #to(mono: number): void {
    this.wall += mono - this.mono;
    this.mono = mono;
  }

  get isLeader(): boolean {
    return this.machine.isLeader({ mono: this.mono, wall: this.wall });
  }

  get view(): ReturnType<Election["view"]> {
    return this.machine.view({ mono: this.mono, wall: this.wall });
  }

  /** The machine's own incarnation, as its messages say it. */
  get incarnation(): string {
    const [hello] = messagesOf(this.hear({ sender: "c" }, { type: "preVote", address: "c", stamp: STAMP }));
    return (hello as Message).header.incarnation;
  }
}

export const STAMP = { mono: 5, wall: 1_700_000_000_000 };

/** The messages among outputs, and where they go. */
export function messagesOf(outputs: readonly ElectionOutput[]): Message[] {
  return outputs.flatMap((output) => (output.type === "send" ? [decodeMessage(output.payload)] : []));
}

export function bodiesOf<Type extends BodyType>(outputs: readonly ElectionOutput[], type: Type): BodyOf<Type>[] {
  return messagesOf(outputs).flatMap(({ body }) => (body.type === type ? [body as BodyOf<Type>] : []));
}
