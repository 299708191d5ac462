/** The LevelDB database of a durable log: loaded when it is needed, held by one process, opened anew after a write that failed. */
import { performance } from "node:perf_hooks";
import { setTimeout as passed } from "node:timers/promises";
import { BroadcastError } from "../../core/errors.js";
import { FORMAT_KEY } from "./keys.js";

export type BatchOperation =
  | { readonly type: "put"; readonly key: string; readonly value: Uint8Array }
  | { readonly type: "del"; readonly key: string };

/** What is used of `ClassicLevel`, with texts for keys and bytes for values. */
export interface Level {
  open(): Promise<void>;
  close(): Promise<void>;
  get(key: string): Promise<Uint8Array | undefined>;
  batch(operations: BatchOperation[], options: { sync: boolean }): Promise<void>;
  iterator(range: { gte?: string; lt?: string; limit?: number; highWaterMarkBytes?: number }): LevelIterator;
}

interface LevelIterator {
  nextv(size: number): Promise<[string, Uint8Array][]>;
  close(): Promise<void>;
}

const FORMAT = "lab-broadcast log 1";
/** An iterator holds about so many bytes at a time. */
const PIECE_BYTES = 2 ** 18;
const PIECE_RECORDS = 256;
/** How often a folder is tried that another process has: nobody is told when that ends. */
const LOCK_EVERY_MS = 50;

/** @throws BroadcastError `NOT_INSTALLED` where the package is not there */
export async function loadClassicLevel(
  load: () => Promise<unknown> = () => import("classic-level"),
): Promise<typeof import("classic-level")> {
  try {
    return (await load()) as typeof import("classic-level");
  } catch (cause) {
    const { code = "", message } = cause as NodeJS.ErrnoException;
    const isMissing = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
    const why = isMissing ? "which is not installed: npm install classic-level" : `which cannot be loaded: ${message}`;
    throw new BroadcastError("NOT_INSTALLED", `the durable log needs the package classic-level, ${why}`, { cause });
  }
}

/**
 * Makes, unopened, the database in a folder.
 *
 * @throws BroadcastError `NOT_INSTALLED`
 */
export async function classicLevel(folder: string, load?: () => Promise<unknown>): Promise<Level> {
  const module = await loadClassicLevel(load);
  return new module.ClassicLevel<string, Uint8Array>(folder, { keyEncoding: "utf8", valueEncoding: "view" }) as Level;
}

export interface DatabaseOptions {
  readonly make?: (folder: string) => Promise<Level>;
  /** How long `open` waits for another process to give the folder back. Default 0. */
  readonly lockWaitMs?: number;
}

export class Database {
  readonly #folder: string;
  readonly #make: (folder: string) => Promise<Level>;
  readonly #lockWaitMs: number;
  #level: Level | undefined;
  #isClosed = false;
  /** A batch failed: LevelDB may take no more, or may have half of it in its file, until it is opened anew. */
  #isBroken = false;
  #active = 0;
  #onIdle: (() => void) | undefined;
  #mending: Promise<void> | undefined;

  constructor(folder: string, { make = classicLevel, lockWaitMs = 0 }: DatabaseOptions = {}) {
    this.#folder = folder;
    this.#make = make;
    this.#lockWaitMs = lockWaitMs;
  }

  /** @throws BroadcastError `NOT_INSTALLED`, `LOCKED`, `NOT_A_LOG` or `STORE` */
  async open(): Promise<void> {
    const level = await this.#opened();
    try {
      await this.#checkFormat(level);
    } catch (error) {
      await level.close();
      throw error;
    }
    this.#level = level;
  }

  /** All of it or nothing. `sync`: it is on the disk, else the operating system has it. */
  async batch(operations: readonly BatchOperation[], sync: boolean): Promise<void> {
    await this.#use(async (level) => {
      try {
        await level.batch([...operations], { sync });
      } catch (error) {
        this.#isBroken = true;
        throw error;
      }
    });
  }

  /** Hands over the records of a range in the order of their keys, until `take` says false; they are read piece by piece. */
  async scan(from: string, to: string, take: (key: string, record: Uint8Array) => boolean): Promise<void> {
    await this.#use(async (level) => {
      const iterator = level.iterator({ gte: from, lt: to, highWaterMarkBytes: PIECE_BYTES });
      try {
        for (;;) {
          const piece = await iterator.nextv(PIECE_RECORDS);
          if (piece.length === 0) return;
          for (const [key, record] of piece) if (!take(key, record)) return;
        }
      } finally {
        await iterator.close();
      }
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#mending?.catch(() => {});
    await this.#idle();
    await this.#level?.close();
  }

  /** What is there stays as it is until the operation ended. */
  async #use<Result>(operation: (level: Level) => Promise<Result>): Promise<Result> {
    while (this.#isBroken && !this.#isClosed) {
      this.#mending ??= this.#mend().finally(() => {
        this.#mending = undefined;
      });
      await this.#mending;
    }
    if (this.#isClosed || this.#level === undefined) throw new BroadcastError("STORE", "the log is not open");
    this.#active++;
    try {
      return await operation(this.#level);
    } finally {
      this.#active--;
      if (this.#active === 0) this.#onIdle?.();
    }
  }

  async #mend(): Promise<void> {
    await this.#idle();
    await this.#level?.close();
    await this.open();
    this.#isBroken = false;
  }

  async #idle(): Promise<void> {
    if (this.#active === 0) return;
    await new Promise<void>((resolve) => {
      const before = this.#onIdle;
      this.#onIdle = () => {
        this.#onIdle = undefined;
        before?.();
        resolve();
      };
    });
  }

  async #checkFormat(level: Level): Promise<void> {
    const format = await level.get(FORMAT_KEY);
    if (format !== undefined) {
      if (Buffer.from(format).equals(Buffer.from(FORMAT))) return;
      throw new BroadcastError("NOT_A_LOG", `${this.#folder} has a log of another version`);
    }
    const iterator = level.iterator({ limit: 1 });
    const others = await iterator.nextv(1);
    await iterator.close();
    if (others.length > 0) throw new BroadcastError("NOT_A_LOG", `${this.#folder} has a database, but not of a log`);
    await level.batch([{ type: "put", key: FORMAT_KEY, value: Buffer.from(FORMAT) }], { sync: true });
  }

  async #opened(): Promise<Level> {
    const until = performance.now() + this.#lockWaitMs;
    for (;;) {
      const level = await this.#make(this.#folder);
      try {
        await level.open();
        return level;
      } catch (cause) {
        const error = this.#notOpened(cause as Error);
        const leftMs = until - performance.now();
        if (error.code !== "LOCKED" || leftMs <= 0 || this.#isClosed) throw error;
        await passed(Math.min(LOCK_EVERY_MS, leftMs));
      }
    }
  }

  #notOpened(cause: Error): BroadcastError {
    const inner = (cause.cause ?? cause) as NodeJS.ErrnoException;
    if (inner.code === "LEVEL_LOCKED") {
      const why = `${this.#folder} is in use: a log belongs to one server at a time`;
      return new BroadcastError("LOCKED", why, { cause });
    }
    return new BroadcastError("STORE", `the database in ${this.#folder} cannot be opened: ${inner.message}`, { cause });
  }
}
