/** Pseudo-random numbers from a seed: xoshiro128** 1.1 (Blackman and Vigna, public domain), seeded by splitmix32. */

/** A source of random numbers that is the same for the same seed, on every platform. */
export class Random {
  readonly #seed: number;
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** @param seed an integer; its lower 32 bits count. A text is hashed first (FNV-1a, 32 bits). */
  constructor(seed: number | string) {
    this.#seed = typeof seed === "string" ? fnv1a(seed) : seed >>> 0;
    let state = this.#seed;
    const next = (): number => {
      state = (state + 0x9e3779b9) >>> 0;
      let mixed = state;
      mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
      return (mixed ^ (mixed >>> 15)) >>> 0;
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1; // the state must not be all zero
  }

  /** The generator in exactly this state, of four 32-bit words that are not all zero; for published test vectors. */
  static ofState(a: number, b: number, c: number, d: number): Random {
    const random = new Random(0);
    random.#a = a;
    random.#b = b;
    random.#c = c;
    random.#d = d;
    return random;
  }

  /** The next 32 bits, 0 to 2^32 - 1. */
  uint32(): number {
    const result = Math.imul(rotate(Math.imul(this.#b, 5), 7), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotate(this.#d, 11);
    return result;
  }

  /** A number from 0 to just below 1, with 32 bits. */
  unit(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.unit() * (high - low + 1));
  }

  /** True with the given probability, 0 to 1. Always draws one number, so that a changed probability moves no other draw. */
  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let index = 0; index < length; index++) bytes[index] = this.uint32() >>> 24;
    return bytes;
  }

  /** Another source, that depends on this one's seed and the label alone: what one part draws moves no other part. */
  fork(label: string): Random {
    return new Random(fnv1a(label, Math.imul(this.#seed, 0x9e3779b1)));
  }
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

function fnv1a(text: string, start = 0): number {
  let hash = 0x811c9dc5 ^ start;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
