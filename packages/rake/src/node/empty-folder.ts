/**
 * The folder of an attempt before anything is in it, and again after: to make five folders and to remove them takes a file system that is
 * busy longer than a short action. What an action has changed is made anew.
 */
import { chownSync, mkdirSync } from "node:fs";
import { type RunPaths, runPaths } from "./launch.js";
import { removeFolder } from "./removal.js";
import { type FileState, stateOf } from "./run-folder.js";

export type FolderUser = { readonly uid: number; readonly gid: number } | undefined;

/** Times of files are those of the last tick: within one, a change would not show. */
const TICKS_NS = 20_000_000n;

export class EmptyFolder {
  readonly paths: RunPaths;
  readonly #user: FolderUser;
  readonly #made = new Map<string, FileState>();
  #usedAtNs = 0n;

  private constructor(paths: RunPaths, user: FolderUser) {
    this.paths = paths;
    this.#user = user;
  }

  /**
   * What stands above the folders of an action stays root's where the action has another user: it could put a link where `work` was.
   * @param top where it is to be: nothing is there yet. @throws what Node says where it cannot be made
   */
  static make(top: string, user: FolderUser): EmptyFolder {
    const folder = new EmptyFolder(runPaths(top), user);
    mkdirSync(top, { mode: user === undefined ? 0o700 : 0o711 });
    for (const path of folder.#all.slice(1)) makeFolder(path, user);
    for (const path of folder.#all) folder.#remember(path);
    return folder;
  }

  /** False where somebody has put something there, or changed its mode: another action may have the same user. */
  get isAsMade(): boolean {
    return this.#all.every((path) => this.#isSame(path));
  }

  /** From now on an action may change it. */
  use(): void {
    this.#usedAtNs = BigInt(Date.now()) * 1_000_000n;
  }

  /**
   * Empties it, when no process of the action is left. The time of change, which no action can set, tells what it has left alone: content,
   * mode, owner and attributes.
   * @returns false where it cannot be used again, and is to be removed; it also throws what Node says then
   */
  async renew(): Promise<boolean> {
    const [top = "", ...below] = this.#all;
    if (!this.#wasLeftAlone(top)) return false;
    let isChanged = false;
    for (const path of below) {
      if (this.#wasLeftAlone(path)) continue;
      await removeFolder(path);
      makeFolder(path, this.#user);
      this.#remember(path);
      isChanged = true;
    }
    // It has changed with what stands in it.
    if (isChanged) this.#remember(top);
    return true;
  }

  get #all(): readonly string[] {
    const { top, work, home, tmp, shm } = this.paths;
    return [top, work, home, tmp, shm];
  }

  #remember(path: string): void {
    this.#made.set(path, stateOf(path));
  }

  #wasLeftAlone(path: string): boolean {
    const made = this.#made.get(path);
    return made !== undefined && this.#usedAtNs - made.changedNs > TICKS_NS && this.#isSame(path);
  }

  #isSame(path: string): boolean {
    const made = this.#made.get(path);
    try {
      const { inode, size, modifiedNs, changedNs } = stateOf(path);
      return (
        inode === made?.inode && size === made.size && modifiedNs === made.modifiedNs && changedNs === made.changedNs
      );
    } catch {
      return false;
    }
  }
}

/** @throws what Node says */
export function makeFolder(path: string, user: FolderUser): void {
  mkdirSync(path, { mode: 0o700 });
  if (user !== undefined) chownSync(path, user.uid, user.gid);
}
