/** The cores of a simulated machine: what runs at once has an equal share of them, none more than one. */

interface Job {
  left: number;
  readonly done: () => void;
}

export class Cpu {
  readonly #speed: number;
  readonly #cores: number;
  readonly #jobs = new Set<Job>();
  #at = 0;

  /**
   * @param speed work per millisecond and core
   * @param cores those that are busy with others are not counted; may be a fraction
   */
  constructor(speed: number, cores: number) {
    this.#speed = speed;
    this.#cores = cores;
  }

  get running(): number {
    return this.#jobs.size;
  }

  /** `done` is called by the `advance` at which its work is done. Returns how to end it before. */
  run(now: number, work: number, done: () => void): () => void {
    this.#work(now);
    const job = { left: work, done };
    this.#jobs.add(job);
    return () => {
      this.#jobs.delete(job);
    };
  }

  /** Those whose work is done are told, in the order in which they began. */
  advance(now: number): void {
    this.#work(now);
    for (const job of [...this.#jobs]) {
      if (job.left > 1e-6 || !this.#jobs.delete(job)) continue;
      job.done();
    }
  }

  nextDeadline(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { left } of this.#jobs) least = Math.min(least, left);
    return least === Number.POSITIVE_INFINITY ? least : this.#at + Math.max(0, least) / this.#rate;
  }

  get #rate(): number {
    return this.#speed * Math.min(1, this.#cores / Math.max(1, this.#jobs.size));
  }

  #work(now: number): void {
    const by = Math.max(0, now - this.#at) * this.#rate;
    this.#at = Math.max(this.#at, now);
    if (by > 0) for (const job of this.#jobs) job.left -= by;
  }
}
