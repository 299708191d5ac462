/** Runs the machine of a node: hands in what happens, one thing after another, and keeps its timer (docs/machine.md). */
import type { ElectionInput, ElectionOutput } from "../core/contract.js";
import type { Now } from "../core/stamp.js";

/** The longest delay that timers take. */
const MAX_DELAY_MS = 2 ** 31 - 1;
/** How far the clocks may drift apart between two looks before the machine is told. It may be told for nothing. */
const DISAGREEMENT_MS = 10;

/** What the loop itself tells a machine. */
type OfTheLoop = { readonly type: "tick" } | { readonly type: "clockJump" };

export interface LoopedMachine<Input, Output> {
  handle(now: Now, input: Input | OfTheLoop): Output[];
  /** By the monotonic clock. */
  nextDeadline(): number | undefined;
}

export class MachineLoop<Input = ElectionInput, Output = ElectionOutput> {
  readonly #machine: LoopedMachine<Input, Output>;
  readonly #now: () => Now;
  readonly #perform: (output: Output) => void;
  /** What happened while the machine was being told something, such as what a listener asked for. */
  readonly #held: (Input | OfTheLoop)[] = [];
  #isTelling = false;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;
  readonly #watch: NodeJS.Timeout;
  /** The wall clock's lead over the monotonic one. */
  #lead: number;

  /** @param watchMs how often the clocks are compared with each other */
  constructor(
    machine: LoopedMachine<Input, Output>,
    now: () => Now,
    watchMs: number,
    perform: (output: Output) => void,
  ) {
    this.#machine = machine;
    this.#now = now;
    this.#perform = perform;
    const { mono, wall } = now();
    this.#lead = wall - mono;
    this.#watch = setInterval(() => this.#compareClocks(), watchMs);
  }

  feed(input: Input | OfTheLoop): void {
    if (this.#isStopped) return;
    this.#held.push(input);
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (let next = this.#held.shift(); next !== undefined; next = this.#held.shift()) {
        // The clocks are read anew for each: performing the outputs of the last one took its time.
        for (const output of this.#machine.handle(this.#now(), next)) this.#perform(output);
      }
    } finally {
      this.#isTelling = false;
      this.#arm();
    }
  }

  /** No more timers, and nothing that happens matters any more. */
  stop(): void {
    this.#isStopped = true;
    this.#held.length = 0;
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
  }

  /**
   * One timer, set anew only where it would fire too late: deadlines move away with most messages, and a timer that fires
   * too early costs less than one that is set every time.
   */
  #arm(): void {
    const deadline = this.#machine.nextDeadline();
    if (this.#isStopped || deadline === undefined || deadline >= this.#wakeAt) return;
    clearTimeout(this.#timer);
    this.#wakeAt = deadline;
    const delayMs = Math.min(Math.max(0, Math.ceil(deadline - this.#now().mono)), MAX_DELAY_MS);
    this.#timer = setTimeout(this.#wake, delayMs);
  }

  readonly #wake = (): void => {
    this.#wakeAt = Number.POSITIVE_INFINITY;
    const deadline = this.#machine.nextDeadline();
    if (deadline !== undefined && deadline <= this.#now().mono) this.feed({ type: "tick" });
    else this.#arm();
  };

  /** Where the machine slept, or somebody set a clock, a lease may have ended without any deadline having come. */
  #compareClocks(): void {
    const { mono, wall } = this.#now();
    const lead = wall - mono;
    const changedMs = Math.abs(lead - this.#lead);
    this.#lead = lead;
    if (changedMs > DISAGREEMENT_MS) this.feed({ type: "clockJump" });
  }
}
