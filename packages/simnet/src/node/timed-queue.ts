/** Things to do at given times, with one timer for all of them. */
import { performance } from "node:perf_hooks";
import { EventQueue } from "../core/event-queue.js";

/** The longest delay that a timer takes. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Actions by time, on the clock of `performance.now()`. Nothing is done before its time. */
export class TimedQueue {
  #queue = new EventQueue();
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires. */
  #wakeAt: number | undefined;
  #isRunning = false;

  /** Does `action` at `at`; at once, behind everything that is due before it, where that time has come. */
  push(at: number, action: () => void): void {
    this.#queue.push(at, { perform: action });
    if (!this.#isRunning) this.#run(); // else an action added this: the loop comes to it
  }

  /** Forgets everything. */
  clear(): void {
    this.#queue = new EventQueue();
    this.#setTimer();
  }

  #run(): void {
    this.#isRunning = true;
    try {
      const now = performance.now();
      while ((this.#queue.nextTime() ?? Number.POSITIVE_INFINITY) <= now) this.#queue.pop()?.perform();
    } finally {
      this.#isRunning = false;
      this.#setTimer();
    }
  }

  #setTimer(): void {
    const at = this.#queue.nextTime();
    if (at === this.#wakeAt) return;
    clearTimeout(this.#timer);
    this.#wakeAt = at;
    if (at === undefined) return;
    // Timers cut fractions off: a rounded delay would wake too early and spin.
    const delay = Math.min(MAX_DELAY_MS, Math.max(0, Math.ceil(at - performance.now())));
    this.#timer = setTimeout(() => {
      this.#wakeAt = undefined;
      this.#run();
    }, delay);
  }
}
