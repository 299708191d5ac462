/** What came over one connection: how many records, how many bytes, and a digest of all, in their order. */
import { createHash } from "node:crypto";

export class Tally {
  readonly #digest = createHash("sha256");
  records = 0;
  bytes = 0;

  /** The length counts too: the same bytes, divided otherwise, are other records. */
  add(record: Uint8Array): void {
    this.#digest.update(`${record.length}:`).update(record);
    this.records++;
    this.bytes += record.length;
  }

  /** May be called again, and more may be added after it. */
  toString(): string {
    return `${this.records} records, ${this.bytes} bytes, sha256 ${this.#digest.copy().digest("hex")}`;
  }
}
