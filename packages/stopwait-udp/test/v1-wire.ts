/** Machines of this package on one wire, in virtual time: enough to try a pair of them; whole worlds run in simnet. */
import type { Address, ClientOutput, Outcome, ServerOutput, TransferInput } from "../src/core/contract.js";
import type { MemoryDisk } from "./memory-disk.js";

export interface WireMachine {
  handle(now: number, input: TransferInput): readonly (ClientOutput | ServerOutput)[];
  nextDeadline(): number | undefined;
}

export interface SentPacket {
  readonly at: number;
  readonly from: Address;
  readonly to: Address;
  readonly bytes: Uint8Array;
  /** Position among all packets of the wire, from 0. */
  readonly index: number;
}

/** When the copies of a packet arrive, in milliseconds from now: none, one or several. */
export type Channel = (packet: SentPacket) => readonly number[];

interface Station {
  readonly address: Address;
  readonly machine: WireMachine;
  readonly disk: MemoryDisk | undefined;
  /** How long the next effect takes; 0 is at once. */
  readonly effectMs: () => number;
  readonly reports: (ClientOutput | ServerOutput)[];
}

interface Event {
  readonly at: number;
  readonly order: number;
  readonly happen: () => void;
}

export class Wire {
  now = 0;
  readonly sent: SentPacket[] = [];
  readonly #channel: Channel;
  readonly #stations: Station[] = [];
  readonly #events: Event[] = [];
  #order = 0;

  constructor(channel: Channel = () => [1]) {
    this.#channel = channel;
  }

  add(address: Address, machine: WireMachine, disk?: MemoryDisk, effectMs: () => number = () => 0): Station {
    const station = { address, machine, disk, effectMs, reports: [] };
    this.#stations.push(station);
    return station;
  }

  /** Puts a packet on the wire that no machine sent; it arrives after `delayMs`, whatever the channel does. */
  inject(from: Address, to: Address, bytes: Uint8Array, delayMs = 0): void {
    this.#later(delayMs, () => this.#deliver(from, to, bytes));
  }

  feed(station: Station, input: TransferInput): void {
    for (const output of station.machine.handle(this.now, input)) {
      if (output.type === "datagram") this.#send(station.address, output.to, output.bytes.slice());
      else if (output.type === "progress" || output.type === "finished" || output.type === "served") {
        station.reports.push(output);
      } else {
        const { disk } = station;
        if (disk === undefined) throw new Error(`nobody does ${output.type}`);
        const afterMs = station.effectMs();
        const ticket = disk.submit(output);
        const end = (): void => {
          const result = disk.complete(ticket);
          if (result !== undefined) this.feed(station, result);
        };
        if (afterMs === 0 && !("id" in output)) end();
        else this.#later(afterMs, end);
      }
    }
  }

  /** Until nothing is left to happen, or so much time has gone by. */
  run(forMs = 600_000): void {
    const end = this.now + forMs;
    for (;;) {
      const event = this.#events[0];
      const due = this.#nextDue();
      const at = Math.min(event?.at ?? Number.POSITIVE_INFINITY, due.at);
      if (at > end || at === Number.POSITIVE_INFINITY) break;
      this.now = at;
      if (event !== undefined && event.at <= due.at) {
        this.#events.shift();
        event.happen();
      } else if (due.station !== undefined) this.feed(due.station, { type: "tick" });
    }
  }

  #nextDue(): { readonly station: Station | undefined; readonly at: number } {
    let [station, at]: [Station | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
    for (const one of this.#stations) {
      const deadline = Math.max(this.now, one.machine.nextDeadline() ?? Number.POSITIVE_INFINITY);
      if (deadline < at) [station, at] = [one, deadline];
    }
    return { station, at };
  }

  #send(from: Address, to: Address, bytes: Uint8Array): void {
    const packet = { at: this.now, from, to, bytes, index: this.sent.length };
    this.sent.push(packet);
    for (const delay of this.#channel(packet)) this.#later(delay, () => this.#deliver(from, to, bytes));
  }

  #deliver(from: Address, to: Address, bytes: Uint8Array): void {
    const station = this.#stations.find(({ address }) => address.host === to.host && address.port === to.port);
    if (station !== undefined) this.feed(station, { type: "datagram", from, bytes });
  }

  #later(afterMs: number, happen: () => void): void {
    const event = { at: this.now + afterMs, order: this.#order++, happen };
    let place = this.#events.length;
    while (place > 0 && (this.#events[place - 1]?.at ?? 0) > event.at) place--;
    this.#events.splice(place, 0, event);
  }
}

/** How the client at this station ended. */
export function outcomeOf({
  reports,
}: {
  readonly reports: readonly (ClientOutput | ServerOutput)[];
}): Outcome | undefined {
  const finished = reports.filter((report) => report.type === "finished");
  if (finished.length > 1) throw new Error("a client that ends more than once");
  return finished[0]?.outcome;
}
