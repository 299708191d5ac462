/** Runs a machine: tells it what happens, one thing after another, performs what it wants, and keeps its one timer (docs/machine.md). */
import { performance } from "node:perf_hooks";
import { MAX_MS } from "../core/option-checks.js";

export interface LoopedMachine<Input, Output> {
  handle(now: number, input: Input): readonly Output[];
  nextDeadline(): number | undefined;
}

interface Tick {
  readonly type: "tick";
}

export interface LoopEvents<Output> {
  perform(output: Output): void;
  /** All that happened so far was told and performed: what was to be sent together can go. */
  settled(): void;
}

export class MachineLoop<Input, Output> {
  readonly #machine: LoopedMachine<Input | Tick, Output>;
  readonly #events: LoopEvents<Output>;
  /** What happened while the machine was being told something, or what it wanted was being done. */
  readonly #waiting: (Input | Tick)[] = [];
  #isTelling = false;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;
  #wakesAt = Number.POSITIVE_INFINITY;

  constructor(machine: LoopedMachine<Input | Tick, Output>, events: LoopEvents<Output>) {
    this.#machine = machine;
    this.#events = events;
  }

  /** @throws what performing throws; nothing that waited is lost then */
  tell(input: Input | Tick): void {
    if (this.#isStopped) return;
    this.#waiting.push(input);
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined && !this.#isStopped; next = this.#waiting.shift()) {
        for (const output of this.#machine.handle(performance.now(), next)) this.#events.perform(output);
      }
    } finally {
      this.#isTelling = false;
    }
    this.#events.settled();
    this.#setTimer();
  }

  /** No timer is left, and nothing that happens is told any more. */
  stop(): void {
    this.#isStopped = true;
    this.#waiting.length = 0;
    clearTimeout(this.#timer);
  }

  /** Set anew only where it would fire too late: one that fires too early costs less than one that is set each time. */
  #setTimer(): void {
    const deadline = this.#isStopped ? undefined : this.#machine.nextDeadline();
    if (deadline === undefined || deadline >= this.#wakesAt) return;
    clearTimeout(this.#timer);
    this.#wakesAt = deadline;
    const delayMs = Math.min(MAX_MS, Math.max(0, Math.ceil(deadline - performance.now())));
    this.#timer = setTimeout(() => this.#wake(), delayMs);
  }

  #wake(): void {
    this.#wakesAt = Number.POSITIVE_INFINITY;
    const deadline = this.#machine.nextDeadline();
    if (deadline !== undefined && deadline <= performance.now()) this.tell({ type: "tick" });
    else this.#setTimer();
  }
}
