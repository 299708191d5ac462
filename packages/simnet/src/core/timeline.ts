/** Virtual time: it stands still while something happens, and then jumps to whatever happens next. */

import { EventQueue, type Scheduled } from "./event-queue.js";

export class Timeline {
  readonly #queue = new EventQueue();
  #now = 0;

  /** Milliseconds since the start of the world. */
  get now(): number {
    return this.#now;
  }

  /** When the next event happens; undefined when nothing is left to happen. */
  nextTime(): number | undefined {
    return this.#queue.nextTime();
  }

  /** Has `event` happen at `at`; at once, behind what is due by now, where that is past; never at `Infinity`. */
  schedule(at: number, event: Scheduled): void {
    if (at === Number.POSITIVE_INFINITY) return;
    this.#queue.push(Math.max(at, this.#now), event);
  }

  /** Lets the next event happen. False when there was none. */
  step(): boolean {
    const at = this.#queue.nextTime();
    if (at === undefined) return false;
    this.#now = at;
    this.#queue.pop()?.perform();
    return true;
  }

  /** Lets time pass in which nothing happens. */
  idleUntil(time: number): void {
    if (time > this.#now) this.#now = time;
  }
}
