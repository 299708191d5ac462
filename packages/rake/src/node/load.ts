/** How many cores are busy with what is not ours (R29). */
import { cpus } from "node:os";
import { performance } from "node:perf_hooks";

export class Load {
  #last = read();

  /**
   * Since the last call, or the beginning.
   * @param running our attempts: each of them counts as one core
   */
  busyCores(running: number): number {
    const [before, now] = [this.#last, read()];
    this.#last = now;
    const total = now.total - before.total;
    if (total <= 0) return 0;
    const busy = (now.cores * (total - (now.idle - before.idle))) / total;
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
