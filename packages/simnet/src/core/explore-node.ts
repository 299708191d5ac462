/** A node of a world of the explorer: its program, while it is up, and what belongs to it. */

import type { CreateProgram, NodeOutput, NodeProgram } from "./contract.js";
import { SimnetError } from "./errors.js";
import type { StateHash } from "./explore-hash.js";
import { Random } from "./random.js";

export class ExploredNode {
  readonly name: string;
  readonly durable: Map<string, unknown> = new Map();
  readonly #create: CreateProgram;
  readonly #seed: number;
  readonly #ports = new Set<number>();
  #program: NodeProgram | undefined;
  #incarnation = 0;
  /** Equal programs that will be given other random bytes are not in equal states. */
  #draws = 0;

  constructor(name: string, create: CreateProgram, seed: number) {
    this.name = name;
    this.#create = create;
    this.#seed = seed;
  }

  get program(): NodeProgram | undefined {
    return this.#program;
  }

  /** Creates the next incarnation; the caller hands it `start`. */
  boot(): void {
    const incarnation = ++this.#incarnation;
    this.#draws = 0;
    const randomBytes = (length: number): Uint8Array =>
      new Random(`${this.#seed} ${this.name} ${incarnation} ${this.#draws++}`).bytes(length);
    const wallClock = (): number => 0; // what it would show is no part of a state
    this.#program = this.#create({
      name: this.name,
      incarnation,
      boot: incarnation,
      randomBytes,
      durable: this.durable,
      wallClock,
    });
  }

  crash(durable: "kept" | "lost"): void {
    this.#program = undefined;
    this.#ports.clear();
    if (durable === "lost") this.durable.clear();
  }

  bind(port: number): void {
    this.#ports.add(port);
  }

  isBound(port: number): boolean {
    return this.#ports.has(port);
  }

  /** When the program wants to be woken; undefined for never, and while the node is down. */
  get deadline(): number | undefined {
    const deadline = this.#program?.nextDeadline();
    return deadline === Number.POSITIVE_INFINITY ? undefined : deadline;
  }

  /** Whether the state of the node can be told from others; while it is down, always. */
  get hasFingerprint(): boolean {
    return this.#program === undefined || this.#program.fingerprint !== undefined;
  }

  addTo(hash: StateHash, now: number): void {
    hash.value(this.durable, `the durable state of ${this.name}`);
    hash.word(this.#incarnation);
    hash.word(this.#program === undefined ? 0 : 1);
    if (this.#program === undefined) return;
    hash.word(this.#draws);
    hash.word(this.#ports.size);
    for (const port of this.#ports) hash.word(port);
    hash.number((this.deadline ?? Number.NaN) - now);
    hash.text(this.#program.fingerprint?.(now) ?? "");
  }
}

/** @throws SimnetError `PROGRAM_MISUSE` */
export function refuseOutput(node: string, output: NodeOutput): never {
  throw new SimnetError("PROGRAM_MISUSE", `${node} asks for ${output.type}: the explorer knows datagrams alone`);
}
