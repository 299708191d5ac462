/** What an action's folders take of the disk, looked at again and again while it runs (R42, maxFolderBytes). */
import { lstatSync } from "node:fs";
import { HeldFiles } from "./held-files.js";
import { walk } from "./walk.js";

/** Every file and folder takes at least a block, however little it holds. */
const BLOCK_BYTES = 4_096;
const LEAST_PAUSE_MS = 250;

/**
 * True as soon as it is more than `limit`: no more is looked at then.
 * @param heldBytes what is not in the folder any more, and takes room all the same
 */
export async function isLargerThan(folder: string, limit: number, heldBytes = 0): Promise<boolean> {
  let bytes = heldBytes;
  if (bytes > limit) return true;
  for await (const { place } of walk(folder)) {
    bytes += Math.max(BLOCK_BYTES, sizeOf(place));
    if (bytes > limit) return true;
  }
  return false;
}

/** What it takes of the disk. Where its path is longer than paths may be, what stands below it cannot be counted: that is too much. */
function sizeOf(place: Buffer): number {
  try {
    return (lstatSync(place, { throwIfNoEntry: false })?.blocks ?? 0) * 512;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENAMETOOLONG" ? Number.POSITIVE_INFINITY : 0;
  }
}

/**
 * Calls `over` once if the folder grows beyond the limit; the pause between looks is ten times what a look takes, and 250 ms at least.
 * @returns ends it
 */
export function watchFolder(folder: string, limit: number, over: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const held = new HeldFiles(folder);
  const look = async (): Promise<void> => {
    const began = performance.now();
    const isOver = await isTooLarge(folder, limit, held).catch(() => false);
    if (isStopped) return;
    if (isOver) over();
    else timer = setTimeout(look, Math.max(LEAST_PAUSE_MS, 10 * (performance.now() - began)));
  };
  timer = setTimeout(look, LEAST_PAUSE_MS);
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

async function isTooLarge(folder: string, limit: number, held: HeldFiles): Promise<boolean> {
  return await isLargerThan(folder, limit, await held.bytes(limit));
}
