/** Those who were sent everything up to the head: each batch is one write of the same bytes to all of them (docs/broadcast.md B12, B18, B20). */

import type { Connection } from "./connection.js";
import type { Outbox } from "./outbox.js";

const NOBODY: readonly Connection[] = [];

export class LiveMembers {
  readonly #members = new Set<Connection>();
  /** Their ids; made anew where they change, since what was sent to is not written to. */
  #ids: number[] | undefined;
  /** The windows of all of them allow everything up to this number, if not more. */
  #reach = Number.POSITIVE_INFINITY;
  /** When they were last sent a batch. */
  lastSentAt = 0;

  get size(): number {
    return this.#members.size;
  }

  add(connection: Connection, head: number): void {
    this.#members.add(connection);
    this.#ids = undefined;
    this.windowChanged(connection, head);
  }

  delete(connection: Connection): void {
    if (this.#members.delete(connection)) this.#ids = undefined;
  }

  windowChanged(connection: Connection, head: number): void {
    this.#reach = Math.min(this.#reach, head + connection.windowLeft(head));
  }

  /** Those whose windows have no room for so many entries behind the head: they are to be taken out before these are sent. */
  beyondWindow(head: number, count: number): readonly Connection[] {
    if (head + count <= this.#reach) return NOBODY;
    const beyond: Connection[] = [];
    let reach = Number.POSITIVE_INFINITY;
    for (const connection of this.#members) {
      const left = connection.windowLeft(head);
      if (left < count) beyond.push(connection);
      else reach = Math.min(reach, head + left);
    }
    this.#reach = reach;
    return beyond;
  }

  send(out: Outbox, bytes: Uint8Array, now: number): void {
    if (this.#members.size === 0) return;
    this.#ids ??= Array.from(this.#members, ({ id }) => id);
    out.push({ type: "sendAll", connections: this.#ids, bytes });
    this.lastSentAt = now;
  }
}
