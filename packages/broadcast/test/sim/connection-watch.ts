/** What goes over one connection, as its server writes it: A, D and G on the wire, whatever a client makes of it. */
import { type Batch, decode, type Message, type Welcome } from "../../src/core/index.js";
import { lineOf, type RoomModel } from "./room-model.js";
import { Violation } from "./violation.js";

const HEADER_BYTES = 8;

/** The messages of what was written: whole frames. The same bytes are decoded once. */
const decoded = new WeakMap<Uint8Array, readonly Message[]>();

export function messagesIn(bytes: Uint8Array): readonly Message[] {
  const known = decoded.get(bytes);
  if (known !== undefined) return known;
  const messages: Message[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; ) {
    const length = Number(view.getBigUint64(at));
    const end = at + HEADER_BYTES + length;
    if (end > bytes.length)
      throw new Violation("machine", `a server writes ${bytes.length - at} bytes of a frame of ${length}`);
    messages.push(decode(bytes.subarray(at + HEADER_BYTES, end), "server"));
    at = end;
  }
  decoded.set(bytes, messages);
  return messages;
}

/** What a watch must know of the server beside the connection. */
export interface ServedRoom {
  readonly model: RoomModel;
  /** The highest number of an epoch that is safe, as the store or the shared log knows it. */
  readonly safeHead: (epoch: number) => number;
}

export class ConnectionWatch {
  readonly #who: string;
  readonly #served: ServedRoom;
  /** Of the session or the observer. */
  welcome: Welcome | undefined;
  /** The number that must come next. */
  next = 0;
  isClosed = false;
  /** The code of its CLOSE. */
  closedWith: string | undefined;

  constructor(who: string, served: ServedRoom) {
    this.#who = who;
    this.#served = served;
  }

  /** @returns the entries that it brought */
  wrote(bytes: Uint8Array): number {
    if (this.isClosed) throw new Violation("machine", `${this.#who} is sent something behind its close`);
    let entries = 0;
    for (const message of messagesIn(bytes)) entries += this.#message(message);
    return entries;
  }

  #message(message: Message): number {
    switch (message.type) {
      case "welcome":
        this.welcome = message;
        this.next = message.resumeFrom;
        this.#served.model.promised(message.epoch);
        this.#members(message);
        return 0;
      case "batch":
        this.#batch(message);
        return message.entries.length;
      case "gap":
        // What lies below resume from is told to who knows of it; what is to come is not told twice.
        if (message.from > this.next) {
          throw new Violation("G", `${this.#who} is sent a gap from ${message.from}, and ${this.next} would be next`);
        }
        this.next = Math.max(this.next, message.to + 1);
        return 0;
      case "snapshot":
        if (message.isLast) this.next = message.upTo + 1;
        return 0;
      case "puback":
        this.#safe("acknowledged", message.number);
        return 0;
      case "close":
        this.closedWith = message.code;
        return 0;
      default:
        return 0;
    }
  }

  /** B10: who is joined at the head. */
  #members({ epoch, head, members }: Welcome): void {
    const expected = this.#served.model.membersAt(epoch, head)?.join();
    const told = members.map(({ member, name }) => `${member} ${name}`).sort();
    if (expected === undefined || told.join() === expected) return;
    throw new Violation(
      "B10",
      `${this.#who} is told of the members ${told.join()}, and at ${head} there are ${expected}`,
    );
  }

  #batch({ first, entries }: Batch): void {
    const epoch = this.welcome?.epoch;
    if (epoch === undefined) throw new Violation("A", `${this.#who} is sent entries before a welcome`);
    if (first !== this.next) {
      throw new Violation(first > this.next ? "G" : "A", `${this.#who} is sent ${first}, and ${this.next} is next`);
    }
    this.next += entries.length;
    this.#safe("delivered", this.next - 1);
    const { model } = this.#served;
    for (const [i, entry] of entries.entries()) model.pin(epoch, first + i, lineOf(entry));
  }

  /** First committed, then delivered and acknowledged (B12, B28). */
  #safe(what: string, number: number): void {
    const head = this.#served.safeHead(this.welcome?.epoch ?? 0);
    if (number > head) throw new Violation("D", `${number} is ${what} to ${this.#who}, and only ${head} is committed`);
  }
}
