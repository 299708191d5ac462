/** Publishes of an application: those of one turn go to the machine together, and each promise gets its number. */
import { type BroadcastError, LocalProtocolError } from "../core/errors.js";

/** Hands payloads to the machine: payload i has the id `firstId` + i. */
type Hand = (firstId: number, payloads: readonly Uint8Array[]) => void;

/** One call: a publish, or many. */
interface Call {
  readonly firstId: number;
  readonly numbers: number[];
  open: number;
  error: BroadcastError | undefined;
  readonly resolve: (numbers: number[]) => void;
  readonly reject: (error: BroadcastError) => void;
}

/** The machine may say `hold` after each so many: what is handed to it beyond its bounds is no more than this. */
const MAX_HANDED = 1_024;
const MAX_HANDED_BYTES = 2 ** 18;

export class Outgoing {
  readonly #hand: Hand;
  /** By id: of publishes that are not decided. */
  readonly #calls = new Map<number, Call>();
  /** Not handed over; the first of them has the id `#nextId - #waiting.length + #from`, those before `#from` are gone. */
  #waiting: Uint8Array[] = [];
  #from = 0;
  #nextId = 1;
  #isHeld = false;
  #isScheduled = false;
  #isClosed = false;

  constructor(hand: Hand) {
    this.#hand = hand;
  }

  publish(message: Uint8Array | string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#add([copyOf(message)], ([number]) => resolve(number as number), reject);
    });
  }

  publishAll(messages: Iterable<Uint8Array | string>): Promise<number[]> {
    return new Promise((resolve, reject) => {
      const payloads = Array.from(messages, copyOf);
      if (payloads.length === 0) resolve([]);
      else this.#add(payloads, resolve, reject);
    });
  }

  /** The machine has too many (B35). */
  hold(): void {
    this.#isHeld = true;
  }

  unhold(): void {
    this.#isHeld = false;
    this.#schedule();
  }

  /** Hands over everything, whether held or not, and takes no more. */
  close(): void {
    this.#isClosed = true;
    while (this.#from < this.#waiting.length) this.#handSome();
  }

  published(id: number, number: number): void {
    this.#decide(id, number, undefined);
  }

  failed(id: number, error: BroadcastError): void {
    this.#decide(id, 0, error);
  }

  /** The room has ended: nothing is decided any more. */
  failAll(error: BroadcastError): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#from = 0;
    for (const id of [...this.#calls.keys()]) this.#decide(id, 0, error);
  }

  #add(payloads: readonly Uint8Array[], resolve: Call["resolve"], reject: Call["reject"]): void {
    if (this.#isClosed) {
      reject(new LocalProtocolError("LEFT", "the room was left"));
      return;
    }
    const firstId = this.#nextId;
    const call = { firstId, numbers: [], open: payloads.length, error: undefined, resolve, reject };
    for (const payload of payloads) {
      this.#calls.set(this.#nextId++, call);
      this.#waiting.push(payload);
    }
    this.#schedule();
  }

  #decide(id: number, number: number, error: BroadcastError | undefined): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    this.#calls.delete(id);
    call.numbers[id - call.firstId] = number;
    call.error ??= error;
    if (--call.open > 0) return;
    if (call.error === undefined) call.resolve(call.numbers);
    else call.reject(call.error);
  }

  /** Behind all that this turn, and what it awaits that is there already, still publishes. */
  #schedule(): void {
    if (this.#isScheduled || this.#isHeld || this.#from === this.#waiting.length) return;
    this.#isScheduled = true;
    process.nextTick(this.#flush);
  }

  readonly #flush = (): void => {
    this.#isScheduled = false;
    while (!this.#isHeld && this.#from < this.#waiting.length) this.#handSome();
  };

  #handSome(): void {
    const waiting = this.#waiting;
    const from = this.#from;
    const firstId = this.#nextId - (waiting.length - from);
    let to = from;
    for (let bytes = 0; to < waiting.length && to - from < MAX_HANDED && bytes < MAX_HANDED_BYTES; to++) {
      bytes += (waiting[to] as Uint8Array).length;
    }
    if (to === waiting.length) {
      this.#waiting = [];
      this.#from = 0;
    } else {
      this.#from = to;
    }
    this.#hand(firstId, from === 0 && to === waiting.length ? waiting : waiting.slice(from, to));
    // Those that were handed over are not kept alive by a long queue behind them.
    if (this.#from > 16 * MAX_HANDED) {
      this.#waiting = this.#waiting.slice(this.#from);
      this.#from = 0;
    }
  }
}

/** What the application does with its bytes afterwards is its own affair. */
function copyOf(message: Uint8Array | string): Uint8Array {
  if (typeof message === "string") return Buffer.from(message);
  if (message instanceof Uint8Array) return Buffer.from(message);
  throw new TypeError(`a message must be a Uint8Array or a string, not ${message === null ? "null" : typeof message}`);
}
