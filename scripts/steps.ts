/** What a long command does, step by step: each is said with its time, all run, and what failed is said once more. */
import { performance } from "node:perf_hooks";

export class Steps {
  readonly #failed: string[] = [];
  readonly #skipped: string[] = [];
  #passed = 0;

  /** Runs a step; whether it passed. */
  async run(title: string, action: () => Promise<void> | void): Promise<boolean> {
    const began = performance.now();
    let outcome = "ok";
    try {
      await action();
      this.#passed++;
    } catch (error) {
      this.#failed.push(title);
      outcome = `FAILED\n${error instanceof Error ? error.message : error}`;
    }
    console.log(`${title.padEnd(64)} ${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${outcome}`);
    return outcome === "ok";
  }

  /** Says that a step cannot be run, and why. */
  skip(title: string, reason: string): void {
    this.#skipped.push(title);
    console.log(`${title.padEnd(64)}    -     skipped: ${reason}`);
  }

  get good(): boolean {
    return this.#failed.length === 0;
  }

  /** The closing lines: what failed, and the counts. */
  closing(): string {
    const counts = `${this.#passed} passed, ${this.#failed.length} failed, ${this.#skipped.length} skipped`;
    return [...this.#failed.map((title) => `failed: ${title}`), counts].join("\n");
  }
}
