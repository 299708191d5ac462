/** Server-sent events of whichever node answers: the page's own first, then the others in turn, ever more patiently. */

import { parseShown } from "./incoming.js";
import type { ConnectionState } from "./moves.js";

export interface ConnectionHandlers {
  onState(state: ConnectionState): void;
  onOpen(): void;
  onEvent(name: string, data: unknown): void;
}

/** Nodes send something every second. A node that says nothing for so long is frozen, or cut off. */
const SILENCE_MS = 4_000;
const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 5_000;

const EVENTS = ["state", "table", "history"] as const;

export class Connection {
  readonly #handlers: ConnectionHandlers;
  /** The one that is listened to or asked is the first. */
  #urls: readonly string[];
  #source: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;

  constructor(urls: readonly string[], handlers: ConnectionHandlers) {
    this.#urls = urls;
    this.#handlers = handlers;
    this.#connect();
  }

  /** The dashboards that may be asked. Where it listens is not changed by it. */
  learn(urls: readonly string[]): void {
    const [current, ...others] = this.#urls;
    this.#urls = [...new Set([...(current === undefined ? [] : [current]), ...others, ...urls])];
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
  }

  #connect(): void {
    const url = this.#urls[0];
    if (url === undefined) return;
    this.#handlers.onState({ status: "connecting", url, attempt: this.#attempt });
    const source = new EventSource(new URL("events", url));
    this.#source = source;
    this.#watch();
    source.onopen = () => this.#handlers.onOpen();
    source.onerror = () => this.#fail();
    for (const name of EVENTS) {
      source.addEventListener(name, (event: MessageEvent<string>) => {
        this.#attempt = 0;
        this.#watch();
        this.#handlers.onState({ status: "live", url, attempt: 0 });
        this.#handlers.onEvent(name, parseShown(event.data));
      });
    }
  }

  #watch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fail(), SILENCE_MS);
  }

  #fail(): void {
    this.close();
    this.#attempt++;
    const [failed, ...others] = this.#urls;
    if (failed !== undefined) this.#urls = [...others, failed];
    // Each once at once, then all again after a while.
    const rounds = Math.floor(this.#attempt / this.#urls.length);
    const delay = rounds === 0 ? 0 : Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (rounds - 1));
    const url = this.#urls[0] ?? "";
    this.#handlers.onState({ status: "connecting", url, attempt: this.#attempt });
    this.#timer = setTimeout(() => this.#connect(), delay);
  }
}
