/** The pages that watch: server-sent events to each, and to none that reads too slowly. */
import type { ServerResponse } from "node:http";

export interface ClientBounds {
  readonly maxClients: number;
  readonly maxUnsentBytes: number;
}

/** After which a browser whose connection broke tries again. */
const RETRY_MS = 1_000;

export class DashboardClients {
  readonly #bounds: ClientBounds;
  readonly #clients = new Set<ServerResponse>();
  readonly #onChange: (count: number) => void;
  /** Of the longest text that was sent. */
  #longest = 0;

  /** @param onChange told how many there are whenever that changes */
  constructor(bounds: ClientBounds, onChange: (count: number) => void) {
    this.#bounds = bounds;
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#clients.size;
  }

  get isFull(): boolean {
    return this.#clients.size >= this.#bounds.maxClients;
  }

  /** Begins a stream of events; the headers besides those of a stream are the caller's. */
  add(response: ServerResponse, headers: Readonly<Record<string, string>>, first: string): void {
    response.writeHead(200, { ...headers, "content-type": "text/event-stream; charset=utf-8" });
    this.#clients.add(response);
    response.on("error", () => {}); // "close" follows
    response.once("close", () => {
      this.#clients.delete(response);
      this.#onChange(this.#clients.size);
    });
    this.#write(response, `retry: ${RETRY_MS}\n\n${first}`);
    this.#onChange(this.#clients.size);
  }

  /** To all. */
  send(text: string): void {
    for (const response of this.#clients) this.#write(response, text);
  }

  close(): void {
    for (const response of this.#clients) response.destroy();
  }

  #write(response: ServerResponse, text: string): void {
    if (response.destroyed) return;
    this.#longest = Math.max(this.#longest, text.length);
    // A large table that was sent just now says nothing of how the page reads.
    if (response.writableLength > this.#bounds.maxUnsentBytes + this.#longest) response.destroy();
    else response.write(text);
  }
}

/** One event: its data is JSON, which has no line breaks. */
export function eventText(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
