/**
 * A server, its clients and the channel between them, in virtual time: small enough to run a thousand transfers in a
 * second. What becomes of each packet is told by a function, so that a property can make schedules of faults.
 */
import type {
  Address,
  ClientOutput,
  FileEffect,
  FileResult,
  Outcome,
  ServerOutput,
  TransferInput,
} from "../src/core/index.js";
import { Flag, flagsOf, Type, typeOf } from "../src/core/v2-packet.js";
import type { MemoryDisk } from "./memory-disk.js";

interface Machine<Output> {
  handle(now: number, input: TransferInput): Output[];
  nextDeadline(): number | undefined;
}

export interface Sent {
  /** 0 for the first packet of the world, whoever sent it. */
  readonly index: number;
  readonly from: Address;
  readonly to: Address;
  readonly bytes: Uint8Array;
  readonly now: number;
}

/** Copies that arrive; none for a lost packet. */
export type Channel = (sent: Sent) => readonly { readonly afterMs: number; readonly bytes?: Uint8Array }[];

/** Everything arrives, 10 ms later. */
export const perfect: Channel = () => [{ afterMs: 10 }];

interface Party {
  readonly address: Address;
  machine: Machine<ClientOutput | ServerOutput>;
  disk: MemoryDisk;
  outcome: Outcome | undefined;
  /** Effects of a former machine are nobody's. */
  generation: number;
}

export interface WorldOptions {
  readonly channel?: Channel;
  /** How long the disk takes; 0 answers before the next packet. Default 0. */
  readonly diskMs?: (effect: FileEffect) => number;
}

export const SERVER: Address = { host: "server", port: 50_001 };

export class V2World {
  now = 0;
  /** All that was sent, in order. */
  readonly sent: Sent[] = [];
  readonly served: Extract<ServerOutput, { readonly type: "served" }>[] = [];
  /** What happens before a packet is handed over; for looks at the state between packets. */
  beforeEach: (() => void) | undefined;
  readonly #parties = new Map<string, Party>();
  readonly #events: { readonly at: number; readonly order: number; readonly act: () => void }[] = [];
  readonly #options: WorldOptions;
  #order = 0;

  constructor(options: WorldOptions = {}) {
    this.#options = options;
  }

  add(address: Address, machine: Machine<ClientOutput | ServerOutput>, disk: MemoryDisk): void {
    const key = `${address.host}:${address.port}`;
    const generation = (this.#parties.get(key)?.generation ?? 0) + 1;
    this.#parties.set(key, { address, machine, disk, outcome: undefined, generation });
  }

  outcome(address: Address): Outcome | undefined {
    return this.#parties.get(`${address.host}:${address.port}`)?.outcome;
  }

  /** Hands an input over at once. */
  give(address: Address, input: TransferInput): void {
    const party = this.#parties.get(`${address.host}:${address.port}`);
    if (party !== undefined) this.#handle(party, input);
  }

  /** A packet out of nowhere. */
  inject(from: Address, to: Address, bytes: Uint8Array, afterMs = 0): void {
    this.#at(this.now + afterMs, () => this.give(to, { type: "datagram", from, bytes: bytes.slice() }));
  }

  /** Runs until nothing is left to happen, or until `done`. @throws Error after `untilMs` of the world's time */
  run({ untilMs = 1_000_000, done = () => false }: { untilMs?: number; done?: () => boolean } = {}): void {
    while (!done()) {
      const [next] = this.#events;
      let due: Party | undefined;
      let at = next?.at ?? Number.POSITIVE_INFINITY;
      for (const party of this.#parties.values()) {
        const deadline = party.machine.nextDeadline();
        if (deadline !== undefined && deadline < at) {
          at = deadline;
          due = party;
        }
      }
      if (at === Number.POSITIVE_INFINITY) return;
      if (at > untilMs) throw new Error(`not over after ${untilMs} ms`);
      this.now = Math.max(this.now, at);
      this.beforeEach?.();
      if (due !== undefined) this.#handle(due, { type: "tick" });
      else this.#events.shift()?.act();
    }
  }

  /** Packets of one type that went to or came from an address. */
  count(type: number, address?: Address): number {
    const isOf = ({ from, to }: Sent): boolean => address === undefined || from === address || to === address;
    return this.sent.filter((one) => typeOf(one.bytes) === type && isOf(one)).length;
  }

  /** Packets with the retry flag that a timeout of a client sent. */
  get timeouts(): number {
    const isRetry = ({ from, bytes }: Sent): boolean => from !== SERVER && (flagsOf(bytes) & Flag.RETRY) !== 0;
    return this.sent.filter(isRetry).length;
  }

  /** The types of what was sent, by their names, and by whom. */
  get story(): string[] {
    const names = Object.entries(Type);
    return this.sent.map(({ from, bytes }) => {
      const name = names.find(([, type]) => type === typeOf(bytes))?.[0];
      return `${from === SERVER ? "S" : "C"} ${name}`;
    });
  }

  #handle(party: Party, input: TransferInput): void {
    const outputs = party.machine.handle(this.now, input);
    for (const output of outputs) this.#perform(party, output);
  }

  #perform(party: Party, output: ClientOutput | ServerOutput): void {
    if (output.type === "datagram") this.#send(party.address, output.to, output.bytes.slice());
    else if (output.type === "finished") party.outcome = output.outcome;
    else if (output.type === "served") this.served.push(output);
    else if (output.type !== "progress") this.#disk(party, output);
  }

  #disk(party: Party, effect: FileEffect): void {
    const { disk, generation } = party;
    const ticket = disk.submit(effect);
    const deliver = (result: FileResult | undefined): void => {
      const key = `${party.address.host}:${party.address.port}`;
      if (result !== undefined && this.#parties.get(key)?.generation === generation) this.#handle(party, result);
    };
    const afterMs = this.#options.diskMs?.(effect) ?? 0;
    this.#at(this.now + afterMs, () => deliver(disk.complete(ticket)));
  }

  #send(from: Address, to: Address, bytes: Uint8Array): void {
    const sent = { index: this.sent.length, from, to, bytes, now: this.now };
    this.sent.push(sent);
    for (const { afterMs, bytes: arriving } of (this.#options.channel ?? perfect)(sent)) {
      this.inject(from, to, arriving ?? bytes, afterMs);
    }
  }

  #at(at: number, act: () => void): void {
    const order = ++this.#order;
    let place = this.#events.length;
    while (place > 0 && (this.#events[place - 1]?.at ?? 0) > at) place--;
    this.#events.splice(place, 0, { at, order, act });
  }
}
