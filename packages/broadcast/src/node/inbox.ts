/** What came and was not handled: given to a handler, or to a loop, one at a time and in order, and acknowledged after that. */
import type { Delivered, Notice } from "../core/client-contract.js";
import { LocalProtocolError } from "../core/errors.js";
import { MessageRun } from "../core/message-run.js";
import { ENTRY_OVERHEAD_BYTES } from "../core/unhandled.js";

export interface InboxOptions {
  /** Without one, a loop takes the entries. */
  readonly handler: ((entry: Delivered) => void | Promise<void>) | undefined;
  /** Whether the application is given an entry; others are handled by being passed. */
  readonly isWanted: (entry: Pick<Delivered, "kind" | "own">) => boolean;
  /**
   * Without a handler, and until a loop asks: where more than so many bytes wait, each entry with 64 more, those are dropped, which
   * a gap tells. Undefined: all of them wait.
   */
  readonly maxUnaskedBytes: number | undefined;
  /** A loop asks for the first time. */
  readonly asked: () => void;
  /** Called for notices in their place between entries. */
  readonly notice: (notice: Notice) => void;
  /** Called before entries count as handled; what it returns is waited for. */
  readonly save: (upTo: number) => void | Promise<void>;
  /** All up to it are handled, and saved. */
  readonly handled: (upTo: number) => void;
  /** The handler or `save` failed: nothing more is given to anybody. */
  readonly failed: (what: "handler" | "savePosition", error: unknown) => void;
}

interface Waiter {
  readonly resolve: (result: IteratorResult<Delivered, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/** Of a run entries are made one by one, when they are given. */
type Item = readonly Delivered[] | MessageRun | Notice;

/** So many entries may wait that nobody asked for: well below the largest window. */
const MAX_UNASKED = 500_000;

const OVER: IteratorReturnResult<undefined> = { done: true, value: undefined };

export class Inbox {
  readonly #options: InboxOptions;
  #items: Item[] = [];
  #item = 0;
  /** Of the batch `#items[#item]`, the entry that comes next. */
  #at = 0;
  /** Handled, but not saved: 0 for none. */
  #unsaved = 0;
  /** Saved, but the machine was not told: 0 for none. */
  #untold = 0;
  #isTelling = false;
  /** A handler or `save` is at work. */
  #isBusy = false;
  /** The number of the entry that the loop has, 0 for none. */
  #given = 0;
  #waiter: Waiter | undefined;
  #end: { readonly error?: unknown } | undefined;
  #isStopped = false;
  #wasAsked = false;
  /** What waits that nobody asked for. */
  #unaskedBytes = 0;
  #unaskedCount = 0;
  /** It is being dropped: the first of it that the application would have been given, 0 before that. */
  #isDropping = false;
  #droppedFrom = 0;
  #droppedTo = 0;

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  push(...items: readonly Item[]): void {
    if (this.#end !== undefined || this.#isStopped) return;
    for (const item of items) {
      this.#items.push(item);
      if (this.#isUnasked) this.#boundUnasked(item);
    }
    this.#pump();
  }

  /** The next entry for a loop; the one before it counts as handled. */
  next(): Promise<IteratorResult<Delivered, undefined>> {
    if (this.#options.handler !== undefined) {
      return Promise.reject(new LocalProtocolError("HANDLER", "the handler takes the messages of this room"));
    }
    if (this.#waiter !== undefined) {
      return Promise.reject(new LocalProtocolError("ITERATING", "another loop waits for the next message"));
    }
    if (!this.#wasAsked) {
      this.#wasAsked = true;
      this.#options.asked();
    }
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
      this.takeBack();
      this.#pump();
    });
  }

  /** The entry that the loop has counts as handled. */
  takeBack(): void {
    if (this.#given === 0) return;
    this.#unsaved = this.#given;
    this.#given = 0;
    this.#save();
  }

  /** No more comes. With an error what came is still given; without one it is dropped. */
  end(end: { readonly error?: unknown }): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    if (!("error" in end)) this.#drop();
    this.#pump();
  }

  get #isUnasked(): boolean {
    const { handler, maxUnaskedBytes } = this.#options;
    return handler === undefined && maxUnaskedBytes !== undefined && !this.#wasAsked;
  }

  /** Who only publishes never takes anything, and is not to wait for that (B35). */
  #boundUnasked(item: Item): void {
    if (item instanceof MessageRun) {
      this.#unaskedBytes += item.count * ENTRY_OVERHEAD_BYTES + item.bytes;
      this.#unaskedCount += item.count;
    } else if (isBatch(item)) {
      for (const { bytes } of item) this.#unaskedBytes += ENTRY_OVERHEAD_BYTES + bytes.length;
      this.#unaskedCount += item.length;
    } else {
      return;
    }
    const { maxUnaskedBytes = 0 } = this.#options;
    if (this.#unaskedBytes <= maxUnaskedBytes && this.#unaskedCount <= MAX_UNASKED) return;
    this.#unaskedBytes = 0;
    this.#unaskedCount = 0;
    this.#isDropping = true;
    this.#pump();
    this.#isDropping = false;
  }

  /** G: what was dropped up to here is told. */
  #tellDropped(): void {
    const from = this.#droppedFrom;
    this.#droppedFrom = 0;
    if (from > 0) this.#options.notice({ type: "gap", from, to: this.#droppedTo, reason: "slow" });
  }

  #drop(): void {
    this.#isStopped = true;
    this.#items = [];
    this.#item = 0;
    this.#at = 0;
  }

  /** Goes on until somebody else is at work, or nothing is left. */
  #pump(): void {
    while (!this.#isBusy && this.#given === 0) {
      const item = this.#items[this.#item];
      if (item === undefined) {
        this.#tellDropped();
        if (!this.#save()) break;
        this.#items.length = 0;
        this.#item = 0;
        this.#tell();
        this.#finish();
        return;
      }
      if (item instanceof MessageRun) {
        if (!this.#giveRun(item)) break;
      } else if (isBatch(item)) {
        if (!this.#giveBatch(item)) break;
      } else {
        this.#tellDropped();
        // What came before it is of the time before it: an epoch may end here.
        if (!this.#save()) break;
        this.#tell();
        this.#pass();
        this.#options.notice(item);
      }
    }
    if (this.#untold === 0 || this.#isTelling) return;
    // A loop takes one after another within a turn: the machine is told once, for all of them.
    this.#isTelling = true;
    setImmediate(this.#tell);
  }

  /** Whether all of it is given; else somebody is at work, or nobody asks. */
  #giveBatch(entries: readonly Delivered[]): boolean {
    const { handler, isWanted } = this.#options;
    while (this.#at < entries.length) {
      const entry = entries[this.#at] as Delivered;
      if (this.#isDropping && isWanted(entry)) {
        this.#at++;
        this.#droppedFrom ||= entry.number;
        this.#droppedTo = entry.number;
      } else if (isWanted(entry)) {
        if (handler === undefined) {
          if (this.#hasLoop()) {
            this.#at++;
            this.#giveToLoop(entry);
          }
          return false;
        }
        this.#at++;
        if (!this.#handle(handler, entry)) return false;
      } else {
        this.#at++;
      }
      this.#unsaved = entry.number;
    }
    this.#pass();
    return true;
  }

  #pass(): void {
    this.#at = 0;
    this.#item++;
    if (this.#item < 256) return;
    // Who is always a little behind would keep everything that it ever had.
    this.#items.splice(0, this.#item);
    this.#item = 0;
  }

  /** As `#giveBatch`. They are all wanted, or none is. */
  #giveRun(run: MessageRun): boolean {
    const { handler, isWanted } = this.#options;
    if (!isWanted(run) || this.#isDropping) {
      if (isWanted(run)) {
        this.#droppedFrom ||= run.next;
        this.#droppedTo = run.last;
      }
      this.#unsaved = run.last;
      this.#pass();
      return true;
    }
    while (run.next <= run.last) {
      if (handler === undefined) {
        if (this.#hasLoop()) this.#giveToLoop(run.take());
        return false;
      }
      const entry = run.take();
      if (!this.#handle(handler, entry)) return false;
      this.#unsaved = entry.number;
    }
    this.#pass();
    return true;
  }

  /** Whether a loop waits for an entry, and may have it: what was passed on the way is handled, whether it comes back or not. */
  #hasLoop(): boolean {
    return this.#save() && this.#waiter !== undefined;
  }

  #giveToLoop(entry: Delivered): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    this.#given = entry.number;
    waiter?.resolve({ done: false, value: entry });
  }

  /** Whether the handler is done with it. */
  #handle(handler: (entry: Delivered) => void | Promise<void>, entry: Delivered): boolean {
    let result: void | Promise<void>;
    try {
      result = handler(entry);
    } catch (error) {
      this.#fail("handler", error);
      return false;
    }
    // Leaving from inside the handler ends it there.
    if (result === undefined) return !this.#isStopped;
    this.#isBusy = true;
    Promise.resolve(result).then(
      () => {
        this.#isBusy = false;
        this.#unsaved = entry.number;
        this.#save();
        this.#pump();
      },
      (error: unknown) => this.#fail("handler", error),
    );
    return false;
  }

  /** Whether everything that was handled is saved; else it goes on by itself when that is done. */
  #save(): boolean {
    const upTo = this.#unsaved;
    if (upTo === 0) return !this.#isBusy;
    if (this.#isBusy) return false;
    this.#unsaved = 0;
    let result: void | Promise<void>;
    try {
      result = this.#options.save(upTo);
    } catch (error) {
      this.#fail("savePosition", error);
      return false;
    }
    if (result === undefined) {
      this.#untold = upTo;
      return true;
    }
    this.#isBusy = true;
    Promise.resolve(result).then(
      () => {
        this.#isBusy = false;
        this.#untold = upTo;
        this.#pump();
      },
      (error: unknown) => this.#fail("savePosition", error),
    );
    return false;
  }

  readonly #tell = (): void => {
    const upTo = this.#untold;
    this.#isTelling = false;
    if (upTo === 0) return;
    this.#untold = 0;
    this.#options.handled(upTo);
  };

  #fail(what: "handler" | "savePosition", error: unknown): void {
    this.#isBusy = false;
    this.#drop();
    this.#options.failed(what, error);
  }

  #finish(): void {
    const waiter = this.#waiter;
    if (this.#end === undefined || waiter === undefined) return;
    this.#waiter = undefined;
    if ("error" in this.#end) waiter.reject(this.#end.error);
    else waiter.resolve(OVER);
  }
}

function isBatch(item: Item): item is readonly Delivered[] {
  return Array.isArray(item);
}
