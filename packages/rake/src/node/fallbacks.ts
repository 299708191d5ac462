/**
 * Actions that no host could run, on the client's own machine (R32): as at a host, in a folder of their own that has their inputs, so that
 * what they were to make is checked, and nothing else of theirs comes to the Rakefile's folder.
 */
import { chmodSync, constants, mkdirSync, realpathSync, utimesSync } from "node:fs";
import { copyFile, open, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ClientOutput, MadeHere } from "../core/client-contract.js";
import type { RunEnd } from "../core/messages.js";
import type { AttemptFolder } from "./attempt-folder.js";
import { CollectError, type CollectedOutput, collect } from "./collect.js";
import { runPaths } from "./launch.js";
import { digestOf } from "./pieces.js";
import { type InputState, stateOf } from "./run-folder.js";
import { messageOf } from "./trouble.js";

type Order = Extract<ClientOutput, { type: "runLocal" }>;
type Apart = NonNullable<Order["apart"]>;

export interface FallbacksOptions {
  /** Of the Rakefile. */
  readonly root: string;
  readonly maxOutputs: number;
  readonly maxOutputBytes: number;
  readonly folderOf: (attempt: number) => AttemptFolder;
  /** Its inputs are there. */
  readonly start: (order: Order, folder: string) => void;
  readonly ended: (attempt: number, end: RunEnd, made: readonly MadeHere[]) => void;
}

interface Fallback {
  readonly apart: Apart;
  work: string;
  inputs: ReadonlyMap<string, InputState>;
  isKilled: boolean;
  isStarted: boolean;
}

const NOTHING: RunEnd = { end: "FAILED", code: 0, cpuMicros: 0, peakBytes: 0, wallMicros: 0, text: "" };
/** 2001-09-09: whatever the action writes has another time. */
const PLACED_AT = 1_000_000_000;

export class Fallbacks {
  readonly #options: FallbacksOptions;
  readonly #all = new Map<number, Fallback>();
  readonly #working = new Set<Promise<void>>();

  constructor(options: FallbacksOptions) {
    this.#options = options;
  }

  has(attempt: number): boolean {
    return this.#all.has(attempt);
  }

  run(order: Order, apart: Apart): void {
    const one: Fallback = { apart, work: "", inputs: new Map(), isKilled: false, isStarted: false };
    this.#all.set(order.attempt, one);
    this.#work(order.attempt, {}, async () => {
      one.work = this.#options.folderOf(order.attempt).newPlace();
      mkdirSync(one.work, { mode: 0o700 });
      one.work = realpathSync(one.work);
      one.inputs = await this.#place(one);
      if (one.isKilled) return this.#over(order.attempt, { ...NOTHING, text: "it was cancelled before it began" }, []);
      one.isStarted = true;
      this.#options.start(order, one.work);
    });
  }

  /** One that has not begun does not begin. */
  kill(attempt: number): void {
    const one = this.#all.get(attempt);
    if (one !== undefined) one.isKilled = true;
  }

  /** Its processes are gone: looks for what it made. */
  ended(attempt: number, end: RunEnd): void {
    const one = this.#all.get(attempt);
    if (one === undefined) return;
    if (end.end !== "EXITED" || end.code !== 0 || one.isKilled) return this.#over(attempt, end, []);
    this.#work(attempt, end, async () => {
      const { maxOutputs, maxOutputBytes } = this.#options;
      const { wanted } = one.apart;
      const folder = { paths: { ...runPaths(dirname(one.work)), work: one.work }, inputs: one.inputs };
      const isWanted = (): boolean => !one.isKilled;
      const found = await collect(folder, { wanted, newestOnly: false, maxOutputs, maxOutputBytes, isWanted });
      await this.#take(attempt, found);
      this.#over(
        attempt,
        end,
        found.map(({ path, size }) => ({ path, size })),
      );
    });
  }

  /** Resolves when nothing is being done any more. */
  async close(): Promise<void> {
    for (const attempt of this.#all.keys()) this.kill(attempt);
    await Promise.all(this.#working);
  }

  /** @throws where an input is not what it was when its digest was taken */
  async #place({ work, apart, isKilled }: Fallback): Promise<ReadonlyMap<string, InputState>> {
    const states = new Map<string, InputState>();
    for (const { path, digest, mode } of isKilled ? [] : apart.inputs) {
      const place = join(work, path);
      mkdirSync(dirname(place), { recursive: true });
      await copyFile(join(this.#options.root, path), place, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      const file = await open(place, "r");
      try {
        if ((await digestOf(file)).digest !== digest) throw new Error(`${path} has changed since the build began`);
      } finally {
        await file.close();
      }
      utimesSync(place, PLACED_AT, PLACED_AT);
      chmodSync(place, mode & 0o777);
      states.set(path, { ...stateOf(place), digest, mode: mode & 0o777 });
    }
    return states;
  }

  /** They become the attempt's, to be renamed into their places as those of a host are. */
  async #take(attempt: number, found: readonly CollectedOutput[]): Promise<void> {
    const folder = this.#options.folderOf(attempt);
    const times = new Map<string, number>();
    for (const { place } of found) times.set(place, (times.get(place) ?? 0) + 1);
    for (const output of found) {
      const place = folder.newPlace();
      // A link and the file that it leads to are two outputs of one place.
      if (times.get(output.place) === 1) await rename(output.place, place);
      else await copyFile(output.place, place, constants.COPYFILE_FICLONE);
      chmodSync(place, output.mode);
      folder.adopt({ ...output, place });
    }
  }

  #over(attempt: number, end: RunEnd, made: readonly MadeHere[]): void {
    if (this.#all.delete(attempt)) this.#options.ended(attempt, end, made);
  }

  #work(attempt: number, used: Partial<RunEnd>, task: () => Promise<void>): void {
    const working = task()
      .catch((error: unknown) => {
        const isLimited = error instanceof CollectError && error.limited;
        const end = isLimited ? "LIMITED" : "FAILED";
        this.#over(attempt, { ...NOTHING, ...used, end, text: messageOf(error) }, []);
      })
      .finally(() => this.#working.delete(working));
    this.#working.add(working);
  }
}
