/** Measures a node's load again and again, in the background; what fails or hangs costs a line of the log and no more. */
import type { Load } from "../core/load.js";
import type { Logger } from "./logger.js";

export interface LoadLoopOptions {
  readonly measureLoad: () => Promise<Load>;
  /** From the end of one measurement to the beginning of the next. */
  readonly measureMs: number;
  readonly measureTimeoutMs: number;
  readonly logger: Logger;
}

export class LoadLoop {
  readonly #options: LoadLoopOptions;
  readonly #measured: (load: Load) => void;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  #hasComplained = false;

  constructor(options: LoadLoopOptions, measured: (load: Load) => void) {
    this.#options = options;
    this.#measured = measured;
    void this.#measure();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #measure(): Promise<void> {
    const { measureLoad, measureMs, measureTimeoutMs } = this.#options;
    // One that hangs is waited for: otherwise there would be more and more of them.
    this.#timer = setTimeout(() => this.#complain(`it took longer than ${measureTimeoutMs} ms`), measureTimeoutMs);
    try {
      const load = checked(await measureLoad());
      if (!this.#isStopped) this.#measured(load);
    } catch (error) {
      this.#complain((error as Error)?.message ?? String(error));
    }
    clearTimeout(this.#timer);
    if (!this.#isStopped) this.#timer = setTimeout(() => void this.#measure(), measureMs);
  }

  #complain(why: string): void {
    if (this.#hasComplained || this.#isStopped) return;
    this.#hasComplained = true;
    this.#options.logger.warn({ why }, "the load cannot be measured; the last one stays");
  }
}

/** As it can be written: within range, in whole bytes. @throws TypeError where it is no load at all */
function checked(load: Load): Load {
  const totalRamBytes = bytes("totalRamBytes", load.totalRamBytes);
  return {
    cpuPercent: Math.min(100, Math.max(0, number("cpuPercent", load.cpuPercent))),
    usedRamBytes: Math.min(totalRamBytes, bytes("usedRamBytes", load.usedRamBytes)),
    totalRamBytes,
    freeBandwidthBytes: bytes("freeBandwidthBytes", load.freeBandwidthBytes),
    freeDiskBytes: bytes("freeDiskBytes", load.freeDiskBytes),
    measuredAtMs: bytes("measuredAtMs", load.measuredAtMs),
  };
}

function number(name: string, value: number): number {
  if (typeof value !== "number" || Number.isNaN(value))
    throw new TypeError(`${name} is ${value}, but must be a number`);
  return value;
}

function bytes(name: string, value: number): number {
  return Math.floor(Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, number(name, value))));
}
