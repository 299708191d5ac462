/** Who a client is to its room: what it draws, what it is given, and what it says of it (docs/broadcast.md B8, B37). */

import type { Position } from "./client-contract.js";
import type { ClientSettings } from "./client-options.js";
import { ID_BYTES } from "./codec.js";
import { fromHex, isZero, toHex } from "./hex.js";
import type { Hello } from "./messages.js";
import type { Platform } from "./platform.js";

const NOBODY = new Uint8Array(ID_BYTES);

export class SessionIdentity {
  readonly #settings: ClientSettings;
  readonly #platform: Platform;
  #clientId: Uint8Array = NOBODY;
  #token: Uint8Array = NOBODY;

  constructor(settings: ClientSettings, platform: Platform) {
    this.#settings = settings;
    this.#platform = platform;
  }

  /** It has been given a token, with which it comes back. */
  get isKnown(): boolean {
    return !isZero(this.#token);
  }

  /** @throws TypeError or RangeError where it is no position */
  restore({ clientId, token, epoch, last }: Position): void {
    if (!Number.isSafeInteger(epoch) || epoch < 1 || !Number.isSafeInteger(last) || last < 0) {
      throw new RangeError(`a position must have an epoch from 1 and a last from 0, not ${epoch} and ${last}`);
    }
    if (this.#settings.observer) return;
    this.#clientId = idBytes("clientId", clientId);
    this.#token = idBytes("token", token);
  }

  /** @param epoch 0 where nothing was delivered yet */
  hello(epoch: number, last: number, window: number): Hello {
    const { observer, stable, room, name, start, from } = this.#settings;
    // An id whose token was lost on its way is of no use any more: whoever knows no token is somebody else each time.
    if (!observer && !this.isKnown) this.#clientId = this.#platform.randomBytes(ID_BYTES);
    const { clientId, token } = { clientId: this.#clientId, token: this.#token };
    return { type: "hello", observer, stable, clientId, token, room, name, epoch, last, start, from, window };
  }

  welcomed(token: Uint8Array): void {
    if (!this.#settings.observer) this.#token = token;
  }

  /** The session is lost: the next HELLO is somebody else's. */
  forget(): void {
    this.#token = NOBODY;
  }

  tokenIs(token: Uint8Array): boolean {
    return this.isKnown && this.#platform.equal(token, this.#token);
  }

  /** 32 hexadecimal digits. */
  get clientId(): string {
    return toHex(this.#clientId);
  }

  /** 32 hexadecimal digits; zeros: none. */
  get token(): string {
    return toHex(this.#token);
  }
}

function idBytes(name: string, digits: string): Uint8Array {
  const accepted = `${name} of a position must be ${2 * ID_BYTES} hexadecimal digits`;
  if (typeof digits !== "string") throw new TypeError(`${accepted}, not ${typeof digits}`);
  if (digits.length !== 2 * ID_BYTES || !/^[0-9a-f]*$/i.test(digits)) throw new RangeError(accepted);
  return fromHex(digits);
}
