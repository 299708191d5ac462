/** Addresses at which nodes were met, the latest last, and not more than a few (election rules E28, E40, E46). */

const MAX_ADDRESSES = 64;

export class AddressBook {
  readonly #addresses = new Set<string>();
  readonly #own: string;
  #turn = 0;

  constructor(own: string) {
    this.#own = own;
  }

  add(address: string): void {
    if (address === this.#own || address === "") return;
    this.#addresses.delete(address);
    this.#addresses.add(address);
    if (this.#addresses.size <= MAX_ADDRESSES) return;
    for (const oldest of this.#addresses) {
      this.#addresses.delete(oldest);
      return;
    }
  }

  /** All of them and `more`, each once, without the node's own. */
  with(more: Iterable<string>): string[] {
    const all = new Set([...more, ...this.#addresses]);
    all.delete(this.#own);
    all.delete("");
    return [...all];
  }

  /** At most `count` of the addresses; each call goes on behind the last of the call before. */
  turn(addresses: readonly string[], count: number): string[] {
    if (addresses.length <= count) return [...addresses];
    const start = this.#turn % addresses.length;
    this.#turn = start + count;
    return [...addresses, ...addresses].slice(start, start + count);
  }
}
