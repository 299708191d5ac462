/** What was delivered and the application has not handled, across epochs (docs/broadcast.md B20, B35). */

/** What an entry or a notice takes in memory beside its bytes, about. */
export const ENTRY_OVERHEAD_BYTES = 64;

interface Item {
  /** Counts the epochs that were followed; numbers are compared within one alone. */
  readonly run: number;
  readonly last: number;
  readonly bytes: number;
  /** Nothing that the application would say of: a gap, a snapshot. */
  readonly isSilent: boolean;
}

export class Unhandled {
  #items: Item[] = [];
  #at = 0;
  #run = 0;
  #bytes = 0;
  /** Of the epoch that is followed now. */
  #handled = 0;
  #delivered = 0;

  /** Of all that is not handled. */
  get bytes(): number {
    return this.#bytes;
  }

  /** All up to it are handled. */
  get handled(): number {
    return this.#handled;
  }

  /** Entries begin behind `last`, in an epoch that has nothing to do with the one before. */
  begin(last: number): void {
    this.#run++;
    this.#handled = last;
    this.#delivered = last;
  }

  /** Entries up to `last` were delivered. */
  delivered(last: number, bytes: number): void {
    this.#push(last, bytes, false);
  }

  /** Up to `last` there is nothing to handle, or nothing that the application says that it did. */
  passed(last: number, bytes: number): void {
    this.#push(last, bytes, true);
    this.#skip();
  }

  /** @throws RangeError where it was not delivered: the caller's mistake */
  handle(upTo: number): void {
    const run = this.#items[this.#at]?.run;
    if (run === this.#run || run === undefined) {
      if (upTo > this.#delivered) throw new RangeError(`${upTo} is handled, but ${this.#delivered} was delivered last`);
      this.#handled = Math.max(this.#handled, upTo);
    }
    for (;;) {
      const item = this.#items[this.#at];
      if (item === undefined || item.run !== run || item.last > upTo) break;
      this.#drop(item);
    }
    this.#skip();
  }

  #push(last: number, bytes: number, isSilent: boolean): void {
    this.#items.push({ run: this.#run, last, bytes, isSilent });
    this.#bytes += bytes;
    this.#delivered = last;
  }

  #skip(): void {
    for (let item = this.#items[this.#at]; item?.isSilent === true; item = this.#items[this.#at]) {
      if (item.run === this.#run) this.#handled = Math.max(this.#handled, item.last);
      this.#drop(item);
    }
  }

  #drop(item: Item): void {
    this.#bytes -= item.bytes;
    this.#at++;
    if (this.#at === this.#items.length) {
      this.#items.length = 0;
      this.#at = 0;
    } else if (this.#at >= 1_024) {
      this.#items.splice(0, this.#at);
      this.#at = 0;
    }
  }
}
