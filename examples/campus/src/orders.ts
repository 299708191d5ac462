/** What this node is asked to do, one thing after another; a build that it was killed in is done when it is started again. */
import type { Delivered } from "@lab/broadcast";
import type { News, NewsOf } from "./news.js";

/** Whoever asks for more is refused. */
const MOST_WAITING = 16;

export type Order = NewsOf<"asks"> & { readonly number: number };

export class Orders {
  /** What was taken so far, when it is done. */
  done: Promise<void> = Promise.resolve();
  readonly #id: string;
  readonly #perform: (order: Order) => Promise<void>;
  readonly #refuse: (order: Order, why: Error) => void;
  /** What waits until this node serves; builds of before it was there too, where it did not answer: it was killed in one. */
  readonly #left = new Map<number, Order>();
  #serves = false;
  #waits = 0;

  constructor(id: string, perform: (order: Order) => Promise<void>, refuse: (order: Order, why: Error) => void) {
    [this.#id, this.#perform, this.#refuse] = [id, perform, refuse];
  }

  /** Is told all that is said, in order. */
  heard({ number, past }: Delivered, news: News | undefined): void {
    const isOrder = news?.news === "asks" && news.at === this.#id;
    const isBuild = isOrder && news.words.trim() === "build"; // who asked for a copy does not wait for it any more
    if (isOrder && (isBuild || !past)) this.#left.set(number, { ...news, number });
    if (news !== undefined && "asked" in news && news.id === this.#id) this.#left.delete(news.asked);
    this.#serves ||= !past && news?.news === "serves" && news.id === this.#id;
    if (!this.#serves) return;
    for (const order of this.#left.values()) this.#take(order);
    this.#left.clear();
  }

  #take(order: Order): void {
    const error = new Error(`${MOST_WAITING} things that were asked before are not done yet`);
    if (this.#waits === MOST_WAITING) return this.#refuse(order, error);
    this.#waits++;
    const done = this.done.then(() => this.#perform(order)).catch((error) => this.#refuse(order, error));
    this.done = done.finally(() => this.#waits--);
  }
}
