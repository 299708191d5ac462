/** What a shared log gives, as frames, and who is joined behind it (docs/broadcast.md B38). */

import type { BatchWriter } from "./batch.js";
import { ENTRY_HEADER_BYTES, KIND } from "./entries.js";
import type { Member } from "./messages.js";
import type { SharedEntry } from "./server-contract.js";

const MAX_FRAME_BYTES = 1_048_576;

/** One BATCH of entries, the first of which is number `first`: as many as `maxEntries` and about `maxBytes` allow, at least one. */
export function frameOfShared(
  writer: BatchWriter,
  first: number,
  entries: readonly SharedEntry[],
  from: number,
  maxEntries: number = Number.POSITIVE_INFINITY,
  maxBytes: number = MAX_FRAME_BYTES,
): { readonly frame: Uint8Array; readonly count: number; readonly bytes: number } {
  let count = 0;
  let bytes = 0;
  for (let i = from; i < entries.length && count < maxEntries; i++) {
    const entry = entries[i] as SharedEntry;
    const length = ENTRY_HEADER_BYTES + entry.bytes.length;
    if (count > 0 && bytes + length > maxBytes) break;
    writer.add(KIND[entry.kind], entry.member, entry.clientSeq, entry.bytes);
    bytes += length;
    count++;
  }
  return { frame: writer.finish(first), count, bytes };
}

/** Who is joined, as far as this gateway knows: all, where the log says it on opening. */
export class JoinedMembers {
  readonly #names = new Map<number, string>();

  set(members: readonly Member[]): void {
    this.#names.clear();
    for (const { member, name } of members) this.#names.set(member, name);
  }

  join(member: number, name: string): void {
    this.#names.set(member, name);
  }

  /** Its name. */
  leave(member: number): string {
    const name = this.#names.get(member) ?? "";
    this.#names.delete(member);
    return name;
  }

  list(): Member[] {
    return Array.from(this.#names, ([member, name]) => ({ member, name }));
  }
}
