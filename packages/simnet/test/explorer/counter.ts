/**
 * A server that counts orders, each once, and a client that repeats each order until it is acknowledged. How the server
 * keeps its count decides what a crash does to it.
 */
import type {
  NodeEnvironment,
  NodeInput,
  NodeOutput,
  NodeProgram,
  PossibleCrash,
  Scenario,
} from "../../src/core/index.js";

/** `memory`: nothing is kept; `early`: the acknowledgement leaves before the disk is done; `safe`: after it. */
export type Keeping = "memory" | "early" | "safe";

class Server implements NodeProgram {
  readonly orders: Set<number>;
  readonly #keeping: Keeping;
  readonly #durable: Map<string, unknown>;

  constructor({ durable }: NodeEnvironment, keeping: Keeping) {
    this.#keeping = keeping;
    this.#durable = durable;
    this.orders = new Set((durable.get("orders") as number[] | undefined) ?? []);
  }

  handle(_now: number, input: NodeInput): NodeOutput[] {
    if (input.type === "start") return [{ type: "bind", port: 1 }];
    if (input.type === "later") return this.#written(input.token as number);
    if (input.type !== "datagram") return [];
    const order = input.bytes[0] ?? 0;
    this.orders.add(order);
    const ack = this.#ack(order);
    if (this.#keeping === "memory") return [ack];
    const write: NodeOutput = { type: "later", afterMs: 2, token: order };
    return this.#keeping === "early" ? [ack, write] : [write];
  }

  nextDeadline(): undefined {
    return undefined;
  }

  fingerprint(): string {
    return [...this.orders].join();
  }

  #written(order: number): NodeOutput[] {
    const kept = new Set((this.#durable.get("orders") as number[] | undefined) ?? []).add(order);
    this.#durable.set("orders", [...kept]);
    return this.#keeping === "safe" ? [this.#ack(order)] : [];
  }

  #ack(order: number): NodeOutput {
    return { type: "datagram", port: 1, to: { node: "client", port: 1 }, bytes: Uint8Array.of(order) };
  }
}

class Client implements NodeProgram {
  acknowledged = 0;
  readonly #orders: number;
  #deadline: number | undefined;

  constructor(orders: number) {
    this.#orders = orders;
  }

  handle(now: number, input: NodeInput): NodeOutput[] {
    if (input.type === "datagram" && input.bytes[0] === this.acknowledged + 1) this.acknowledged++;
    else if (input.type !== "start" && input.type !== "tick") return [];
    const isDone = this.acknowledged === this.#orders;
    this.#deadline = isDone ? undefined : now + 100;
    const bytes = Uint8Array.of(this.acknowledged + 1);
    const order: NodeOutput = { type: "datagram", port: 1, to: { node: "server", port: 1 }, bytes };
    return [{ type: "bind", port: 1 }, ...(isDone ? [] : [order])];
  }

  nextDeadline(): number | undefined {
    return this.#deadline;
  }

  fingerprint(now: number): string {
    return `${this.acknowledged} ${this.#deadline === undefined ? "-" : this.#deadline - now}`;
  }
}

export function counter(keeping: Keeping, crash: Omit<PossibleCrash, "node">): Scenario {
  return {
    nodes: { server: (environment) => new Server(environment, keeping), client: () => new Client(2) },
    faults: { crashes: [{ node: "server", ...crash }] },
    checkEnd: (world) => {
      const counted = world.program<Server>("server")?.orders.size;
      if (counted !== undefined && counted < (world.program<Client>("client")?.acknowledged ?? 0)) {
        return "an acknowledged order was forgotten";
      }
      return undefined;
    },
    endState: (world) => `${world.program<Client>("client")?.acknowledged} acknowledged`,
  };
}
