/** How many cores are busy with what is not ours (R29). */
import { cpus } from "node:os";
import { performance } from "node:perf_hooks";

export class Load {
  #last = read();
  readonly #cpuPercent: (() => number) | undefined;

  /** @param cpuPercent of all cores, where somebody else measures that; what is no number does not count */
  constructor(cpuPercent?: () => number) {
    this.#cpuPercent = cpuPercent;
  }

  /**
   * Since the last call, or the beginning.
   * @param running our attempts: each of them counts as one core
   */
  busyCores(running: number): number {
    const [before, now] = [this.#last, read()];
    this.#last = now;
    const total = now.total - before.total;
    if (total <= 0) return 0;
    const told = this.#cpuPercent?.() ?? Number.NaN;
    const share = Number.isNaN(told) ? 1 - (now.idle - before.idle) / total : Math.min(100, told) / 100;
    const busy = now.cores * share;
    const own = (now.ownMs - before.ownMs) / Math.max(1, now.at - before.at);
    return Math.max(0, busy - own - running);
  }
}

function read(): { total: number; idle: number; cores: number; ownMs: number; at: number } {
  let total = 0;
  let idle = 0;
  const all = cpus();
  for (const { times } of all) {
    total += times.user + times.nice + times.sys + times.idle + times.irq;
    idle += times.idle;
  }
  const { user, system } = process.cpuUsage();
  return { total, idle, cores: all.length, ownMs: (user + system) / 1_000, at: performance.now() };
}
