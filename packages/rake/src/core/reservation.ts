/** How long a bid holds its slot (docs/rake.md R19): longer while its inputs come, and not for ever. */

import type { Slot } from "./slots.js";

/** So many bytes of inputs that come, or are written away, renew it: a client that sends byte by byte is not bringing anything. */
const RENEWING_BYTES = 16_384;
/** An input may have to be brought a second time, where the store has lost it: it comes whole twice, and is acknowledged twice. */
const MOST_TIMES = 2;

export interface ReservationTimes {
  readonly validForMs: number;
  readonly maxReservedMs: number;
}

export class Reservation {
  /** Nothing renews it beyond. */
  readonly endsBy: number;
  readonly #slot: Slot;
  readonly #validForMs: number;
  readonly #times = new Map<string, number>();
  #bytes = 0;

  /** @param now when it was bid */
  constructor(slot: Slot, { validForMs, maxReservedMs }: ReservationTimes, now: number) {
    this.#slot = slot;
    this.#validForMs = validForMs;
    this.endsBy = now + Math.max(validForMs, maxReservedMs);
  }

  /** So many bytes more came, or are written away. */
  moved(bytes: number, now: number): void {
    this.#bytes += bytes;
    if (this.#bytes >= RENEWING_BYTES) this.#renew(now);
  }

  /** What may be done again, but not for ever: `what` was done. */
  did(what: string, now: number): void {
    const times = (this.#times.get(what) ?? 0) + 1;
    if (times > MOST_TIMES) return;
    this.#times.set(what, times);
    this.#renew(now);
  }

  #renew(now: number): void {
    this.#bytes = 0;
    this.#slot.until = Math.max(this.#slot.until, Math.min(now + this.#validForMs, this.endsBy));
  }
}
