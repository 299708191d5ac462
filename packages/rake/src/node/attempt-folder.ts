/** What one attempt sends back: its outputs, each checked while it is written, and what it printed where that is kept (R35, R36). */
import { createHash, type Hash } from "node:crypto";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import type { StreamName } from "../core/server-contract.js";
import { KeptOutput } from "./kept-output.js";
import { makeWay, moveTo, type Roots } from "./placing.js";
import { removeFolder } from "./removal.js";
import { messageOf } from "./trouble.js";

export interface AttemptEvents {
  /** So many bytes are written away, or were not wanted any more. */
  took(bytes: number): void;
  written(path: string, digest: string): void;
  /** Once for each output. */
  failed(path: string, message: string): void;
}

/** An output that is whole, under a name that says nothing. */
export interface WrittenOutput {
  readonly path: string;
  readonly place: string;
  readonly mode: number;
  readonly size: number;
  readonly digest: string;
}

interface Coming {
  readonly path: string;
  readonly place: string;
  readonly mode: number;
  readonly size: number;
  readonly hash: Hash;
  have: number;
  /** Of a short one: all of it. */
  readonly pieces: Uint8Array[];
  file: FileHandle | undefined;
  /** Of a long one: what was asked for so far is done. */
  done: Promise<void>;
  hasFailed: boolean;
}

/** Shorter outputs are written at once, whole: trips to the thread pool take longer. */
const SHORT_BYTES = 65_536;
/** Renames before others get their turn. */
const AT_ONCE = 64;

export class AttemptFolder {
  readonly #folder: string;
  readonly #events: AttemptEvents;
  readonly #coming = new Map<string, Coming>();
  readonly #written = new Map<string, WrittenOutput>();
  #count = 0;
  #kept: KeptOutput | undefined;
  #hasFolder = false;
  #isDiscarded = false;

  /** @param folder is made when it is needed */
  constructor(folder: string, events: AttemptEvents) {
    this.#folder = folder;
    this.#events = events;
  }

  /** A new name in its folder. @throws what Node says where that cannot be made */
  newPlace(): string {
    if (!this.#hasFolder) mkdirSync(this.#folder, { mode: 0o700, recursive: true });
    this.#hasFolder = true;
    return join(this.#folder, String(this.#count++));
  }

  open(path: string, mode: number, size: number): void {
    const coming: Coming = {
      path,
      place: "",
      mode: mode & 0o777,
      size,
      hash: createHash("sha256"),
      have: 0,
      pieces: [],
      file: undefined,
      done: Promise.resolve(),
      hasFailed: false,
    };
    try {
      const placed = { ...coming, place: this.newPlace() };
      this.#coming.set(path, placed);
      if (size > SHORT_BYTES) {
        this.#then(placed, async () => {
          placed.file = await open(placed.place, "wx", 0o600);
        });
      }
    } catch (error) {
      this.#coming.set(path, coming);
      this.#fail(coming, error);
    }
  }

  /** The bytes are this folder's from here on. */
  write(path: string, bytes: Uint8Array): void {
    const coming = this.#coming.get(path);
    if (coming === undefined || coming.hasFailed) return this.#events.took(bytes.length);
    coming.have += bytes.length;
    if (coming.have > coming.size) {
      this.#fail(coming, new Error(`more than its ${coming.size} bytes came`));
      return this.#events.took(bytes.length);
    }
    if (coming.size <= SHORT_BYTES) {
      coming.pieces.push(bytes);
      return;
    }
    this.#then(coming, async () => {
      coming.hash.update(bytes);
      for (let at = 0; at < bytes.length && coming.file !== undefined; ) {
        at += (await coming.file.write(bytes, at, bytes.length - at)).bytesWritten;
      }
      this.#events.took(bytes.length);
    });
  }

  end(path: string): void {
    const coming = this.#coming.get(path);
    if (coming === undefined || coming.hasFailed) return;
    if (coming.have !== coming.size) {
      return this.#fail(coming, new Error(`${coming.have} bytes came where ${coming.size} were announced`));
    }
    if (coming.size > SHORT_BYTES) {
      this.#then(coming, async () => {
        await coming.file?.chmod(coming.mode);
        await coming.file?.close();
        coming.file = undefined;
        this.#finish(coming);
      });
      return;
    }
    try {
      const bytes = Buffer.concat(coming.pieces);
      coming.hash.update(bytes);
      coming.pieces.length = 0;
      writeFileSync(coming.place, bytes, { flag: "wx", mode: 0o600 });
      chmodSync(coming.place, coming.mode);
      this.#finish(coming);
      if (bytes.length > 0) this.#events.took(bytes.length);
    } catch (error) {
      this.#fail(coming, error);
    }
  }

  /** A file that stands at a place that `newPlace` named, whole and checked. */
  adopt(output: WrittenOutput): void {
    this.#written.set(output.path, output);
  }

  /** Those that are whole. */
  get written(): ReadonlyMap<string, WrittenOutput> {
    return this.#written;
  }

  /** What it prints, until it is shown. */
  get kept(): KeptOutput {
    this.#kept ??= new KeptOutput(this.newPlace());
    return this.#kept;
  }

  get hasKept(): boolean {
    return this.#kept !== undefined;
  }

  keep(stream: StreamName, bytes: Uint8Array): void {
    const done = (): void => this.#events.took(bytes.length);
    try {
      this.kept.add(stream, bytes).then(done, done);
    } catch {
      done();
    }
  }

  /** Renames outputs into their places. All places are looked at before the first is taken. @throws where one cannot be taken */
  async commit(roots: Roots, paths: readonly string[]): Promise<void> {
    const moves = paths.map((path) => {
      const output = this.#written.get(path);
      if (output === undefined) throw new Error(`${path} is not there`);
      return { from: output.place, place: makeWay(roots, path), path };
    });
    for (const [index, { from, place, path }] of moves.entries()) {
      if (index % AT_ONCE === AT_ONCE - 1) await new Promise((resolve) => setImmediate(resolve));
      try {
        await moveTo(from, place);
      } catch (error) {
        throw new Error(`${path}: ${messageOf(error)}`, { cause: error });
      }
      this.#written.delete(path);
    }
  }

  /** Nothing of it is left. Once; whatever is told to it afterwards does nothing. */
  async discard(): Promise<void> {
    if (this.#isDiscarded) return;
    this.#isDiscarded = true;
    const all = [...this.#coming.values()];
    this.#coming.clear();
    for (const coming of all) coming.hasFailed = true;
    await Promise.all(all.map(({ done }) => done));
    await Promise.all(all.map(({ file }) => file?.close().catch(() => {})));
    await this.#kept?.close();
    if (this.#hasFolder) await removeFolder(this.#folder);
  }

  #finish(coming: Coming): void {
    if (this.#isDiscarded) return;
    const { path, place, mode, size } = coming;
    this.#coming.delete(path);
    const digest = coming.hash.digest("hex");
    this.#written.set(path, { path, place, mode, size, digest });
    this.#events.written(path, digest);
  }

  /** One thing after another. */
  #then(coming: Coming, task: () => Promise<void>): void {
    coming.done = coming.done.then(async () => {
      if (coming.hasFailed) return;
      try {
        await task();
      } catch (error) {
        this.#fail(coming, error);
      }
    });
  }

  #fail(coming: Coming, error: unknown): void {
    if (coming.hasFailed) return;
    coming.hasFailed = true;
    coming.pieces.length = 0;
    this.#events.failed(coming.path, messageOf(error));
  }
}
