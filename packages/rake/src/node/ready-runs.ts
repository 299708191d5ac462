/**
 * Attempts that are made ready before they are asked for: a folder, its sandbox, and a meter in it that waits to be told the command.
 * Nothing of that depends on the action, and it is most of what a short one would wait for. The spawner makes the processes (spawner.ts).
 */
import { join } from "node:path";
import { EmptyFolder } from "./empty-folder.js";
import type { Fifos } from "./fifos.js";
import { type Launcher, launchWaiting } from "./launch.js";
import { removeFolder } from "./removal.js";
import { SpawnedAction } from "./spawned-action.js";
import { Spawner } from "./spawner.js";
import { messageOf } from "./trouble.js";

export interface ReadyRun {
  readonly folder: EmptyFolder;
  readonly process: SpawnedAction;
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

/** How often one is made that another takes, or that ends at once. */
const MOST_TRIES = 16;
/** Meters that are waited for while their slots are free again, at most. */
const MOST_BURIALS = 4;

export class ReadyRuns {
  readonly #options: ReadyRunsOptions;
  #ready: ReadyRun[] = [];
  /** Of attempts that have ended. */
  #folders: EmptyFolder[] = [];
  /** False where it could not be made. */
  #making: Promise<boolean> | undefined;
  readonly #removing = new Set<Promise<void>>();
  readonly #spawner: Spawner | undefined;
  #last = 0;
  #isClosed = false;

  constructor(options: ReadyRunsOptions) {
    this.#options = options;
    const { perl } = options.launcher;
    this.#spawner = perl === undefined ? undefined : new Spawner(perl, options.trouble);
  }

  /** What starts them, once it has. */
  get spawnerPid(): number | undefined {
    return this.#spawner?.pid;
  }

  /** How many can be taken. */
  get waiting(): number {
    return this.#ready.filter(({ process }) => process.isThere).length;
  }

  /** Of how many the last remains are being removed. */
  get burials(): number {
    return this.#removing.size;
  }

  /** Makes one more in a later turn, if there are fewer than there may be, and so on. */
  refill(): void {
    const { launcher, most } = this.#options;
    const { perl } = launcher;
    const spawner = this.#spawner;
    if (this.#isClosed || this.#making !== undefined || this.#ready.length >= most) return;
    if (perl === undefined || spawner === undefined) return;
    this.#making = this.#make(spawner, perl).then((made) => {
      this.#making = undefined;
      if (made) this.refill();
      return made;
    });
  }

  /**
   * The one that is ready, or the next that will be: sooner made than by a fork of this process. It is the caller's to end and remove.
   * Undefined where there are none, or none can be made.
   */
  async take(): Promise<ReadyRun | undefined> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const one = this.#take();
      if (one !== undefined) return one;
      this.refill();
      if (this.#making === undefined || !(await this.#making)) break;
    }
    return undefined;
  }

  #take(): ReadyRun | undefined {
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

  /** Resolves when nothing of the action is left; what stood above it is buried meanwhile, unless many are. */
  async end(process: SpawnedAction): Promise<void> {
    await process.killAll();
    this.#remember(process.end());
    while (this.#removing.size > MOST_BURIALS) await Promise.race(this.#removing);
  }

  /** Resolves when nothing of them is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#making;
    for (const one of this.#ready.splice(0)) this.#remove(one);
    await Promise.all(this.#removing);
    await this.#spawner?.close();
    for (const { paths } of this.#folders.splice(0)) await this.#removeFolder(paths.top);
  }

  async #make(spawner: Spawner, perl: string): Promise<boolean> {
    const { runs, launcher, fifos, trouble } = this.#options;
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#isClosed) return false;
    const { user } = launcher;
    let folder = this.#folders.pop();
    const top = folder?.paths.top ?? join(runs, `ready-${++this.#last}`);
    try {
      folder ??= EmptyFolder.make(top, user);
      const { paths } = folder;
      const process = await SpawnedAction.start(spawner, {
        launch: launchWaiting(launcher, paths, perl),
        paths,
        user,
        fifos,
      });
      this.#ready.push({ folder, process });
      return true;
    } catch (error) {
      trouble(`an attempt cannot be made ready: ${messageOf(error)}`);
      await this.#removeFolder(top);
      return false;
    }
  }

  #remove({ folder, process }: ReadyRun): void {
    this.#remember(process.end().then(() => this.#removeFolder(folder.paths.top)));
  }

  #remember(work: Promise<void>): void {
    const removing = work.finally(() => this.#removing.delete(removing));
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
