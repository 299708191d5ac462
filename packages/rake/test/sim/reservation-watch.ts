/** R19: what a bid reserved is used, released, or ends by time. */
import type { ClientMessage, ServerMessage } from "../../src/core/index.js";
import { Violation } from "./violation.js";

interface Reservation {
  readonly connection: number;
  until: number;
  /** Files that came whole and are not acknowledged. */
  readonly storing: Set<string>;
  /** When the machine, awake, was first seen to hold it too long. */
  lateSince: number | undefined;
}

/** A machine that was paused goes on behind the end of what it holds: it hears what came meanwhile first, at the same time. */
const SLACK_MS = 1;

export class ReservationWatch {
  readonly #validForMs: number;
  readonly #held = new Map<string, Reservation>();

  constructor(validForMs: number) {
    this.#validForMs = validForMs;
  }

  heard(now: number, connection: number, message: ClientMessage): void {
    if (!("actionId" in message)) return;
    const key = `${connection} ${message.actionId}`;
    const held = this.#held.get(key);
    if (held === undefined) return;
    if (message.type === "BLOB") {
      held.until = now + this.#validForMs;
      if (message.last) held.storing.add(message.digest);
    } else if (message.type === "RELEASE" || message.type === "EXECUTE" || message.type === "CANCEL") {
      this.#held.delete(key);
    }
  }

  said(now: number, connection: number, message: ServerMessage): void {
    if (!("actionId" in message)) return;
    const key = `${connection} ${message.actionId}`;
    const until = now + this.#validForMs;
    const held = this.#held.get(key);
    if (message.type === "BID" || message.type === "MISSING") {
      this.#held.set(key, { connection, until, storing: new Set(), lateSince: undefined });
    } else if (message.type === "ACK" && held !== undefined) {
      held.until = until;
      held.storing.delete(message.digest);
    } else if (message.type === "EXPIRED" || message.type === "STATUS") {
      this.#held.delete(key);
    }
  }

  /** So much is written away for somebody: it may be for any of them. */
  stored(now: number): void {
    for (const held of this.#held.values()) held.until = now + this.#validForMs;
  }

  gone(connection: number): void {
    for (const [key, held] of this.#held) if (held.connection === connection) this.#held.delete(key);
  }

  check(now: number): void {
    for (const [key, held] of this.#held) {
      const { until, storing } = held;
      if (storing.size > 0 || now <= until) held.lateSince = undefined;
      else held.lateSince ??= now;
      if (now <= (held.lateSince ?? now) + SLACK_MS) continue;
      throw new Violation("R19", `the reservation of action ${key} is held ${now - until} ms too long`);
    }
  }
}
