/** Compact stores for millions of states: 12 bytes for each hash, 4 for each number of a list. */

/** 64-bit hashes, each with the number of the state that was met first under it. Open addressing, at most two thirds full. */
export class StateTable {
  #high = new Uint32Array(1024);
  #low = new Uint32Array(1024);
  /** Number of the state plus 1; 0 is an empty place. */
  #state = new Int32Array(1024);
  #size = 0;

  /** The state that is known under this hash; if there is none, `state` is from now on, and -1 is returned. */
  findOrAdd(high: number, low: number, state: number): number {
    const place = this.#place(high, low);
    const known = this.#state[place] as number;
    if (known !== 0) return known - 1;
    this.#put(place, high, low, state + 1);
    this.#size++;
    if (this.#size * 3 > this.#state.length * 2) this.#grow();
    return -1;
  }

  #place(high: number, low: number): number {
    const mask = this.#state.length - 1;
    let place = low & mask;
    while (this.#state[place] !== 0 && (this.#low[place] !== low || this.#high[place] !== high)) {
      place = (place + 1) & mask;
    }
    return place;
  }

  #put(place: number, high: number, low: number, state: number): void {
    this.#high[place] = high;
    this.#low[place] = low;
    this.#state[place] = state;
  }

  #grow(): void {
    const [high, low, state] = [this.#high, this.#low, this.#state];
    this.#high = new Uint32Array(2 * high.length);
    this.#low = new Uint32Array(2 * low.length);
    this.#state = new Int32Array(2 * state.length);
    for (let index = 0; index < state.length; index++) {
      const [a, b] = [high[index] as number, low[index] as number];
      if (state[index] !== 0) this.#put(this.#place(a, b), a, b, state[index] as number);
    }
  }
}

/** A growing list of integers of 32 bits. */
export class IntegerList {
  #items = new Int32Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#items.length) {
      const larger = new Int32Array(2 * this.#length);
      larger.set(this.#items);
      this.#items = larger;
    }
    this.#items[this.#length++] = value;
  }

  /** @param index from 0 to `length` - 1, which is not checked */
  get(index: number): number {
    return this.#items[index] as number;
  }

  set(index: number, value: number): void {
    this.#items[index] = value;
  }
}
