/** Asking the application for snapshots: one at a time, for all who wait (docs/broadcast.md B31). */

import type { Connection } from "./connection.js";
import type { ServerContext } from "./server-context.js";
import type { Snapshot } from "./server-contract.js";

/** Who gets it. */
interface Taker {
  snapshotTaken(snapshot: Snapshot | undefined, waiting: readonly Connection[], now: number): void;
}

export class Snapshots {
  readonly #context: ServerContext;
  readonly #room: string;
  readonly #waiting = new Set<Connection>();
  #id = 0;
  #until = 0;

  constructor(context: ServerContext, room: string) {
    this.#context = context;
    this.#room = room;
  }

  want(connection: Connection, now: number): void {
    this.#waiting.add(connection);
    if (this.#id !== 0) return;
    this.#id = this.#context.newId();
    // An application that never answers must not keep anybody waiting for ever.
    this.#until = now + this.#context.settings.helloMs;
    this.#context.out.push({ type: "takeSnapshot", room: this.#room, id: this.#id });
    this.#context.out.wake(this.#until);
  }

  forget(connection: Connection): void {
    this.#waiting.delete(connection);
  }

  taken(id: number, snapshot: Snapshot | undefined, now: number, taker: Taker): void {
    if (id !== this.#id) return;
    this.#id = 0;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    taker.snapshotTaken(snapshot, waiting, now);
  }

  tick(now: number, taker: Taker): void {
    if (this.#id === 0) return;
    if (now >= this.#until) this.taken(this.#id, undefined, now, taker);
    else this.#context.out.wake(this.#until);
  }
}
