/** What attempts bring, by their number: for each a folder, in which one thing is done after another (R35, R36, R39). */
import { join } from "node:path";
import type { StreamName } from "../core/server-contract.js";
import { type AttemptEvents, AttemptFolder } from "./attempt-folder.js";
import type { BuildFolder } from "./build-folder.js";
import { keptPieces } from "./kept-output.js";
import type { ResultCache } from "./result-cache.js";
import type { Screen, Shown } from "./screen.js";
import type { Trouble } from "./state-file.js";
import { messageOf } from "./trouble.js";

export interface AttemptsEvents {
  took(attempt: number, bytes: number): void;
  written(attempt: number, path: string, digest: string): void;
  outputFailed(attempt: number, path: string, message: string): void;
  committed(attempt: number): void;
  commitFailed(attempt: number, message: string): void;
}

interface Attempt {
  readonly folder: AttemptFolder;
  /** What was asked for so far is done. */
  done: Promise<void>;
}

export class Attempts {
  readonly #folder: BuildFolder;
  readonly #screen: Screen;
  readonly #cache: ResultCache | undefined;
  readonly #trouble: Trouble;
  readonly #events: AttemptsEvents;
  readonly #all = new Map<number, Attempt>();
  /** Of those that are over. */
  readonly #ending = new Set<Promise<void>>();
  /** Which action an attempt is of: for what it shows. */
  readonly #actions = new Map<number, number>();

  constructor(
    folder: BuildFolder,
    screen: Screen,
    cache: ResultCache | undefined,
    trouble: Trouble,
    events: AttemptsEvents,
  ) {
    this.#folder = folder;
    this.#screen = screen;
    this.#cache = cache;
    this.#trouble = trouble;
    this.#events = events;
  }

  /** Before anything of it is shown. */
  isOf(attempt: number, action: number): void {
    this.#actions.set(attempt, action);
  }

  folder(attempt: number): AttemptFolder {
    return this.#of(attempt).folder;
  }

  show(attempt: number, stream: StreamName, bytes: Uint8Array): void {
    const took = (): void => this.#events.took(attempt, bytes.length);
    const taking = this.#screen.add({ stream, bytes, action: this.#actions.get(attempt) });
    const keeping =
      this.#cache === undefined
        ? undefined
        : this.folder(attempt)
            .kept.add(stream, bytes)
            .catch(() => {});
    if (taking === undefined && keeping === undefined) took();
    else void Promise.all([taking, keeping]).then(took, () => {});
  }

  showKept(attempt: number): void {
    const action = this.#actions.get(attempt);
    this.#then(attempt, async ({ folder }) => {
      if (!folder.hasKept) return;
      await folder.kept.settled().catch(() => {});
      const { place } = folder.kept;
      await this.#screen.addAll(shownFrom(place, action));
    });
  }

  remember(attempt: number, key: string, paths: readonly string[]): void {
    this.#then(attempt, ({ folder }) => this.#cache?.keep(key, folder, paths));
  }

  commit(attempt: number, paths: readonly string[]): void {
    this.#then(attempt, async ({ folder }) => {
      try {
        await folder.commit(this.#folder, paths);
      } catch (error) {
        this.#events.commitFailed(attempt, messageOf(error));
        return;
      }
      this.#events.committed(attempt);
    });
    this.discard(attempt);
  }

  /** Once what was asked for before is done. */
  discard(attempt: number): void {
    const known = this.#all.get(attempt);
    if (known === undefined) return;
    this.#then(attempt, ({ folder }) => folder.discard());
    this.#all.delete(attempt);
    const ending = known.done.finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  /** The key that the cache has, its outputs being the attempt's now. */
  async lookUp(attempt: number, keys: readonly string[]): Promise<{ key: string; outputs: string[] } | undefined> {
    try {
      return await this.#cache?.find(keys, this.folder(attempt));
    } catch (error) {
      this.#trouble(`the cache cannot be used: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** Nothing of any attempt is left. */
  async close(): Promise<void> {
    for (const attempt of [...this.#all.keys()]) this.discard(attempt);
    await Promise.all(this.#ending);
  }

  #of(attempt: number): Attempt {
    let known = this.#all.get(attempt);
    if (known === undefined) {
      const events: AttemptEvents = {
        took: (bytes) => this.#events.took(attempt, bytes),
        written: (path, digest) => this.#events.written(attempt, path, digest),
        failed: (path, message) => this.#events.outputFailed(attempt, path, message),
      };
      const folder = new AttemptFolder(join(this.#folder.own, String(attempt)), events);
      known = { folder, done: Promise.resolve() };
      this.#all.set(attempt, known);
    }
    return known;
  }

  #then(number: number, task: (attempt: Attempt) => Promise<void> | undefined): void {
    const attempt = this.#of(number);
    attempt.done = attempt.done.then(() => task(attempt)).catch((error: unknown) => this.#trouble(messageOf(error)));
  }
}

async function* shownFrom(place: string, action: number | undefined): AsyncGenerator<Shown> {
  for await (const [stream, bytes] of keptPieces(place)) yield { stream, bytes, action };
}
