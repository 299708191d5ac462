/**
 * Machines of this package as a node of the simulator: each sits at a UDP port of its own with a disk in memory. What
 * the real driver does with sockets and files is done here with the simulator's, and nothing else.
 */
import type { NodeInput, NodeOutput, NodeProgram } from "@lab/simnet";
import type {
  ClientOutput,
  FileEffect,
  FileResult,
  Outcome,
  ServerOutput,
  TransferInput,
} from "../../src/core/contract.js";
import type { MemoryDisk } from "../memory-disk.js";

/** What every machine of this package is. */
export interface TransferMachine {
  handle(now: number, input: TransferInput): readonly (ClientOutput | ServerOutput)[];
  nextDeadline(): number | undefined;
  fingerprint?(now: number): string;
}

/** One machine of a node. */
export interface Seat {
  readonly port: number;
  readonly machine: TransferMachine;
  readonly disk: MemoryDisk;
  /** Milliseconds that each file effect takes; 0, the default, does it at once. */
  readonly diskMs?: () => number;
}

/** Told of what each machine wants, before it is done. */
export type Watch = (seat: Seat, output: ClientOutput | ServerOutput) => void;

export type Served = Extract<ServerOutput, { readonly type: "served" }>;

/** Plain data, so that the explorer can compare it. */
interface DiskToken {
  readonly port: number;
  readonly ticket: number;
}

export class TransferNode implements NodeProgram {
  readonly #seats: readonly Seat[];
  /** How the transfer of each client ended, by port. */
  readonly outcomes: Map<number, Outcome> = new Map();
  readonly served: Served[] = [];
  readonly #watch: Watch | undefined;

  constructor(seats: readonly Seat[], watch?: Watch) {
    this.#seats = seats;
    this.#watch = watch;
  }

  /** The machine at a port. */
  machine(port: number): TransferMachine | undefined {
    return this.#seats.find((one) => one.port === port)?.machine;
  }

  handle(now: number, input: NodeInput): NodeOutput[] {
    const outputs: NodeOutput[] = [];
    switch (input.type) {
      case "start":
        for (const { port } of this.#seats) outputs.push({ type: "bind", port });
        return outputs;
      case "tick":
        for (const seat of this.#seats) {
          const deadline = seat.machine.nextDeadline();
          if (deadline !== undefined && deadline <= now) this.#feed(now, seat, { type: "tick" }, outputs);
        }
        return outputs;
      case "datagram": {
        const seat = this.#seats.find((one) => one.port === input.port);
        if (seat === undefined) return outputs;
        const from = { host: input.from.node, port: input.from.port };
        this.#feed(now, seat, { type: "datagram", from, bytes: input.bytes }, outputs);
        return outputs;
      }
      case "later": {
        const { port, ticket } = input.token as DiskToken;
        const seat = this.#seats.find((one) => one.port === port);
        const result = seat?.disk.complete(ticket);
        if (seat !== undefined && result !== undefined) this.#feed(now, seat, result, outputs);
        return outputs;
      }
      default:
        return outputs;
    }
  }

  nextDeadline(): number | undefined {
    let next: number | undefined;
    for (const { machine } of this.#seats) {
      const deadline = machine.nextDeadline();
      if (deadline !== undefined && (next === undefined || deadline < next)) next = deadline;
    }
    return next;
  }

  /** Without the disks, which outlive the node: whoever keeps them has their fingerprints. */
  fingerprint(now: number): string {
    const machines = this.#seats.map(({ port, machine }) => `${port} ${machine.fingerprint?.(now)}`);
    const outcomes = [...this.outcomes].map(([port, outcome]) => `${port} ${outcomeText(outcome)}`);
    const served = this.served.map(({ operation, name, outcome, code }) => `${operation} ${name} ${outcome} ${code}`);
    return [...machines, ...outcomes, ...served].join("\n");
  }

  /** Hands an input in and does what the machine wants; what the disk answers at once is handed in after that. */
  #feed(now: number, seat: Seat, first: TransferInput, outputs: NodeOutput[]): void {
    const inputs = [first];
    for (let input = inputs.shift(); input !== undefined; input = inputs.shift()) {
      for (const output of seat.machine.handle(now, input)) {
        this.#watch?.(seat, output);
        switch (output.type) {
          case "datagram": {
            const to = { node: output.to.host, port: output.to.port };
            outputs.push({ type: "datagram", port: seat.port, to, bytes: output.bytes.slice() });
            break;
          }
          case "finished":
            this.outcomes.set(seat.port, output.outcome);
            break;
          case "served":
            this.served.push(output);
            break;
          case "progress":
            break;
          default: {
            const result = this.#perform(seat, output, outputs);
            if (result !== undefined) inputs.push(result);
          }
        }
      }
    }
  }

  #perform(seat: Seat, effect: FileEffect, outputs: NodeOutput[]): FileResult | undefined {
    const takesMs = seat.diskMs?.() ?? 0;
    if (takesMs === 0) return seat.disk.perform(effect);
    outputs.push({ type: "later", afterMs: takesMs, token: { port: seat.port, ticket: seat.disk.submit(effect) } });
    return undefined;
  }
}

/** `success`, `failed: timeout`, `unknown`. */
export function outcomeText(outcome: Outcome): string {
  return outcome.type === "failed" ? `failed: ${outcome.code}` : outcome.type;
}
