/**
 * Attempts that are made ready before they are asked for: a folder, its sandbox, and a meter in it that waits to be told the command.
 * Nothing of that depends on the action, and it is most of what a short one would wait for: to make a process of Node's size twice takes
 * longer than to run `true`.
 */
import { join } from "node:path";
import { EmptyFolder } from "./empty-folder.js";
import type { Fifos } from "./fifos.js";
import { type Launcher, launchWaiting } from "./launch.js";
import { removeFolder } from "./removal.js";
import { ActionProcess } from "./spawn.js";
import { messageOf } from "./trouble.js";

export interface ReadyRun {
  readonly folder: EmptyFolder;
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
  /** Of attempts that have ended. */
  #folders: EmptyFolder[] = [];
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
      if (one.process.isThere && one.folder.isAsMade) {
        one.folder.use();
        return one;
      }
      // Somebody has ended it, or was in its folder.
      this.#remove(one);
    }
    return undefined;
  }

  /** Takes a folder back when no process of its attempt is left. False where it is not wanted, and is to be removed. @throws what Node says */
  async giveBack(folder: EmptyFolder): Promise<boolean> {
    const isWanted = (): boolean => !this.#isClosed && this.#folders.length < this.#options.most;
    if (!isWanted() || !(await folder.renew()) || !isWanted()) return false;
    this.#folders.push(folder);
    return true;
  }

  /** Resolves when nothing of them is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#making;
    for (const one of this.#ready.splice(0)) this.#remove(one);
    await Promise.all(this.#removing);
    for (const { paths } of this.#folders.splice(0)) await this.#removeFolder(paths.top);
  }

  async #make(perl: string): Promise<boolean> {
    const { runs, launcher, fifos, trouble } = this.#options;
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#isClosed) return false;
    const { user } = launcher;
    let folder = this.#folders.pop();
    const top = folder?.paths.top ?? join(runs, `ready-${++this.#last}`);
    try {
      folder ??= EmptyFolder.make(top, user);
      const { paths } = folder;
      const process = await ActionProcess.start({ launch: launchWaiting(launcher, paths, perl), paths, user, fifos });
      this.#ready.push({ folder, process });
      return true;
    } catch (error) {
      trouble(`an attempt cannot be made ready: ${messageOf(error)}`);
      await this.#removeFolder(top);
      return false;
    }
  }

  #remove({ folder, process }: ReadyRun): void {
    const removing = process
      .end()
      .then(() => this.#removeFolder(folder.paths.top))
      .finally(() => this.#removing.delete(removing));
    this.#removing.add(removing);
  }

  async #removeFolder(path: string): Promise<void> {
    try {
      await removeFolder(path);
    } catch (error) {
      this.#options.trouble(`${path} cannot be removed: ${messageOf(error)}`);
    }
  }
}
