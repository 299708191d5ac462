/** A publisher and subscribers of one room, which keep a record of all that they are told. */
import { type Delivered, join, type Notice, type Room } from "../../src/index.js";

const BACKOFF = { backoffMs: 20, maxBackoffMs: 100 };

/** Someone who reads everything. */
export class Reader implements AsyncDisposable {
  readonly entries: Delivered[] = [];
  /** What was told beside the entries, but for those of the connection and of the members. */
  readonly notices: Notice[] = [];
  #room: Room | undefined;
  #waiting: { readonly text: string; readonly resolve: () => void } | undefined;

  static async join(address: string, name: string): Promise<Reader> {
    const reader = new Reader();
    reader.#room = await join({
      address,
      name,
      ...BACKOFF,
      entries: "all",
      start: "all",
      handler: (entry) => reader.#take(entry),
      onNotice: (notice) => {
        if (["gap", "epoch", "expired", "snapshot"].includes(notice.type)) reader.notices.push(notice);
      },
    });
    return reader;
  }

  /** The texts of the messages, in their order. */
  get texts(): string[] {
    return this.entries.filter(({ kind }) => kind === "message").map(textOf);
  }

  /** Resolves when a message with this text was read; rejects where the room ended before. */
  async until(text: string): Promise<void> {
    if (this.texts.includes(text)) return;
    const read = new Promise<void>((resolve) => {
      this.#waiting = { text, resolve };
    });
    await Promise.race([read, this.#room?.ended.then(() => Promise.reject(new Error("the room ended")))]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#room?.close();
  }

  #take(entry: Delivered): void {
    this.entries.push(entry);
    if (entry.kind === "message" && textOf(entry) === this.#waiting?.text) this.#waiting.resolve();
  }
}

export function textOf({ bytes }: Delivered): string {
  return new TextDecoder().decode(bytes);
}

/** Someone who publishes "0", "1", "2" and so on, so many at a time, until told to stop. */
export class Publisher implements AsyncDisposable {
  /** By text: the number that the server gave it, or the code of the error. */
  readonly outcomes: Map<string, number | string> = new Map();
  #room: Room | undefined;
  #next = 0;
  #atOnce = 0;
  #lastAcknowledged = "";
  #inFlight = 0;
  #acknowledged = 0;
  #changed = (): void => {};
  #trouble: Error | undefined;

  static async join(address: string, name: string): Promise<Publisher> {
    const publisher = new Publisher();
    const room = await join({ address, name, ...BACKOFF, handler: () => {} });
    publisher.#room = room;
    // One of both found a fault of the other.
    room.on("disconnected", ({ why }) => {
      if (/BAD_SEQ|BAD_MESSAGE|broke the protocol/.test(why)) publisher.#fail(new Error(why));
    });
    room.ended.catch((error: Error) => publisher.#fail(error));
    return publisher;
  }

  /** How many were published so far. */
  get count(): number {
    return this.#next;
  }

  /** Keeps `atOnce` publishes under way, until `pause`. */
  run(atOnce: number): void {
    this.#atOnce = atOnce;
    while (this.#inFlight < this.#atOnce) this.#publish();
  }

  /** Publishes no more; what is under way is. */
  pause(): void {
    this.#atOnce = 0;
  }

  /** The text of the last one that was acknowledged. */
  get lastAcknowledged(): string {
    return this.#lastAcknowledged;
  }

  /** Resolves when so many more were acknowledged. */
  async acknowledged(more: number): Promise<void> {
    const goal = this.#acknowledged + more;
    while (this.#acknowledged < goal) await this.#once();
  }

  /** Publishes no more; resolves when the fate of all is known. */
  async stop(): Promise<void> {
    this.pause();
    while (this.#inFlight > 0) await this.#once();
  }

  /** Publishes one more, and gives its text. */
  async last(): Promise<string> {
    const text = `${this.#next}`;
    this.#publish();
    await this.stop();
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#room?.close();
  }

  #publish(): void {
    const text = `${this.#next++}`;
    this.#inFlight++;
    const settle = (outcome: number | string): void => {
      this.outcomes.set(text, outcome);
      this.#inFlight--;
      if (typeof outcome === "number") {
        this.#acknowledged++;
        this.#lastAcknowledged = text;
      }
      this.#wake();
      if (this.#inFlight < this.#atOnce && this.#trouble === undefined) this.#publish();
    };
    this.#room?.publish(text).then(settle, ({ code }: { code: string }) => settle(code));
  }

  /** Something changed; rejects once there was trouble. */
  async #once(): Promise<void> {
    const before = this.#changed;
    if (this.#trouble === undefined) {
      await new Promise<void>((resolve) => {
        this.#changed = () => {
          before();
          resolve();
        };
      });
    }
    if (this.#trouble !== undefined) throw this.#trouble;
  }

  #wake(): void {
    const changed = this.#changed;
    this.#changed = () => {};
    changed();
  }

  #fail(error: Error): void {
    this.#trouble ??= error;
    this.#wake();
  }
}
