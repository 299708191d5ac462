/** Finds what an action made (R25): regular files that are new or changed, by content or mode, and match the patterns. */
import { chmodSync, constants, lstatSync, readlinkSync, realpathSync } from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";
import { matches, pathFault } from "../core/paths.js";
import type { FoundOutput } from "../core/server-contract.js";
import { digestOf } from "./pieces.js";
import { type FileState, type InputState, type RunFolder, stateOf } from "./run-folder.js";
import { messageOf } from "./trouble.js";
import { walk } from "./walk.js";

/** An output, and where it is: a link's own target, so that nothing has to be followed later. */
export interface CollectedOutput extends FoundOutput {
  readonly place: string;
}

export interface CollectOptions {
  readonly wanted: readonly string[];
  /** Only the one that was written last (v1). */
  readonly newestOnly: boolean;
  readonly maxOutputs: number;
  readonly maxOutputBytes: number;
  /** Asked now and then; default always. */
  readonly isWanted?: () => boolean;
}

/** `limited`: there is more than R25 allows, or less than was asked for: the action's own fault. */
export class CollectError extends Error {
  readonly limited: boolean;
  constructor(message: string, limited: boolean) {
    super(message);
    this.limited = limited;
  }
}

interface Candidate {
  readonly path: string;
  readonly place: string;
  readonly modifiedNs: bigint;
}

/** How long others wait for their turn at most. */
const TURN_MS = 10;

/** In the order of their paths. @throws CollectError */
export async function collect(folder: RunFolder, options: CollectOptions): Promise<CollectedOutput[]> {
  const candidates = await candidatesIn(folder, options);
  if (options.newestOnly) candidates.sort((a, b) => (a.modifiedNs > b.modifiedNs ? -1 : 1));
  else candidates.sort((a, b) => (a.path < b.path ? -1 : 1));
  const outputs: CollectedOutput[] = [];
  let bytes = 0;
  for (const candidate of candidates) {
    const output = await examine(folder, candidate);
    if (output === undefined) continue;
    outputs.push(output);
    bytes += output.size;
    if (bytes > options.maxOutputBytes) {
      throw new CollectError(`the outputs have more than ${options.maxOutputBytes} bytes`, true);
    }
    if (outputs.length > options.maxOutputs) {
      throw new CollectError(`there are more than ${options.maxOutputs} outputs`, true);
    }
    if (options.newestOnly) break;
  }
  const turn = turns(options);
  for (const pattern of options.wanted) {
    let isMade = false;
    for (const { path } of outputs) {
      isMade = matches(pattern, path);
      if (isMade) break;
      if (turn.isDue) await turn.pass();
    }
    if (isMade) continue;
    throw new CollectError(`the action made nothing that ${pattern} means`, true);
  }
  return outputs;
}

/** Those whose name and kind allow it, and that are not as they were at the first glance. */
async function candidatesIn(folder: RunFolder, options: CollectOptions): Promise<Candidate[]> {
  const { paths, inputs } = folder;
  if (lstatSync(paths.work, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new CollectError("the action has put something else in the place of its folder", false);
  }
  const candidates: Candidate[] = [];
  // Inputs that were not touched are not looked into, and so are not among those that are counted here.
  const most = options.newestOnly ? Number.POSITIVE_INFINITY : options.maxOutputs + inputs.size;
  const matchesAny = matcher(options);
  for await (const { path, place, kind } of walk(paths.work)) {
    const isHidden = kind === "folder" && path === undefined;
    if (kind !== "file" && kind !== "link" && !isHidden) continue;
    if (options.wanted.length > 0 && (path === undefined || !(await matchesAny(path)))) continue;
    const fault = path === undefined ? "is no UTF-8" : pathFault(path);
    if (path === undefined || fault !== undefined) {
      const shown = JSON.stringify(place.toString().slice(paths.work.length + 1, paths.work.length + 200));
      throw new CollectError(`the action made a file whose name ${fault}: ${shown}`, false);
    }
    const target = kind === "file" ? `${paths.work}/${path}` : targetOf(`${paths.work}/${path}`, paths.work);
    if (target === undefined) continue;
    const state = stateOf(target);
    if (kind === "file" && isUntouched(state, inputs.get(path))) continue;
    candidates.push({ path, place: target, modifiedNs: state.modifiedNs });
    if (candidates.length > most) throw new CollectError(`there are more than ${options.maxOutputs} outputs`, true);
  }
  return candidates;
}

/** A client may name many patterns, and long ones: others get their turn while they are tried. */
function matcher(options: CollectOptions): (path: string) => Promise<boolean> {
  const turn = turns(options);
  return async (path) => {
    for (const pattern of options.wanted) {
      if (turn.isDue) await turn.pass();
      if (matches(pattern, path)) return true;
    }
    return false;
  };
}

/** @returns `pass` throws where nobody wants the outputs any more */
function turns({ isWanted }: CollectOptions): { readonly isDue: boolean; pass(): Promise<void> } {
  let since = performance.now();
  return {
    get isDue() {
      return performance.now() - since > TURN_MS;
    },
    async pass() {
      await new Promise((resolve) => setImmediate(resolve));
      if (isWanted?.() === false) throw new CollectError("nobody wants it any more", false);
      since = performance.now();
    },
  };
}

/** Where a link leads, if that is within the folder. */
function targetOf(place: string, work: string): string | undefined {
  try {
    const target = realpathSync(place);
    return target.startsWith(`${work}/`) ? target : undefined;
  } catch {
    return undefined;
  }
}

function isUntouched(state: FileState, input: InputState | undefined): boolean {
  return (
    input !== undefined &&
    state.inode === input.inode &&
    state.size === input.size &&
    state.modifiedNs === input.modifiedNs &&
    state.changedNs === input.changedNs
  );
}

async function examine(folder: RunFolder, { path, place }: Candidate): Promise<CollectedOutput | undefined> {
  const input = folder.inputs.get(path);
  let file: FileHandle | undefined;
  try {
    file = await openOutput(place, folder.paths.work);
    const stat = await file.stat();
    if (!stat.isFile()) return undefined;
    const mode = stat.mode & 0o777;
    const { digest, size } = await digestOf(file);
    if (input !== undefined && input.digest === digest && input.mode === mode) return undefined;
    return { path, place, mode, size, digest };
  } catch (error) {
    throw new CollectError(`${path} cannot be read: ${messageOf(error)}`, false);
  } finally {
    await file?.close();
  }
}

/**
 * Opens a file of the folder and nothing else: the processes of the action are gone, but without a sandbox those of another one have the same
 * user, and could put a link there.
 * @param work a path without links: what it leads to now may be another folder
 * @throws what Node says, or that it leads out of the folder
 */
export async function openOutput(place: string, work: string): Promise<FileHandle> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  let file: FileHandle;
  try {
    file = await open(place, flags);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EACCES") throw error;
    // The action has taken the right to read it from itself.
    const { mode } = await lstat(place);
    chmodSync(place, 0o600);
    try {
      file = await open(place, flags);
    } finally {
      chmodSync(place, mode & 0o777);
    }
  }
  const leadsTo = process.platform === "linux" ? readlinkSync(`/proc/self/fd/${file.fd}`) : place;
  if (leadsTo === place || leadsTo.startsWith(`${work}/`)) return file;
  await file.close();
  throw new Error("it is not in the folder any more");
}
