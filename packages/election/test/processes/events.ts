/** What the processes of a cluster say, and waiting for it. */
import type { LeaderInfo, StepDownReason, Token } from "../../src/core/index.js";

/** `ns`: CLOCK_MONOTONIC, which the processes of a machine share. */
export type NodeEvent = { readonly node: string; readonly ns: string } & (
  | { readonly event: "elected"; readonly token: Token }
  | { readonly event: "stepDown"; readonly token: Token; readonly why: StepDownReason }
  | { readonly event: "leader"; readonly leader: LeaderInfo | null }
  /** How many of the leader's table are connected, when that changes. */
  | { readonly event: "hosts"; readonly connected: number }
  | { readonly event: "thawed"; readonly before: boolean; readonly first: boolean; readonly frozenMs: number }
);

/** Nothing that a test waits for takes that long, on a busy machine either; what does has failed. */
const TIMEOUT_MS = 60_000;

export class Events {
  readonly #all: NodeEvent[] = [];
  readonly #waiting = new Set<() => void>();

  add(event: NodeEvent): void {
    this.#all.push(event);
    for (const look of [...this.#waiting]) look();
  }

  /** How many there are so far: a place from which to look on. */
  get count(): number {
    return this.#all.length;
  }

  /** Those from a place on. */
  from(place: number): readonly NodeEvent[] {
    return this.#all.slice(place);
  }

  /** What `find` gives once it gives something; asked again after each event. */
  async until<Found>(what: string, find: () => Found | undefined): Promise<Found> {
    const found = find();
    if (found !== undefined) return found;
    return await new Promise<Found>((resolve, reject) => {
      const look = (): void => {
        const seen = find();
        if (seen === undefined) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(seen);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        const last = this.#all.slice(-20).map((event) => JSON.stringify(event));
        reject(new Error(`${what}: not within ${TIMEOUT_MS} ms; the last events were\n${last.join("\n")}`));
      }, TIMEOUT_MS);
      this.#waiting.add(look);
    });
  }
}
