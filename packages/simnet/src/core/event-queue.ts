/** What is still to happen, in a binary heap: earliest first and, at the same time, in the order in which it was put in. */

/** Something that is to happen. One object per event and no closure, since a long run has millions of them. */
export interface Scheduled {
  /** Set by whoever no longer wants it: then it is passed over as if it had never been put in. */
  readonly cancelled?: boolean;
  /** Called once, when its time has come. */
  perform(): void;
}

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly event: Scheduled;
}

export class EventQueue {
  readonly #heap: Entry[] = [];
  #order = 0;

  /** Everything that waits, the cancelled included that nobody has come across yet. */
  get size(): number {
    return this.#heap.length;
  }

  push(at: number, event: Scheduled): void {
    const heap = this.#heap;
    const entry: Entry = { at, order: this.#order++, event };
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above] as Entry;
      if (!isBefore(entry, parent)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = entry;
  }

  /** When the next event is due; undefined when there is none. */
  nextTime(): number | undefined {
    while (this.#heap[0]?.event.cancelled === true) this.#removeFirst();
    return this.#heap[0]?.at;
  }

  /** The event that `nextTime()` speaks of. */
  pop(): Scheduled | undefined {
    if (this.nextTime() === undefined) return undefined;
    return this.#removeFirst().event;
  }

  #removeFirst(): Entry {
    const heap = this.#heap;
    const first = heap[0] as Entry;
    const last = heap.pop() as Entry;
    const length = heap.length;
    if (length === 0) return first;
    let index = 0;
    for (let below = 1; below < length; below = 2 * index + 1) {
      const right = below + 1;
      if (right < length && isBefore(heap[right] as Entry, heap[below] as Entry)) below = right;
      const child = heap[below] as Entry;
      if (!isBefore(child, last)) break;
      heap[index] = child;
      index = below;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
