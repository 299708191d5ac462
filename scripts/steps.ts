/** What a long command does, step by step: each is said with its time, all run, and what failed is said once more. */
import { performance } from "node:perf_hooks";

/** What is not over by then hangs. */
const STEP_MINUTES = 15;

export class Steps {
  readonly #failed: string[] = [];
  readonly #skipped: string[] = [];
  #passed = 0;

  /** Runs a step; whether it passed. One that is not over after some minutes has failed, and the next one begins. */
  async run(title: string, action: () => Promise<void> | void, minutes: number = STEP_MINUTES): Promise<boolean> {
    const began = performance.now();
    let outcome = "ok";
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`it was not over after ${minutes} minutes`)), minutes * 60_000);
    });
    try {
      await Promise.race([action(), late]);
      this.#passed++;
    } catch (error) {
      this.#failed.push(title);
      outcome = `FAILED\n${error instanceof Error ? error.message : error}`;
    } finally {
      clearTimeout(timer);
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
