/** What the nodes of a cluster say, in the order in which it arrives, and waiting for it to say something. */

/** An event of a node; `ms` is when, on the clock that all processes share (clock.ts). */
export type NodeEvent = { readonly node: string; readonly ms: number } & (
  | { readonly event: "elected"; readonly epoch: number }
  | { readonly event: "stepDown"; readonly epoch: number; readonly why: string }
  /** Empty: nobody is followed. */
  | { readonly event: "leader"; readonly leader: string; readonly epoch: number }
  /** How many rows of the leader's table are live, its own included. */
  | { readonly event: "hosts"; readonly live: number }
);

export class EventLog {
  readonly #events: NodeEvent[] = [];
  readonly #waiting = new Set<() => void>();

  add(event: NodeEvent): void {
    this.#events.push(event);
    for (const look of [...this.#waiting]) look();
  }

  /** Events that happened at `ms` or later. */
  since(ms: number): readonly NodeEvent[] {
    return this.#events.filter((event) => event.ms >= ms);
  }

  /** Forgets what happened before `ms`. */
  forget(ms: number): void {
    this.#events.splice(0, this.#events.length, ...this.since(ms));
  }

  /** What `find` gives once it gives something; it is asked again after each event. */
  async until<Found>(what: string, timeoutMs: number, find: () => Found | undefined): Promise<Found> {
    const found = find();
    if (found !== undefined) return found;
    return await new Promise<Found>((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
      };
      const look = (): void => {
        const seen = find();
        if (seen === undefined) return;
        end();
        resolve(seen);
      };
      const timer = setTimeout(() => {
        end();
        const last = this.#events.slice(-20).map((event) => JSON.stringify(event));
        reject(new Error(`${what}: not within ${timeoutMs} ms; the last events were\n${last.join("\n")}`));
      }, timeoutMs);
      this.#waiting.add(look);
    });
  }
}
