/** What a client published and has no number for yet: kept in order, sent, sent again, and decided once (docs/broadcast.md B14, B32, B34, B35). */

import type { ConnectionEnd } from "./client-connection.js";
import type { ClientOutput } from "./client-contract.js";
import type { ClientSettings } from "./client-options.js";
import type { Puback, PublishCode, Welcome } from "./messages.js";
import { encodePublish, MAX_PUBLISH_COUNT } from "./publish-frame.js";
import { malformed } from "./wire.js";

interface Item {
  readonly id: number;
  readonly bytes: Uint8Array;
  /** Its number in the log, once that is known. */
  number: number;
  isDecided: boolean;
  /** Of one that the log is known to have: once this number was delivered, its own entry will not come any more. */
  bound: number;
}

type Failure = Extract<ClientOutput, { readonly type: "publishFailed" }>["code"];

/** What a server's frame may have beyond its largest message (B5), and at least. */
const BESIDE_MESSAGE_BYTES = 64;
const MIN_FRAME_BYTES = 1_024;

export class Publishes {
  readonly #settings: ClientSettings;
  readonly #put: (output: ClientOutput) => void;
  /** In order; those before `#at` are gone. */
  #items: Item[] = [];
  #at = 0;
  /** The client seq of the first. */
  #headSeq = 1;
  /** So many of them have their client seq for good: they were sent once. */
  #numbered = 0;
  /** The highest client seq that stood for another publish in an epoch before, or in a life of the session before. */
  #spent = 0;
  /** So many of them were sent on this connection. */
  #sent = 0;
  /** Of the last PUBACK of this connection, or of its WELCOME. */
  #ackedNumber = 0;
  /** Those that the log has, whose numbers are not known, with their client seqs. */
  #awaited: { readonly seq: number; readonly item: Item }[] = [];
  #bytes = 0;
  #isHeld = false;
  #isFirst = true;
  #window = 0;
  #maxMessageBytes = Number.POSITIVE_INFINITY;

  constructor(settings: ClientSettings, put: (output: ClientOutput) => void) {
    this.#settings = settings;
    this.#put = put;
  }

  /** Publishes that are not decided, or not acknowledged. */
  get count(): number {
    return this.#items.length - this.#at + this.#awaited.length;
  }

  add(id: number, bytes: Uint8Array): void {
    if (bytes.length > this.#maxMessageBytes) {
      this.#put({ type: "publishFailed", id, code: "TOO_BIG" });
      return;
    }
    this.#items.push({ id, bytes, number: 0, isDecided: false, bound: 0 });
    this.#bytes += bytes.length;
    const { maxUnsentMessages, maxUnsentBytes } = this.#settings;
    if (this.#isHeld || (this.count < maxUnsentMessages && this.#bytes < maxUnsentBytes)) return;
    this.#isHeld = true;
    this.#put({ type: "hold" });
  }

  /** The connection is gone: nothing was sent on the next one. */
  disconnected(): void {
    this.#sent = 0;
  }

  /**
   * Undefined, or that another process has published in the session, so that client seqs mean nothing here any more (B11).
   * @throws RemoteProtocolError where the session's last client seq is none that it can be
   */
  check({ lastClientSeq }: Welcome, isNewSession: boolean, isNewEpoch: boolean): ConnectionEnd | undefined {
    if (this.#isFirst || isNewSession) return undefined;
    const first = isNewEpoch ? 0 : this.#headSeq - 1;
    // An older state of a shared log may be brought back (B40), with what was published before a still older one was.
    const last = isNewEpoch ? Math.max(this.#spent, this.#lastNumbered) : this.#lastNumbered;
    if (lastClientSeq > last) {
      const why = `another process published up to client seq ${lastClientSeq} in the session, and this one up to ${last}`;
      return { code: "TAKEN_OVER", why };
    }
    if (lastClientSeq >= first) return undefined;
    throw malformed(`a last client seq of ${lastClientSeq}, not ${first} to ${last}`);
  }

  /** A WELCOME that `check` let through. */
  welcome(welcome: Welcome, isNewSession: boolean, isNewEpoch: boolean): void {
    const { lastClientSeq, lastNumber, head } = welcome;
    const isLost = isNewSession || isNewEpoch;
    // B32: of another epoch it says what the log has only where it can not stand for a publish before these.
    const isTelling = !isNewSession && (!isNewEpoch || lastClientSeq > this.#spent);
    if (isLost && this.#lastNumbered > lastClientSeq) this.#spent = Math.max(this.#spent, this.#lastNumbered);
    const lost = isLost ? this.#lostOfAwaited(isTelling ? lastClientSeq : 0, lastNumber, lastNumber || head) : [];
    if (!this.#isFirst && isTelling) this.#dropLogged(lastClientSeq, lastNumber, lastNumber || head);
    if (isLost) this.#forgetNumbered(lost);
    this.#isFirst = false;
    this.#headSeq = lastClientSeq + 1;
    this.#sent = 0;
    this.#ackedNumber = lastNumber;
    this.#window = welcome.publishWindow;
    this.#limit(welcome.maxMessageBytes);
    this.#unhold();
  }

  /** PUBLISH frames, as many as the window lets through. */
  frames(): Uint8Array[] {
    const frames: Uint8Array[] = [];
    const items = this.#items;
    const until = Math.min(items.length - this.#at, this.#window);
    const maxBytes = Math.max(MIN_FRAME_BYTES, this.#maxMessageBytes + BESIDE_MESSAGE_BYTES);
    while (this.#sent < until) {
      const firstSeq = this.#headSeq + this.#sent;
      const payloads: Uint8Array[] = [];
      for (let size = 11; this.#sent < until && payloads.length < MAX_PUBLISH_COUNT; this.#sent++) {
        const { bytes } = items[this.#at + this.#sent] as Item;
        size += 4 + bytes.length;
        if (size > maxBytes && payloads.length > 0) break;
        payloads.push(bytes);
      }
      frames.push(encodePublish(firstSeq, payloads));
    }
    this.#numbered = Math.max(this.#numbered, this.#sent);
    return frames;
  }

  /** @throws RemoteProtocolError for one that decides what was not sent, or that can not be so */
  puback({ clientSeq, number, code }: Puback): void {
    const count = clientSeq - this.#headSeq + 1;
    if (count <= 0) return; // said again (B13)
    if (count > this.#sent) throw malformed(`a PUBACK of client seq ${clientSeq}, which was not sent`);
    if (number - count < this.#ackedNumber)
      throw malformed(`a PUBACK with number ${number} behind ${this.#ackedNumber}`);
    if (code !== "ok" && count !== 1) throw malformed(`a PUBACK of ${count} that are ${code}`);
    for (let index = 0; index < count; index++) {
      const item = this.#items[this.#at + index] as Item;
      const its = number - count + 1 + index;
      if (item.isDecided && item.number !== its) throw malformed(`number ${its} for what has ${item.number}`);
      if (!item.isDecided) this.#decide(item, its, code);
    }
    this.#ackedNumber = number;
    this.#shift(count);
    this.#unhold();
  }

  /** The client's own entry was delivered. */
  own(clientSeq: number, number: number, code: PublishCode): void {
    while (this.#awaited.length > 0) {
      const { seq, item } = this.#awaited[0] as { seq: number; item: Item };
      if (seq > clientSeq) break;
      this.#awaited.shift();
      if (seq === clientSeq) this.#decide(item, number, code);
      else this.#settle(item);
    }
    this.#unhold();
    const index = clientSeq - this.#headSeq;
    if (index < 0 || index >= this.#numbered) return;
    const item = this.#items[this.#at + index] as Item;
    if (!item.isDecided) this.#decide(item, number, code);
  }

  /** All up to this number was delivered, or will not be. */
  passed(number: number): void {
    while (this.#awaited.length > 0 && (this.#awaited[0] as { item: Item }).item.bound <= number) {
      this.#settle((this.#awaited.shift() as { item: Item }).item);
    }
    this.#unhold();
  }

  /** Nothing more is sent, and nothing will be known. */
  end(): void {
    for (const { item } of this.#awaited) this.#settle(item);
    this.#awaited = [];
    const items = this.#items.slice(this.#at);
    const numbered = this.#numbered;
    this.#shift(items.length);
    for (const [index, item] of items.entries()) {
      if (!item.isDecided) this.#fail(item, index < numbered ? "UNKNOWN_OUTCOME" : "LEFT");
    }
  }

  /** The last client seq that stands for one of them for good. */
  get #lastNumbered(): number {
    return this.#headSeq + this.#numbered - 1;
  }

  /** B32: what the log has is not sent again; its number comes with its own entry, or is known. */
  #dropLogged(lastClientSeq: number, lastNumber: number, bound: number): void {
    const count = Math.max(0, lastClientSeq - this.#headSeq + 1);
    for (let index = 0; index < count; index++) {
      const item = this.#items[this.#at + index] as Item;
      if (item.isDecided) continue;
      item.bound = bound;
      if (index === count - 1) item.number = lastNumber;
      this.#awaited.push({ seq: this.#headSeq + index, item });
    }
    this.#shift(count);
  }

  /** Those of which it is not known any more that the log has them; the others' numbers are of another epoch. */
  #lostOfAwaited(lastClientSeq: number, lastNumber: number, bound: number): readonly Item[] {
    const lost = this.#awaited.filter(({ seq }) => seq > lastClientSeq).map(({ item }) => item);
    this.#awaited = this.#awaited.filter(({ seq }) => seq <= lastClientSeq);
    for (const { seq, item } of this.#awaited) {
      item.number = seq === lastClientSeq ? lastNumber : 0;
      item.bound = bound;
    }
    return lost;
  }

  /** B34: of what was sent once, nobody knows whether the log has it. */
  #forgetNumbered(lost: readonly Item[]): void {
    const until = this.#at + this.#numbered;
    const numbered = this.#items.slice(this.#at, until).filter((item) => !item.isDecided);
    this.#items = [...this.#unknown([...lost, ...numbered]), ...this.#items.slice(until)];
    this.#at = 0;
    this.#numbered = 0;
    this.#bytes = this.#items.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** Those that are to be sent again; the others are told. */
  #unknown(items: readonly Item[]): readonly Item[] {
    if (this.#settings.onUnknown === "resend") return items.map((item) => ({ ...item, number: 0, bound: 0 }));
    for (const item of items) this.#fail(item, "UNKNOWN_OUTCOME");
    return [];
  }

  /** The limit of messages is known: what never was sent and is above it, is not sent. */
  #limit(maxMessageBytes: number): void {
    this.#maxMessageBytes = maxMessageBytes;
    const from = this.#at + this.#numbered;
    const isTooBig = (item: Item | undefined): boolean => item !== undefined && item.bytes.length > maxMessageBytes;
    if (!this.#items.some((item, index) => index >= from && isTooBig(item))) return;
    this.#items = this.#items.filter((item, index) => {
      if (index < from || !isTooBig(item)) return true;
      this.#bytes -= item.bytes.length;
      this.#fail(item, "TOO_BIG");
      return false;
    });
  }

  #decide(item: Item, number: number, code: PublishCode): void {
    item.isDecided = true;
    item.number = number;
    if (code === "ok") this.#put({ type: "published", id: item.id, number });
    else this.#fail(item, "TOO_BIG");
  }

  /** Its own entry will not come. */
  #settle(item: Item): void {
    if (item.number > 0) this.#decide(item, item.number, "ok");
    else this.#fail(item, "NUMBER_LOST");
  }

  #fail({ id }: Item, code: Failure): void {
    this.#put({ type: "publishFailed", id, code });
  }

  #shift(count: number): void {
    for (let index = 0; index < count; index++) this.#bytes -= (this.#items[this.#at + index] as Item).bytes.length;
    this.#at += count;
    this.#headSeq += count;
    this.#numbered = Math.max(0, this.#numbered - count);
    this.#sent = Math.max(0, this.#sent - count);
    if (this.#at === this.#items.length) {
      this.#items.length = 0;
      this.#at = 0;
    } else if (this.#at >= 1_024 && 2 * this.#at >= this.#items.length) {
      this.#items.splice(0, this.#at);
      this.#at = 0;
    }
  }

  #unhold(): void {
    const { maxUnsentMessages, maxUnsentBytes } = this.#settings;
    if (!this.#isHeld || this.count > maxUnsentMessages / 2 || this.#bytes > maxUnsentBytes / 2) return;
    this.#isHeld = false;
    this.#put({ type: "unhold" });
  }
}
