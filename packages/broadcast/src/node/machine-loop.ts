/** Runs a machine: hands in what happens, one thing after another, performs what it wants, and keeps its timer (docs/machine.md). */
import { performance } from "node:perf_hooks";

/** The longest delay that timers take. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export interface LoopedMachine<Input, Output> {
  handle(now: number, input: Input): readonly Output[];
  nextDeadline(): number | undefined;
}

/** What the loop itself tells a machine. */
interface Tick {
  readonly type: "tick";
}

export class MachineLoop<Input, Output> {
  readonly #machine: LoopedMachine<Input | Tick, Output>;
  readonly #perform: (output: Output) => void;
  readonly #settled: () => void;
  /** What happened while the machine was being told something: a listener asked, a write filled a connection. */
  #held: (Input | Tick)[] = [];
  #isTelling = false;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;

  /** @param settled called when all that happened so far was handed in and performed */
  constructor(
    machine: LoopedMachine<Input | Tick, Output>,
    perform: (output: Output) => void,
    settled: () => void = () => {},
  ) {
    this.#machine = machine;
    this.#perform = perform;
    this.#settled = settled;
  }

  feed(input: Input | Tick): void {
    if (this.#isStopped) return;
    if (this.#isTelling) {
      this.#held.push(input);
      return;
    }
    this.#isTelling = true;
    try {
      this.#tell(input);
      while (this.#held.length > 0 && !this.#isStopped) {
        const held = this.#held;
        this.#held = [];
        for (const one of held) this.#tell(one);
      }
    } finally {
      this.#isTelling = false;
      this.#arm();
    }
    this.#settled();
  }

  /** No more timers, and nothing that happens matters any more. */
  stop(): void {
    this.#isStopped = true;
    this.#held = [];
    clearTimeout(this.#timer);
  }

  #tell(input: Input | Tick): void {
    const outputs = this.#machine.handle(performance.now(), input);
    // By index: the machine may use the array again on its next call, which comes after this loop.
    for (let i = 0; i < outputs.length; i++) this.#perform(outputs[i] as Output);
  }

  /**
   * One timer, set anew only where it would fire too late: deadlines move away with most messages, and a timer that fires
   * too early costs less than one that is set every time.
   */
  #arm(): void {
    if (this.#isStopped) return;
    const deadline = this.#machine.nextDeadline();
    if (deadline === undefined || deadline >= this.#wakeAt) return;
    clearTimeout(this.#timer);
    this.#wakeAt = deadline;
    const delayMs = Math.min(Math.max(0, Math.ceil(deadline - performance.now())), MAX_DELAY_MS);
    this.#timer = setTimeout(this.#wake, delayMs);
  }

  readonly #wake = (): void => {
    this.#wakeAt = Number.POSITIVE_INFINITY;
    const deadline = this.#machine.nextDeadline();
    if (deadline !== undefined && deadline <= performance.now()) this.feed({ type: "tick" });
    else this.#arm();
  };
}
