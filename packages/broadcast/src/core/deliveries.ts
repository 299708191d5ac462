/** What the application is given, in the order of the numbers and each once, whatever the server sends (docs/broadcast.md B30, B31, B36). */

import type { ClientOutput, Delivered, Notice } from "./client-contract.js";
import type { ClientSettings } from "./client-options.js";
import { BATCH_PREFIX_BYTES, checkBatch } from "./codec.js";
import { ENTRY_HEADER_BYTES, EntryWalker, KIND } from "./entries.js";
import { MessageRun, RunsDelivery } from "./message-run.js";
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

/** From so many messages of one sender on, entries are not made before they are taken. */
const LONG_RUN = 8;

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
  /** Of the first WELCOME; and up to which number entries were there then, 0 in another epoch. */
  #first: { readonly epoch: number; readonly head: number } | undefined;
  #pastTo = 0;
  /** Of this call, not put out yet: one of both is empty. */
  #entries: Delivered[] = [];
  #runs: MessageRun[] = [];
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

  /** A WELCOME names its epoch and its head (B36). */
  welcomed(epoch: number, head: number): void {
    this.#first ??= { epoch, head };
    this.#pastTo = this.#first.epoch === epoch ? this.#first.head : 0;
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
    this.#flushRuns();
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
        past: number <= this.#pastTo,
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
   * The common BATCH: the messages behind the last one, and nothing else. False, and nothing has changed: it is another one, or
   * none at all, and `batch` looks at it more closely.
   */
  #messages(payload: Uint8Array): boolean {
    const { buffer, byteOffset, length } = payload;
    if (length < BATCH_PREFIX_BYTES || this.#snapshot.isOpen) return false;
    const view = new DataView(buffer, byteOffset, length);
    const first = this.last + 1;
    if (view.getUint32(1) * TWO_32 + view.getUint32(5) !== first) return false;
    const count = view.getUint32(9);
    if (count === 0 || first + count - 1 > Number.MAX_SAFE_INTEGER) return false;
    const sender = senderOfAll(view, count);
    if (sender === undefined) return false;
    this.hasBegun = true;
    if (sender > 0 && count >= LONG_RUN) this.#run(view, first, count, sender);
    else this.#eachMessage(view, first);
    this.#publishes.passed(this.last);
    return true;
  }

  /** Messages of one sender: entries are made where they are taken. */
  #run(view: DataView, first: number, count: number, member: number): void {
    const own = member === this.member;
    const silent = own && !this.#settings.echo;
    const facts = { first, count, member, name: this.#roster.nameOf(member), own, silent, pastTo: this.#pastTo };
    const run = new MessageRun(facts, view, BATCH_PREFIX_BYTES);
    if (own) {
      let at = BATCH_PREFIX_BYTES;
      for (let number = first; number <= run.last; number++) {
        this.#publishes.own(view.getUint32(at + 5) * TWO_32 + view.getUint32(at + 9), number, "ok");
        at += ENTRY_HEADER_BYTES + view.getUint32(at + 13);
      }
    }
    this.#flushEntries();
    this.#runs.push(run);
    this.last = run.last;
    this.#bytes += count * ENTRY_OVERHEAD_BYTES + run.bytes;
  }

  #eachMessage(view: DataView, first: number): void {
    this.#flushRuns();
    const { buffer, byteOffset, byteLength } = view;
    const { echo } = this.#settings;
    let number = first;
    let sender = 0;
    let name = "";
    for (let at = BATCH_PREFIX_BYTES; at < byteLength; number++) {
      const member = view.getUint32(at + 1);
      if (member !== sender) name = this.#roster.nameOf(member);
      sender = member;
      const clientSeq = view.getUint32(at + 5) * TWO_32 + view.getUint32(at + 9);
      const start = at + ENTRY_HEADER_BYTES;
      const length = view.getUint32(at + 13);
      const own = member === this.member;
      this.#entries.push({
        number,
        kind: "message",
        member,
        name,
        clientSeq,
        bytes: new Uint8Array(buffer, byteOffset + start, length),
        own,
        silent: own && !echo,
        past: number <= this.#pastTo,
      });
      this.#bytes += ENTRY_OVERHEAD_BYTES + length;
      if (own) this.#publishes.own(clientSeq, number, "ok");
      at = start + length;
    }
    this.last = number - 1;
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
    this.#flushRuns();
    this.#flushEntries();
  }

  #flushRuns(): void {
    if (this.#runs.length === 0) return;
    const runs = this.#runs;
    this.#runs = [];
    this.#putOut((runs[runs.length - 1] as MessageRun).last, new RunsDelivery(runs));
  }

  #flushEntries(): void {
    if (this.#entries.length === 0) return;
    const entries = this.#entries;
    this.#entries = [];
    this.#putOut((entries[entries.length - 1] as Delivered).number, { type: "deliver", entries });
  }

  #putOut(last: number, delivery: ClientOutput): void {
    this.#unhandled.delivered(last, this.#bytes);
    this.#bytes = 0;
    this.#put(delivery);
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

/** The sender of so many messages, which the BATCH is and nothing else; 0: of several, undefined: it is another. */
function senderOfAll(view: DataView, count: number): number | undefined {
  const { byteLength } = view;
  let at = BATCH_PREFIX_BYTES;
  let sender = byteLength >= at + ENTRY_HEADER_BYTES ? view.getUint32(at + 1) : 0;
  for (let left = count; left > 0; left--) {
    const start = at + ENTRY_HEADER_BYTES;
    if (start > byteLength) return undefined;
    const member = view.getUint32(at + 1);
    const high = view.getUint32(at + 5);
    if (view.getUint8(at) !== KIND.message || member === 0 || high >= UNSAFE_HIGH) return undefined;
    if (high === 0 && view.getUint32(at + 9) === 0) return undefined;
    if (member !== sender) sender = 0;
    at = start + view.getUint32(at + 13);
  }
  return at === byteLength ? sender : undefined;
}
