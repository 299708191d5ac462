/** 64-bit hashes of states, as two 32-bit halves: two lanes in the manner of MurmurHash3 (Appleby, public domain). */

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

/** Takes values one after another; what is put in cannot be confused with another sequence but by a collision. */
export class StateHash {
  #high = 0x9747b28c;
  #low = 0x2f8b1a3d;

  word(value: number): void {
    let first = Math.imul(value, 0xcc9e2d51);
    first = Math.imul((first << 15) | (first >>> 17), 0x1b873593);
    this.#high ^= first;
    this.#high = (Math.imul((this.#high << 13) | (this.#high >>> 19), 5) + 0xe6546b64) | 0;
    let second = Math.imul(value ^ 0x5bd1e995, 0x9e3779b1);
    second = Math.imul((second << 17) | (second >>> 15), 0x85ebca77);
    this.#low ^= second;
    this.#low = (((this.#low << 19) | (this.#low >>> 13)) + this.#high) | 0;
    this.#low = (Math.imul(this.#low, 5) + 0x561ccd1b) | 0;
  }

  number(value: number): void {
    float[0] = value;
    this.word(words[0] as number);
    this.word(words[1] as number);
  }

  text(value: string): void {
    this.word(value.length);
    for (let index = 0; index < value.length; index++) this.word(value.charCodeAt(index));
  }

  bytes(value: Uint8Array): void {
    this.word(value.length);
    for (let index = 0; index < value.length; index++) this.word(value[index] as number);
  }

  /**
   * Plain data without cycles: what JSON has, and undefined, bigint, Uint8Array, Map and Set. Anything else must have a
   * method `fingerprint(): string`, which is asked. The order of the keys of an object or a Map counts.
   * @throws TypeError for another value, naming `where` it was found
   */
  value(value: unknown, where: string): void {
    switch (typeof value) {
      case "string":
        this.word(1);
        return this.text(value);
      case "number":
        this.word(2);
        return this.number(value);
      case "boolean":
        return this.word(value ? 3 : 4);
      case "undefined":
        return this.word(5);
      case "bigint":
        this.word(6);
        return this.text(value.toString(16));
      case "object":
        return this.#object(value, where);
      default:
        throw new TypeError(`${where} holds a ${typeof value}, which has no fingerprint`);
    }
  }

  /** The high and the low 32 bits, each 0 to 2^32 - 1. */
  digest(): readonly [number, number] {
    let high = finish(this.#high ^ this.#low);
    const low = finish((this.#low + high) | 0);
    high = (high + low) | 0;
    return [high >>> 0, low >>> 0];
  }

  #object(value: object | null, where: string): void {
    if (value === null) return this.word(7);
    if (value instanceof Uint8Array) {
      this.word(8);
      return this.bytes(value);
    }
    if (hasFingerprint(value)) {
      this.word(9);
      return this.text(value.fingerprint());
    }
    if (Array.isArray(value)) return this.#list(10, value, where);
    if (value instanceof Set) return this.#list(11, [...value], where);
    if (value instanceof Map) return this.#list(12, [...value.keys(), ...value.values()], where);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      throw new TypeError(`${where} holds a ${value.constructor.name} without a method fingerprint(): string`);
    }
    this.#list(13, [...Object.keys(value), ...Object.values(value)], where);
  }

  #list(tag: number, items: readonly unknown[], where: string): void {
    this.word(tag);
    this.word(items.length);
    for (const item of items) this.value(item, where);
  }
}

function hasFingerprint(value: object): value is { fingerprint(): string } {
  return "fingerprint" in value && typeof value.fingerprint === "function";
}

function finish(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
