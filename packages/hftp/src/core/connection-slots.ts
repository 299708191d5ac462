/** Which connections of a download are made, made again, and given up (docs/hftp.md, H31, H40). */
import { ConnectionError, type HftpError } from "./errors.js";
import type { Job } from "./jobs.js";

/** A place for one connection at a time. */
export interface Slot {
  state: "idle" | "open" | "waiting" | "retired";
  /** Number of the connection: a new one each time. */
  connection: number;
  /** The server has answered on this connection. */
  answered: boolean;
  paused: boolean;
  /** What was asked for and is not answered, in order. */
  jobs: Job[];
  /** Losses in a row without a byte of the file in between that could be kept. */
  failures: number;
  retryAt: number;
}

export interface SlotOptions {
  readonly parallel: number;
  readonly maxRetries: number;
  readonly retryDelayMs: number;
  readonly maxRetryDelayMs: number;
}

export class ConnectionSlots {
  readonly #options: SlotOptions;
  readonly #randomBytes: (length: number) => Uint8Array;
  readonly #slots: readonly Slot[];
  #nextConnection = 1;

  constructor(options: SlotOptions, randomBytes: (length: number) => Uint8Array) {
    this.#options = options;
    this.#randomBytes = randomBytes;
    this.#slots = Array.from({ length: options.parallel }, () => ({
      state: "idle",
      connection: 0,
      answered: false,
      paused: false,
      jobs: [],
      failures: 0,
      retryAt: 0,
    }));
  }

  get open(): readonly Slot[] {
    return this.#slots.filter((slot) => slot.state === "open");
  }

  /** Whether something of this kind is asked for, and its answer matters. */
  isBusyWith(kind: Job["kind"]): boolean {
    return this.open.some((slot) => slot.jobs.some((job) => job.kind === kind && !job.void));
  }

  /** Every slot was given up. */
  get exhausted(): boolean {
    return this.#slots.every((slot) => slot.state === "retired");
  }

  /** The slot of an open connection. */
  find(connection: number): Slot | undefined {
    return this.#slots.find((slot) => slot.state === "open" && slot.connection === connection);
  }

  /** Connections to make now, so that `wanted` are open or on their way. */
  connect(now: number, wanted: number): Slot[] {
    const made: Slot[] = [];
    let active = this.open.length;
    const waiting = this.#slots.filter((slot) => slot.state === "waiting");
    for (const slot of [...waiting, ...this.#slots.filter((one) => one.state === "idle")]) {
      if (active >= wanted) break;
      active++;
      if (slot.state === "waiting" && now < slot.retryAt) continue;
      slot.state = "open";
      slot.connection = this.#nextConnection++;
      slot.answered = false;
      slot.paused = false;
      slot.jobs = [];
      made.push(slot);
    }
    return made;
  }

  /** A connection is gone: says whether its slot is tried again, after a wait, or given up. */
  lost(now: number, slot: Slot, error: HftpError): "retry" | "retired" {
    const { maxRetries, retryDelayMs, maxRetryDelayMs } = this.#options;
    const silent = !slot.answered && error instanceof ConnectionError && error.code === "TIMEOUT";
    slot.jobs = [];
    slot.failures++;
    // A server that serves one client at a time never answers a second connection (H31).
    const othersAnswer = this.open.some((other) => other !== slot && other.answered);
    if ((silent && othersAnswer) || slot.failures > maxRetries) {
      slot.state = "retired";
      return "retired";
    }
    const delay = Math.min(maxRetryDelayMs, retryDelayMs * 2 ** Math.min(slot.failures - 1, 30));
    const [random = 0] = this.#randomBytes(1);
    slot.state = "waiting";
    slot.retryAt = now + delay * (0.5 + random / 510);
    return "retry";
  }

  /** Makes the connection of a slot anew without counting its end as a failure. */
  again(slot: Slot): void {
    slot.state = "idle";
    slot.jobs = [];
  }

  /** No connection is needed any more. */
  close(): void {
    for (const slot of this.#slots) {
      slot.state = "retired";
      slot.jobs = [];
    }
  }

  /** When the next wait ends. One that has ended and led to no connection is not needed: it sets no deadline. */
  nextDeadline(now: number): number | undefined {
    const waiting = this.#slots.filter((slot) => slot.state === "waiting" && slot.retryAt > now);
    const times = waiting.map((slot) => slot.retryAt);
    return times.length === 0 ? undefined : Math.min(...times);
  }
}
