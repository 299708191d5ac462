/**
 * Attempts that are made ready before they are asked for: a folder, its sandbox, and a meter in it that waits to be told the command.
 * Nothing of that depends on the action, and it is most of what a short one would wait for: to make a process of Node's size twice takes
 * longer than to run `true`.
 */
import { join } from "node:path";
import type { Fifos } from "./fifos.js";
import { type Launcher, launchWaiting, type RunPaths } from "./launch.js";
import { removeFolder } from "./removal.js";
import { makeEmptyFolder } from "./run-folder.js";
import { ActionProcess } from "./spawn.js";
import { messageOf } from "./trouble.js";

export interface ReadyRun {
  readonly paths: RunPaths;
  readonly process: ActionProcess;
}

export interface ReadyRunsOptions {
  /** The folder of attempts. */
  readonly runs: string;
  readonly launcher: Launcher;
  readonly fifos: Fifos;
  /** How many wait at a time; 0 for none. */
  readonly most: number;
  /** One could not be made, or not be removed: actions start without. */
  readonly trouble: (message: string) => void;
}

export class ReadyRuns {
  readonly #options: ReadyRunsOptions;
  #ready: ReadyRun[] = [];
  #making: Promise<void> | undefined;
  readonly #removing = new Set<Promise<void>>();
  #last = 0;
  #isClosed = false;

  constructor(options: ReadyRunsOptions) {
    this.#options = options;
  }

  /** How many can be taken. */
  get waiting(): number {
    return this.#ready.filter(({ process }) => process.isThere).length;
  }

  /** Makes one more in a later turn, if there are fewer than there may be, and so on. */
  refill(): void {
    const { launcher, most } = this.#options;
    const { perl } = launcher;
    if (this.#isClosed || this.#making !== undefined || perl === undefined || this.#ready.length >= most) return;
    this.#making = this.#make(perl).then((made) => {
      this.#making = undefined;
      if (made) this.refill();
    });
  }

  /** The one that is ready, if there is one: it is the caller's to end and remove. */
  take(): ReadyRun | undefined {
    for (let one = this.#ready.shift(); one !== undefined; one = this.#ready.shift()) {
      if (one.process.isThere) return one;
      // Somebody has ended it.
      this.#remove(one);
    }
    return undefined;
  }

  /** Resolves when nothing of them is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#making;
    for (const one of this.#ready.splice(0)) this.#remove(one);
    await Promise.all(this.#removing);
  }

  async #make(perl: string): Promise<boolean> {
    const { runs, launcher, fifos, trouble } = this.#options;
    const top = join(runs, `ready-${++this.#last}`);
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#isClosed) return false;
    try {
      const paths = makeEmptyFolder(top, launcher.user);
      const { user } = launcher;
      const process = await ActionProcess.start({ launch: launchWaiting(launcher, paths, perl), paths, user, fifos });
      this.#ready.push({ paths, process });
      return true;
    } catch (error) {
      trouble(`an attempt cannot be made ready: ${messageOf(error)}`);
      await removeFolder(top).catch(() => {});
      return false;
    }
  }

  #remove({ paths, process }: ReadyRun): void {
    const removing = process
      .end()
      .then(() => removeFolder(paths.top))
      .catch((error: unknown) => this.#options.trouble(`${paths.top} cannot be removed: ${messageOf(error)}`))
      .finally(() => this.#removing.delete(removing));
    this.#removing.add(removing);
  }
}
