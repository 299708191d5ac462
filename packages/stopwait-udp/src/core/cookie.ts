/** Stateless proofs that an address receives what is sent there (docs/stopwait-udp.md, S45; RFC 9000, 8.1). */

import type { Address, Platform } from "./contract.js";
import { uint32At, writeUint16, writeUint32 } from "./v2-packet.js";

const TIME_BYTES = 4;
/** Time and HMAC-SHA-256: with its header a CHALLENGE of 60 bytes. */
export const COOKIE_BYTES: number = TIME_BYTES + 32;

export class Cookies {
  readonly #platform: Platform;
  readonly #lifetimeMs: number;
  #current: Uint8Array;
  #previous: Uint8Array;
  #rotatedAt = Number.NEGATIVE_INFINITY;

  /** @param lifetimeMs how long a cookie is good for, and how long a secret makes new ones */
  constructor(platform: Platform, lifetimeMs: number) {
    this.#platform = platform;
    this.#lifetimeMs = lifetimeMs;
    this.#current = platform.randomBytes(32);
    this.#previous = platform.randomBytes(32);
  }

  issue(now: number, address: Address, session: Uint8Array): Uint8Array {
    this.#rotate(now);
    const time = Math.floor(now) >>> 0;
    const cookie = new Uint8Array(COOKIE_BYTES);
    writeUint32(cookie, 0, time);
    cookie.set(this.#sign(this.#current, time, address, session), TIME_BYTES);
    return cookie;
  }

  isValid(now: number, address: Address, session: Uint8Array, cookie: Uint8Array): boolean {
    if (cookie.length !== COOKIE_BYTES) return false;
    this.#rotate(now);
    const time = uint32At(cookie, 0);
    if ((Math.floor(now) - time) >>> 0 > this.#lifetimeMs) return false;
    const signature = cookie.subarray(TIME_BYTES);
    return [this.#current, this.#previous].some((secret) =>
      this.#platform.equalInConstantTime(signature, this.#sign(secret, time, address, session)),
    );
  }

  /** Until the next rotation a text that two of these share only if they accept and make the same cookies. */
  fingerprint(now: number): string {
    return `${this.#current.join("")},${this.#previous.join("")},${now - this.#rotatedAt}`;
  }

  #rotate(now: number): void {
    const age = now - this.#rotatedAt;
    if (age < this.#lifetimeMs) return;
    if (this.#rotatedAt !== Number.NEGATIVE_INFINITY) {
      this.#previous = age < 2 * this.#lifetimeMs ? this.#current : this.#platform.randomBytes(32);
      this.#current = this.#platform.randomBytes(32);
    }
    this.#rotatedAt = now;
  }

  #sign(secret: Uint8Array, time: number, address: Address, session: Uint8Array): Uint8Array {
    const host = new TextEncoder().encode(address.host);
    const message = new Uint8Array(TIME_BYTES + 2 + session.length + host.length);
    writeUint32(message, 0, time);
    writeUint16(message, TIME_BYTES, address.port);
    message.set(session, TIME_BYTES + 2);
    message.set(host, TIME_BYTES + 2 + session.length);
    return this.#platform.hmacSha256(secret, message);
  }
}
