/** What the application is given, in the order of the numbers and each once, whatever the server sends (docs/broadcast.md B30, B31, B36). */

import type { ClientOutput, Delivered, Notice } from "./client-contract.js";
import type { ClientSettings } from "./client-options.js";
import { BATCH_PREFIX_BYTES, checkBatch } from "./codec.js";
import { ENTRY_HEADER_BYTES, EntryWalker, KIND } from "./entries.js";
import {
  ENTRY_KINDS,
  type EntryKind,
  type Gap,
  LEAVE_REASONS,
  type LeaveReason,
  PUBLISH_CODES,
  type PublishCode,
  type SnapshotChunk,
} from "./messages.js";
import type { Publishes } from "./publishes.js";
import type { Roster } from "./roster.js";
import { SnapshotAssembly } from "./snapshot-assembly.js";
import { ENTRY_OVERHEAD_BYTES, type Unhandled } from "./unhandled.js";
import { malformed, TWO_32, UNSAFE_HIGH } from "./wire.js";

const text = new TextDecoder("utf-8", { ignoreBOM: true });

export class Deliveries {
  /** The last number that was delivered, or told to be lost. */
  last = 0;
  /** The own member number. */
  member = 0;
  /** Whether something came behind the WELCOME: before, a snapshot may be missing. */
  hasBegun = false;
  readonly #settings: ClientSettings;
  readonly #roster: Roster;
  readonly #publishes: Publishes;
  readonly #unhandled: Unhandled;
  readonly #put: (output: ClientOutput) => void;
  readonly #walker = new EntryWalker();
  readonly #snapshot: SnapshotAssembly;
  /** Of this call, not put out yet. */
  #entries: Delivered[] = [];
  #bytes = 0;

  constructor(
    settings: ClientSettings,
    roster: Roster,
    publishes: Publishes,
    unhandled: Unhandled,
    put: (output: ClientOutput) => void,
  ) {
    this.#settings = settings;
    this.#roster = roster;
    this.#publishes = publishes;
    this.#unhandled = unhandled;
    this.#put = put;
    this.#snapshot = new SnapshotAssembly(settings.maxSnapshotBytes);
  }

  /** A connection is gone. */
  disconnected(): void {
    this.#snapshot.forget();
  }

  /** Entries come from the one behind `last` on, whatever was before. */
  begin(last: number): void {
    this.last = last;
    this.#unhandled.begin(last);
  }

  /** The BATCH that `payload` is. @throws RemoteProtocolError, before anything of it was delivered */
  batch(payload: Uint8Array): void {
    if (this.#messages(payload)) return;
    const walker = this.#walker;
    const { first, count } = checkBatch(payload, walker);
    this.#refuseInSnapshot("BATCH");
    if (first > this.last + 1) throw malformed(`a BATCH from number ${first} behind ${this.last}`);
    this.hasBegun = true;
    if (first + count - 1 <= this.last) return;
    walker.begin(payload, BATCH_PREFIX_BYTES);
    const { buffer, byteOffset } = payload;
    const { echo } = this.#settings;
    const own = this.member;
    const roster = this.#roster;
    let sender = 0;
    let name = "";
    for (let number = first; walker.next(); number++) {
      if (number <= this.last) continue;
      const { kind, member, clientSeq, start, end } = walker;
      const isMessage = kind === KIND.message;
      if (member !== sender || !isMessage) {
        sender = member;
        name = kind === KIND.join ? text.decode(payload.subarray(start, end)) : roster.nameOf(member);
      }
      const isOwn = member === own;
      const entry: Delivered = {
        number,
        kind: ENTRY_KINDS[kind] as EntryKind,
        member,
        name,
        clientSeq,
        bytes: new Uint8Array(buffer, byteOffset + start, end - start),
        own: isOwn,
        silent: !isMessage || (isOwn && !echo),
      };
      this.#entries.push(entry);
      this.#bytes += ENTRY_OVERHEAD_BYTES + end - start;
      this.last = number;
      if (isOwn && clientSeq > 0) this.#publishes.own(clientSeq, number, isMessage ? "ok" : codeOf(entry));
      if (kind === KIND.join || kind === KIND.leave) {
        this.#membership(entry, kind === KIND.join);
        sender = 0;
      }
    }
    this.#publishes.passed(this.last);
  }

  /**
   * The common BATCH, in one pass: the messages behind the last one, and nothing else. False, and nothing has changed: it is
   * another one, or none at all, and `batch` looks at it more closely.
   */
  #messages(payload: Uint8Array): boolean {
    const { buffer, byteOffset, length } = payload;
    if (length < BATCH_PREFIX_BYTES || this.#snapshot.isOpen) return false;
    const view = new DataView(buffer, byteOffset, length);
    const before = this.last;
    if (view.getUint32(1) * TWO_32 + view.getUint32(5) !== before + 1) return false;
    const { echo } = this.#settings;
    const own = this.member;
    const entries = this.#entries;
    const had = entries.length;
    let number = before;
    let sender = 0;
    let name = "";
    let hasOwn = false;
    let at = BATCH_PREFIX_BYTES;
    while (at < length) {
      const start = at + ENTRY_HEADER_BYTES;
      if (start > length) break;
      const member = view.getUint32(at + 1);
      const high = view.getUint32(at + 5);
      const clientSeq = high * TWO_32 + view.getUint32(at + 9);
      const end = start + view.getUint32(at + 13);
      if (end > length || payload[at] !== KIND.message || member === 0 || clientSeq === 0 || high >= UNSAFE_HIGH) break;
      if (member !== sender) {
        sender = member;
        name = this.#roster.nameOf(member);
      }
      const isOwn = member === own;
      if (isOwn) hasOwn = true;
      number++;
      entries.push({
        number,
        kind: "message",
        member,
        name,
        clientSeq,
        bytes: new Uint8Array(buffer, byteOffset + start, end - start),
        own: isOwn,
        silent: isOwn && !echo,
      });
      at = end;
    }
    const count = number - before;
    if (at !== length || count !== view.getUint32(9) || count === 0 || number > Number.MAX_SAFE_INTEGER) {
      entries.length = had;
      return false;
    }
    this.hasBegun = true;
    this.last = number;
    this.#bytes += count * (ENTRY_OVERHEAD_BYTES - ENTRY_HEADER_BYTES) + length - BATCH_PREFIX_BYTES;
    if (hasOwn) {
      for (let index = had; index < entries.length; index++) {
        const entry = entries[index] as Delivered;
        if (entry.own) this.#publishes.own(entry.clientSeq, entry.number, "ok");
      }
    }
    this.#publishes.passed(number);
    return true;
  }

  /** @throws RemoteProtocolError where it leaves out what nobody told of */
  gap({ from, to, reason }: Gap): void {
    this.#refuseInSnapshot("GAP");
    if (from > this.last + 1) throw malformed(`a GAP from number ${from} behind ${this.last}`);
    this.hasBegun = true;
    if (to > this.last) this.lost(to, reason);
  }

  /** All from behind the last one up to `to` will not come. */
  lost(to: number, reason: Gap["reason"]): void {
    const from = this.last + 1;
    this.notice({ type: "gap", from, to, reason });
    this.last = to;
    this.#unhandled.passed(to, ENTRY_OVERHEAD_BYTES);
    this.#publishes.passed(to);
  }

  /** @throws RemoteProtocolError for a piece that is not the next, and a snapshot of what was not reached */
  snapshot(chunk: SnapshotChunk): void {
    const { upTo } = chunk;
    if (upTo !== this.last) throw malformed(`a SNAPSHOT of number ${upTo} behind ${this.last}`);
    const bytes = this.#snapshot.add(chunk);
    if (bytes === undefined) return;
    this.hasBegun = true;
    this.notice({ type: "snapshot", upTo, bytes });
    this.#unhandled.passed(this.last, ENTRY_OVERHEAD_BYTES + bytes.length);
  }

  /** In its place: what was delivered before comes before it. */
  notice(notice: Notice): void {
    this.flush();
    this.#put({ type: "notice", notice });
  }

  flush(): void {
    if (this.#entries.length === 0) return;
    const entries = this.#entries;
    this.#entries = [];
    this.#unhandled.delivered((entries[entries.length - 1] as Delivered).number, this.#bytes);
    this.#bytes = 0;
    this.#put({ type: "deliver", entries });
  }

  #refuseInSnapshot(what: string): void {
    if (this.#snapshot.isOpen) throw malformed(`a ${what} between the pieces of a snapshot`);
  }

  #membership({ member, number, bytes, name }: Delivered, isJoin: boolean): void {
    if (isJoin) {
      this.#roster.joined(member, name, number);
      this.notice({ type: "membership", change: "join", member: { member, name }, number });
      return;
    }
    this.#roster.left(member, number);
    const reason = LEAVE_REASONS[bytes[0] as number] as LeaveReason;
    this.notice({ type: "membership", change: "leave", member: { member, name }, number, reason });
  }
}

function codeOf({ bytes }: Delivered): PublishCode {
  return PUBLISH_CODES[bytes[0] as number] as PublishCode;
}
