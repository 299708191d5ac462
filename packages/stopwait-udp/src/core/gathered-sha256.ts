/** A digest that takes small pieces together: for blocks of 1,376 bytes a call into the platform costs as much as digesting them. */

import type { Sha256 } from "./contract.js";

const MAX_GATHERED_BYTES = 16 * 1_024;
/** More pieces than this gain nothing. */
const MAX_GATHERED_PIECES = 16;

export class GatheredSha256 implements Sha256 {
  readonly #sha256: Sha256;
  /** Empty where pieces are large enough by themselves. */
  readonly #gathered: Uint8Array;
  #length = 0;

  /** @param pieceBytes how long pieces are, most of them */
  constructor(sha256: Sha256, pieceBytes: number) {
    this.#sha256 = sha256;
    const isSmall = pieceBytes * 4 <= MAX_GATHERED_BYTES;
    this.#gathered = new Uint8Array(isSmall ? Math.min(MAX_GATHERED_BYTES, MAX_GATHERED_PIECES * pieceBytes) : 0);
  }

  update(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#gathered.length) this.#flush();
    if (bytes.length > this.#gathered.length) return this.#sha256.update(bytes);
    this.#gathered.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  copy(): Sha256 {
    this.#flush();
    return this.#sha256.copy();
  }

  digest(): Uint8Array {
    this.#flush();
    return this.#sha256.digest();
  }

  #flush(): void {
    if (this.#length > 0) this.#sha256.update(this.#gathered.subarray(0, this.#length));
    this.#length = 0;
  }
}
