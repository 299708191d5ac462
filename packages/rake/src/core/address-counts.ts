/** How many connections each address has (docs/rake.md R42). */

export class AddressCounts {
  readonly #addresses = new Map<number, string>();
  readonly #counts = new Map<string, number>();

  count(address: string): number {
    return this.#counts.get(address) ?? 0;
  }

  /** Without an address, a connection is not counted. */
  add(connection: number, address: string): void {
    if (address === "") return;
    this.#addresses.set(connection, address);
    this.#counts.set(address, this.count(address) + 1);
  }

  /** Once or more. */
  remove(connection: number): void {
    const address = this.#addresses.get(connection);
    if (address === undefined) return;
    this.#addresses.delete(connection);
    const left = this.count(address) - 1;
    if (left > 0) this.#counts.set(address, left);
    else this.#counts.delete(address);
  }
}
