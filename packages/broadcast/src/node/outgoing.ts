/** Publishes of an application: those of one turn go to the machine together, and each promise gets its number. */
import { type BroadcastError, LocalProtocolError } from "../core/errors.js";

/** Hands payloads to the machine: payload i has the id `firstId` + i. */
type Hand = (firstId: number, payloads: readonly Uint8Array[]) => void;

/** One call: a publish, or many. */
interface Call {
  readonly firstId: number;
  /** `UNDECIDED` for those that are. */
  readonly numbers: number[];
  open: number;
  error: BroadcastError | undefined;
  readonly resolve: (numbers: number[]) => void;
  readonly reject: (error: BroadcastError) => void;
}

const encoder = new TextEncoder();

const UNDECIDED = -1;
/** Messages up to so long are copied into memory that many share. */
const SHORT_BYTES = 4_096;
const SHARED_BYTES = 65_536;
/** The machine may say `hold` after each so many: what is handed to it beyond its bounds is no more than this. */
const MAX_HANDED = 1_024;
const MAX_HANDED_BYTES = 2 ** 18;

export class Outgoing {
  readonly #hand: Hand;
  /** In the order of their ids; those before `#open` are decided. */
  #calls: Call[] = [];
  #open = 0;
  #memory: Uint8Array = new Uint8Array(0);
  #used = 0;
  /** Not handed over; the first of them has the id `#nextId - #waiting.length + #from`, those before `#from` are gone. */
  #waiting: Uint8Array[] = [];
  #from = 0;
  #nextId = 1;
  #isHeld = false;
  #isScheduled = false;
  /** What is said to who still publishes. */
  #closed: BroadcastError | undefined;

  constructor(hand: Hand) {
    this.#hand = hand;
  }

  publish(message: Uint8Array | string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#add([this.#copyOf(message)], ([number]) => resolve(number as number), reject);
    });
  }

  publishAll(messages: Iterable<Uint8Array | string>): Promise<number[]> {
    return new Promise((resolve, reject) => {
      const payloads = Array.from(messages, (message) => this.#copyOf(message));
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

  /**
   * Hands over everything, whether held or not, and takes no more.
   * @param why what later publishes reject with; that of the first call counts
   */
  close(why: BroadcastError = new LocalProtocolError("LEFT", "the room was left")): void {
    this.#closed ??= why;
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
    this.#closed ??= new LocalProtocolError("LEFT", "the room was left");
    this.#waiting = [];
    this.#from = 0;
    for (const { firstId, numbers } of this.#calls.slice(this.#open)) {
      for (let index = 0; index < numbers.length; index++) this.#decide(firstId + index, 0, error);
    }
  }

  #add(payloads: Uint8Array[], resolve: Call["resolve"], reject: Call["reject"]): void {
    if (this.#closed !== undefined) {
      reject(this.#closed);
      return;
    }
    const firstId = this.#nextId;
    const open = payloads.length;
    const numbers = new Array<number>(open).fill(UNDECIDED);
    this.#calls.push({ firstId, numbers, open, error: undefined, resolve, reject });
    this.#nextId += open;
    if (this.#waiting.length === 0) this.#waiting = payloads;
    else for (const payload of payloads) this.#waiting.push(payload);
    this.#schedule();
  }

  #decide(id: number, number: number, error: BroadcastError | undefined): void {
    const call = this.#callOf(id);
    if (call === undefined || call.numbers[id - call.firstId] !== UNDECIDED) return;
    call.numbers[id - call.firstId] = number;
    call.error ??= error;
    if (--call.open > 0) return;
    this.#forgetDecided();
    if (call.error === undefined) call.resolve(call.numbers);
    else call.reject(call.error);
  }

  /** Undefined: it is long decided. */
  #callOf(id: number): Call | undefined {
    const calls = this.#calls;
    // They are decided in their order, but for a few after a cut.
    let low = this.#open;
    let high = (calls[low + 1]?.firstId ?? Number.POSITIVE_INFINITY) > id ? low : calls.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((calls[middle] as Call).firstId <= id) low = middle;
      else high = middle - 1;
    }
    const call = calls[low];
    return call !== undefined && id >= call.firstId && id < call.firstId + call.numbers.length ? call : undefined;
  }

  #forgetDecided(): void {
    while (this.#calls[this.#open]?.open === 0) this.#open++;
    if (this.#open < 1_024 && this.#open < this.#calls.length) return;
    this.#calls = this.#calls.slice(this.#open);
    this.#open = 0;
  }

  /** What the application does with its bytes afterwards is its own affair. */
  #copyOf(message: Uint8Array | string): Uint8Array {
    if (typeof message === "string") return encoder.encode(message);
    if (!(message instanceof Uint8Array)) {
      throw new TypeError(
        `a message must be a Uint8Array or a string, not ${message === null ? "null" : typeof message}`,
      );
    }
    const { length } = message;
    if (length > SHORT_BYTES) return new Uint8Array(message);
    if (this.#used + length > this.#memory.length) {
      this.#memory = new Uint8Array(SHARED_BYTES);
      this.#used = 0;
    }
    const copy = new Uint8Array(this.#memory.buffer, this.#used, length);
    this.#used += length;
    copy.set(message);
    return copy;
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
