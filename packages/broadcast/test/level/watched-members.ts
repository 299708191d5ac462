/** A publisher and subscribers of one room, which keep a record of all that they are told. */
import { type Delivered, join, type Notice, type Room } from "../../src/index.js";

const BACKOFF = { backoffMs: 20, maxBackoffMs: 100 };

/** One end found a fault of the other: nothing that is waited for will come. */
const FAULT = /BAD_SEQ|BAD_MESSAGE|broke the protocol/;

/** Wakes those who wait for something to change; all of them fail once there was trouble. */
class Changes {
  #trouble: Error | undefined;
  #waiting: (() => void)[] = [];

  /** Resolves once this holds. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.#trouble !== undefined) throw this.#trouble;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  happened(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  trouble(error: Error): void {
    this.#trouble ??= error;
    this.happened();
  }

  watch(room: Room): void {
    room.on("disconnected", ({ why }) => {
      if (FAULT.test(why)) this.trouble(new Error(why));
    });
    room.ended.catch((error: Error) => this.trouble(error));
  }
}

/** Someone who reads everything. */
export class Reader implements AsyncDisposable {
  readonly entries: Delivered[] = [];
  /** What was told beside the entries, but for those of the connection and of the members. */
  readonly notices: Notice[] = [];
  readonly #changes = new Changes();
  /** How often it was welcomed, and the head that it was told. */
  #welcomes = 0;
  #head = 0;
  #room: Room | undefined;

  static async join(address: string, name: string): Promise<Reader> {
    const reader = new Reader();
    reader.#room = await join({
      address,
      name,
      ...BACKOFF,
      entries: "all",
      start: "all",
      handler: (entry) => {
        reader.entries.push(entry);
        reader.#changes.happened();
      },
      onNotice: (notice) => reader.#note(notice),
    });
    reader.#changes.watch(reader.#room);
    return reader;
  }

  /** The texts of the messages, in their order. */
  get texts(): string[] {
    return this.entries.filter(({ kind }) => kind === "message").map(textOf);
  }

  get welcomes(): number {
    return this.#welcomes;
  }

  /** Resolves when it was welcomed so often, and has read what there was then. */
  async caughtUp(welcomes: number): Promise<void> {
    await this.#changes.until(() => this.#welcomes >= welcomes && (this.entries.at(-1)?.number ?? 0) >= this.#head);
  }

  /** Resolves when a message with this text was the last. */
  async until(text: string): Promise<void> {
    await this.#changes.until(() => {
      const last = this.entries.at(-1);
      return last !== undefined && textOf(last) === text;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#room?.close();
  }

  #note(notice: Notice): void {
    if (["gap", "epoch", "expired", "snapshot"].includes(notice.type)) this.notices.push(notice);
    if (notice.type !== "welcome") return;
    this.#welcomes++;
    this.#head = notice.head;
    this.#changes.happened();
  }
}

export function textOf({ bytes }: Delivered): string {
  return new TextDecoder().decode(bytes);
}

/** Someone who publishes "0", "1", "2" and so on, so many at a time, until told to stop. */
export class Publisher implements AsyncDisposable {
  /** By text: the number that the server gave it, or the code of the error. */
  readonly outcomes: Map<string, number | string> = new Map();
  readonly #changes = new Changes();
  readonly #room: Room;
  #next = 0;
  #atOnce = 0;
  #inFlight = 0;
  #acknowledged = 0;

  private constructor(room: Room) {
    this.#room = room;
    this.#changes.watch(room);
  }

  static async join(address: string, name: string): Promise<Publisher> {
    return new Publisher(await join({ address, name, ...BACKOFF, handler: () => {} }));
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

  /** Resolves when so many more were acknowledged. */
  async acknowledged(more: number): Promise<void> {
    const goal = this.#acknowledged + more;
    await this.#changes.until(() => this.#acknowledged >= goal);
  }

  /** Publishes no more; resolves when the fate of all is known. */
  async stop(): Promise<void> {
    this.pause();
    await this.#changes.until(() => this.#inFlight === 0);
  }

  /** Publishes one more, and gives its text. */
  async last(): Promise<string> {
    const text = `${this.#next}`;
    this.#publish();
    await this.stop();
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#room.close();
  }

  #publish(): void {
    const text = `${this.#next++}`;
    this.#inFlight++;
    const settle = (outcome: number | string): void => {
      this.outcomes.set(text, outcome);
      this.#inFlight--;
      if (typeof outcome === "number") this.#acknowledged++;
      this.#changes.happened();
      if (this.#inFlight < this.#atOnce && outcome !== "LEFT") this.#publish();
    };
    this.#room.publish(text).then(settle, ({ code }: { code: string }) => settle(code));
  }
}
