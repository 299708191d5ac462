/** B22: nobody is taken to have left before the time of grace is over, counted from the last connection of the member. */
import { Violation } from "./violation.js";

/** So little is lost where times are added. */
const ROUNDING_MS = 1e-6;

export class GraceWatch {
  readonly #graceMs: number;
  /** After a restart the time begins anew for all. */
  readonly #startedAt: number;
  readonly #connected = new Map<string, number>();
  readonly #goneAt = new Map<string, number>();

  constructor(graceMs: number, startedAt: number) {
    this.#graceMs = graceMs;
    this.#startedAt = startedAt;
  }

  welcomed(room: string, member: number): void {
    const key = `${room} ${member}`;
    this.#connected.set(key, (this.#connected.get(key) ?? 0) + 1);
  }

  gone(now: number, room: string, member: number): void {
    const key = `${room} ${member}`;
    this.#connected.set(key, (this.#connected.get(key) ?? 1) - 1);
    this.#goneAt.set(key, now);
  }

  /** A leave is taken for a member. @throws Violation */
  timedOut(now: number, room: string, member: number): void {
    const key = `${room} ${member}`;
    if ((this.#connected.get(key) ?? 0) > 0) {
      throw new Violation("B22", `member ${member} of ${room} has timed out, and is connected`);
    }
    const awayMs = now - (this.#goneAt.get(key) ?? this.#startedAt);
    if (awayMs < this.#graceMs - ROUNDING_MS) {
      throw new Violation("B22", `member ${member} of ${room} has timed out after ${awayMs} ms of ${this.#graceMs}`);
    }
  }
}
