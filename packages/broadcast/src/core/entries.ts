/** Entries as they stand in a BATCH, in a segment and in the ring of a log: written, walked and found (docs/broadcast.md B1, B2). */

import { ENTRY_KINDS, type Entry, type EntryKind } from "./messages.js";
import { MAX_NAME_BYTES } from "./text-rules.js";
import { malformed, textIn, u32At, u64At } from "./wire.js";

/** Kind, member, client seq and length. */
export const ENTRY_HEADER_BYTES = 17;

/** The kinds as they stand on the wire. */
export const KIND: { readonly [Kind in "message" | "join" | "leave" | "marker"]: number } = {
  message: 0,
  join: 1,
  leave: 2,
  marker: 3,
};

/**
 * Steps over encoded entries without making anything for each: after `next()` said true, the fields are those of an entry.
 * It throws `RemoteProtocolError` for what is none.
 */
export class EntryWalker {
  bytes: Uint8Array = new Uint8Array(0);
  /** As in `KIND`. */
  kind = 0;
  member = 0;
  clientSeq = 0;
  /** Its bytes are `bytes[start..end)`; the entry itself begins `ENTRY_HEADER_BYTES` before `start`. */
  start = 0;
  end = 0;
  #limit = 0;

  /** The entries that `bytes[from..to)` is made of. */
  begin(bytes: Uint8Array, from = 0, to: number = bytes.length): this {
    this.bytes = bytes;
    this.end = from;
    this.#limit = to;
    return this;
  }

  /** False where all were seen. */
  next(): boolean {
    const at = this.end;
    if (at === this.#limit) return false;
    const start = at + ENTRY_HEADER_BYTES;
    const { bytes } = this;
    if (start > this.#limit) throw malformed("an entry goes past the end");
    const end = start + u32At(bytes, at + 13);
    if (end > this.#limit) throw malformed("the bytes of an entry go past the end");
    this.kind = bytes[at] as number;
    this.member = u32At(bytes, at + 1);
    this.clientSeq = u64At(bytes, at + 5);
    this.start = start;
    this.end = end;
    return true;
  }

  /** Whether it is what an entry of its kind must be. @throws RemoteProtocolError */
  check(): void {
    const { kind, start, end } = this;
    if (this.member === 0) throw malformed("an entry of member 0");
    if (kind === KIND.message) {
      if (this.clientSeq === 0) throw malformed("a message without a client seq");
      return;
    }
    if (kind >= ENTRY_KINDS.length) throw malformed(`no entry of kind ${kind}`);
    if ((kind === KIND.marker) === (this.clientSeq === 0)) {
      throw malformed(`a ${ENTRY_KINDS[kind]} with client seq ${this.clientSeq}`);
    }
    if (kind === KIND.join) textIn(this.bytes, start, end, 1, MAX_NAME_BYTES, true);
    else if (end - start !== 1 || (this.bytes[start] as number) > 1) {
      throw malformed(`a ${ENTRY_KINDS[kind]} of other bytes than one, 0 or 1`);
    }
  }

  /** The entry, its bytes a view. */
  entry(): Entry {
    return {
      kind: ENTRY_KINDS[this.kind] as EntryKind,
      member: this.member,
      clientSeq: this.clientSeq,
      bytes: new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + this.start, this.end - this.start),
    };
  }
}

/** Where the entry `index` begins, counted from 0, in entries that are known to be right; with their count: where they end. */
export function findEntry(entries: Uint8Array, index: number, from = 0): number {
  let at = from;
  for (let left = index; left > 0; left--) at += ENTRY_HEADER_BYTES + u32At(entries, at + 13);
  return at;
}
