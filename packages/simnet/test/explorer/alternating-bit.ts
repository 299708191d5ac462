/**
 * The alternating-bit protocol (Bartlett, Scantlebury and Wilkinson 1969): right on a channel that loses and duplicates
 * but keeps the order, wrong on one that does not. With numbers that never repeat it is right on both.
 */
import type { ExploredWorld, NodeInput, NodeOutput, NodeProgram, Scenario } from "../../src/core/index.js";

export const timeoutMs = 100;

export class Sender implements NodeProgram {
  readonly #messages: number;
  readonly #modulus: number;
  #next = 0;
  #deadline: number | undefined;

  constructor(messages: number, modulus: number) {
    this.#messages = messages;
    this.#modulus = modulus;
  }

  get isDone(): boolean {
    return this.#next === this.#messages;
  }

  handle(now: number, input: NodeInput): NodeOutput[] {
    if (input.type === "start") return [{ type: "bind", port: 1 }];
    if (input.type === "command") return this.#send(now);
    if (input.type === "tick" && this.#deadline !== undefined) return this.#send(now);
    if (input.type !== "datagram" || this.isDone || input.bytes[0] !== this.#next % this.#modulus) return [];
    this.#next++;
    return this.#send(now);
  }

  nextDeadline(): number | undefined {
    return this.#deadline;
  }

  fingerprint(now: number): string {
    return `${this.#next} ${this.#deadline === undefined ? "-" : this.#deadline - now}`;
  }

  #send(now: number): NodeOutput[] {
    this.#deadline = this.isDone ? undefined : now + timeoutMs;
    if (this.isDone) return [];
    const bytes = Uint8Array.of(this.#next % this.#modulus, this.#next);
    return [{ type: "datagram", port: 1, to: { node: "receiver", port: 1 }, bytes }];
  }
}

export class Receiver implements NodeProgram {
  readonly delivered: number[] = [];
  readonly #modulus: number;

  constructor(modulus: number) {
    this.#modulus = modulus;
  }

  handle(_now: number, input: NodeInput): NodeOutput[] {
    if (input.type === "start") return [{ type: "bind", port: 1 }];
    if (input.type !== "datagram") return [];
    const [number = 0, message = 0] = input.bytes;
    if (number === this.delivered.length % this.#modulus) this.delivered.push(message);
    return [{ type: "datagram", port: 1, to: input.from, bytes: Uint8Array.of(number) }];
  }

  nextDeadline(): undefined {
    return undefined;
  }

  fingerprint(): string {
    return this.delivered.join();
  }
}

/** `messages` messages 0, 1, 2, ... with numbers modulo `modulus`. */
export function alternatingBit(messages: number, modulus: number): Scenario {
  const delivered = (world: ExploredWorld): number[] => world.program<Receiver>("receiver")?.delivered ?? [];
  return {
    nodes: { sender: () => new Sender(messages, modulus), receiver: () => new Receiver(modulus) },
    commands: [{ node: "sender", command: "send" }],
    check: (world) =>
      delivered(world).every((message, index) => message === index) ? undefined : "a message in a wrong place",
    checkEnd: (world) =>
      delivered(world).length === messages && world.program<Sender>("sender")?.isDone ? undefined : "not all delivered",
    endState: (world) => `${delivered(world)}`,
    describe: (bytes, from) => (from.node === "sender" ? `message ${bytes[1]}, number ${bytes[0]}` : `ack ${bytes[0]}`),
  };
}
