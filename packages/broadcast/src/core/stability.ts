/** Up to where everybody has acknowledged (docs/broadcast.md B21). */

import type { Connection } from "./connection.js";
import type { ServerContext } from "./server-context.js";

const STABLE_MS = 20;

export class Stability {
  readonly #context: ServerContext;
  readonly #room: string;
  readonly #connections: ReadonlySet<Connection>;
  #upTo = 0;
  #checkedAt = Number.NEGATIVE_INFINITY;
  #isDue = false;

  constructor(context: ServerContext, room: string, connections: ReadonlySet<Connection>) {
    this.#context = context;
    this.#room = room;
    this.#connections = connections;
  }

  get upTo(): number {
    return this.#upTo;
  }

  /** One that had acknowledged all up to `before` acknowledged more, or is gone. */
  moved(before: number, now: number): void {
    if (before > this.#upTo || this.#isDue) return;
    this.#isDue = true;
    if (now >= this.#checkedAt + STABLE_MS) this.#tell(now);
    else this.#context.out.wake(this.#checkedAt + STABLE_MS);
  }

  tick(now: number): void {
    if (!this.#isDue) return;
    if (now >= this.#checkedAt + STABLE_MS) this.#tell(now);
    else this.#context.out.wake(this.#checkedAt + STABLE_MS);
  }

  /** What was not written while it was full. */
  drained(connection: Connection): void {
    if (!connection.waitingStable) return;
    connection.waitingStable = false;
    if (this.#upTo <= connection.stableAbove) return;
    this.#context.out.say(connection.id, { type: "stable", upTo: this.#upTo });
  }

  #tell(now: number): void {
    this.#isDue = false;
    this.#checkedAt = now;
    let least = Number.POSITIVE_INFINITY;
    for (const { state, confirmed } of this.#connections) {
      if (state === "open" && confirmed < least) least = confirmed;
    }
    if (least <= this.#upTo || least === Number.POSITIVE_INFINITY) return;
    this.#upTo = least;
    const { out } = this.#context;
    out.event({ type: "stable", room: this.#room, upTo: least });
    for (const connection of this.#connections) {
      if (connection.state !== "open" || !connection.wantsStable || least <= connection.stableAbove) continue;
      if (connection.full) connection.waitingStable = true;
      else out.say(connection.id, { type: "stable", upTo: least });
    }
  }
}
