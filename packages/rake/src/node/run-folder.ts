/** The folder of one attempt (R22, R41): its inputs alone, at their paths and with their modes, as copies. */
import { chmodSync, chownSync, lstatSync, utimesSync } from "node:fs";
import { join } from "node:path";
import type { Job } from "../core/server-contract.js";
import { EmptyFolder, type FolderUser, makeFolder } from "./empty-folder.js";
import type { RunPaths } from "./launch.js";
import type { Store } from "./store.js";

/** By these it is seen whether a file is still what it was; the time of change is the kernel's, and no action can set it. */
export interface FileState {
  readonly inode: bigint;
  readonly size: bigint;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
}

/** What stood at a path when the command began. */
export interface InputState extends FileState {
  readonly digest: string;
  readonly mode: number;
}

export interface RunFolder {
  readonly paths: RunPaths;
  readonly inputs: ReadonlyMap<string, InputState>;
}

/** 2001-09-09: older than anything that an action makes, so that a file which it writes to has another time, however fast it is. */
const PLACED_AT = 1_000_000_000;

export function stateOf(path: string): FileState {
  const { ino, size, mtimeNs, ctimeNs } = lstatSync(path, { bigint: true });
  return { inode: ino, size, modifiedNs: mtimeNs, changedNs: ctimeNs };
}

/** An empty one and its inputs: see `placeInputs`. @param top where it is to be; nothing stands there yet */
export async function makeRunFolder(
  top: string,
  inputs: Job["inputs"],
  store: Store,
  user: FolderUser,
  isWanted?: () => boolean,
): Promise<RunFolder> {
  return await placeInputs(EmptyFolder.make(top, user).paths, inputs, store, user, isWanted);
}

/** How long others wait for their turn at most. */
const TURN_MS = 10;

/**
 * Where they go is root's until they are there: without a sandbox another action has the same user, and could put a link where root is
 * about to write.
 * @param isWanted asked now and then @throws what Node says where they cannot be placed; the machine has looked at the paths before
 */
export async function placeInputs(
  paths: RunPaths,
  inputs: Job["inputs"],
  store: Store,
  user: FolderUser,
  isWanted: () => boolean = () => true,
): Promise<RunFolder> {
  if (user !== undefined && inputs.length > 0) chownSync(paths.work, 0, 0);
  let turnAt = performance.now();
  const turn = async (): Promise<void> => {
    if (performance.now() - turnAt < TURN_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    if (!isWanted()) throw new Error("it is not wanted any more");
    turnAt = performance.now();
  };
  const made = new Set<string>();
  const states = new Map<string, InputState>();
  for (const { path, digest, mode } of inputs) {
    const names = path.split("/").slice(0, -1);
    for (let depth = 1; depth <= names.length; depth++) {
      const above = names.slice(0, depth).join("/");
      if (made.has(above)) continue;
      await turn();
      makeFolder(join(paths.work, above), user);
      made.add(above);
    }
    const place = join(paths.work, path);
    await turn();
    await store.copyTo(digest, place);
    utimesSync(place, PLACED_AT, PLACED_AT);
    own(place, user);
    chmodSync(place, mode & 0o777);
    states.set(path, { ...stateOf(place), digest, mode: mode & 0o777 });
  }
  if (inputs.length > 0) own(paths.work, user);
  return { paths, inputs: states };
}

function own(path: string, user: FolderUser): void {
  if (user !== undefined) chownSync(path, user.uid, user.gid);
}
