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

  /** It has its WELCOME: what lies before where it begins counts as acknowledged, and nobody else may hold that back. */
  entered({ state, confirmed }: Connection, now: number): void {
    if (state === "open" && confirmed > this.#upTo) this.#due(now);
  }

  /** It had acknowledged all up to `before`, and acknowledged again. */
  acknowledged(connection: Connection, before: number, now: number): void {
    const isMore = connection.confirmed > before && before <= this.#upTo;
    if (isMore || this.#isToBeTold(connection)) this.#due(now);
  }

  /** It is gone. */
  left({ confirmed }: Connection, now: number): void {
    if (confirmed <= this.#upTo) this.#due(now);
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
    if (this.#isToBeTold(connection)) this.#say(connection);
  }

  /** Who came back may have been told of as much by a server before this one, or not: it is told again (B21). */
  #isToBeTold({ wantsStable, stableTold, confirmed }: Connection): boolean {
    return wantsStable && stableTold < this.#upTo && confirmed >= this.#upTo;
  }

  #say(connection: Connection): void {
    connection.stableTold = this.#upTo;
    this.#context.out.say(connection.id, { type: "stable", upTo: this.#upTo });
  }

  #due(now: number): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.tick(now);
  }

  #tell(now: number): void {
    this.#isDue = false;
    this.#checkedAt = now;
    let least = Number.POSITIVE_INFINITY;
    for (const { state, confirmed } of this.#connections) {
      if (state === "open" && confirmed < least) least = confirmed;
    }
    if (least > this.#upTo && least !== Number.POSITIVE_INFINITY) {
      this.#upTo = least;
      this.#context.out.event({ type: "stable", room: this.#room, upTo: least });
    }
    for (const connection of this.#connections) {
      if (connection.state !== "open" || !this.#isToBeTold(connection)) continue;
      if (connection.full) connection.waitingStable = true;
      else this.#say(connection);
    }
  }
}
