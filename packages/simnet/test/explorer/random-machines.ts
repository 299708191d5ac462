/** Small worlds of machines that are tables, drawn at random: whatever the explorer does must be right for them too. */
import fc from "fast-check";
import type { NodeInput, NodeOutput, NodeProgram, Scenario } from "../../src/core/index.js";

/** What a machine does in one of its states at one input. */
interface Row {
  readonly next: number;
  readonly send: number | undefined;
  readonly timer: number | undefined;
  readonly effect: number | undefined;
}

const states = 3;
const inputs = 4; // start and tick, an effect, packets 0 and 1

class TableMachine implements NodeProgram {
  readonly #name: string;
  readonly #table: readonly Row[];
  readonly #durable: Map<string, unknown>;
  /** How much it may still do, so that every world comes to its end. */
  #left = 3;
  #state: number;
  #deadline: number | undefined;

  constructor(name: string, table: readonly Row[], durable: Map<string, unknown>) {
    this.#name = name;
    this.#table = table;
    this.#durable = durable;
    this.#state = (durable.get("state") as number | undefined) ?? 0;
  }

  handle(now: number, input: NodeInput): NodeOutput[] {
    const kind = input.type === "datagram" ? 2 + ((input.bytes[0] ?? 0) % 2) : input.type === "later" ? 1 : 0;
    const { next, send, timer, effect } = this.#table[this.#state * inputs + kind] as Row;
    this.#state = next;
    this.#durable.set("state", next);
    const outputs: NodeOutput[] = input.type === "start" ? [{ type: "bind", port: 1 }] : [];
    this.#deadline = undefined;
    if (this.#left === 0) return outputs;
    this.#left--;
    if (timer !== undefined) this.#deadline = now + timer;
    if (effect !== undefined) outputs.push({ type: "later", afterMs: effect, token: effect });
    const to = { node: this.#name === "a" ? "b" : "a", port: 1 };
    if (send !== undefined) outputs.push({ type: "datagram", port: 1, to, bytes: Uint8Array.of(send) });
    return outputs;
  }

  nextDeadline(): number | undefined {
    return this.#deadline;
  }

  fingerprint(now: number): string {
    return `${this.#state} ${this.#left} ${this.#deadline === undefined ? "-" : this.#deadline - now}`;
  }

  get summary(): string {
    return `${this.#state}/${this.#left}`;
  }
}

const row: fc.Arbitrary<Row> = fc.record({
  next: fc.nat(states - 1),
  send: fc.option(fc.nat(1), { nil: undefined }),
  timer: fc.option(fc.constantFrom(0, 3, 10), { nil: undefined, freq: 2 }),
  effect: fc.option(fc.constantFrom(0, 2, 10), { nil: undefined, freq: 1 }),
});
const table = fc.array(row, { minLength: states * inputs, maxLength: states * inputs });

/** Two such machines, and one summary of a state that counts as a failure. */
export const randomWorlds: fc.Arbitrary<Scenario> = fc
  .record({
    a: table,
    b: table,
    bad: fc.nat(states - 1),
    durable: fc.constantFrom("kept" as const, "lost" as const),
    restart: fc.constantFrom("any time" as const, "at once" as const, "never" as const),
    deliveryMs: fc.constantFrom(0, 1),
    maxDelayMs: fc.constantFrom(5, Number.POSITIVE_INFINITY),
  })
  .map(({ a, b, bad, durable, restart, deliveryMs, maxDelayMs }): Scenario => {
    const tables = { a, b };
    const create =
      (name: "a" | "b"): Scenario["nodes"][string] =>
      (environment) =>
        new TableMachine(name, tables[name], environment.durable);
    return {
      nodes: { a: create("a"), b: create("b") },
      faults: { crashes: [{ node: "b", durable, restart }] },
      deliveryMs,
      maxDelayMs,
      checkEnd: (world) => {
        const ends = ["a", "b"].map((name) => world.program<TableMachine>(name)?.summary);
        return ends[0] === `${bad}/0` && ends[1] === `${bad}/0` ? "bad" : undefined;
      },
      endState: (world) => ["a", "b"].map((name) => world.program<TableMachine>(name)?.summary).join(" "),
    };
  });
