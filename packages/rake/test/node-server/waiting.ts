/** What tests of servers wait for, and where those keep their things. */
import { chmodSync } from "node:fs";
import { scratchFolder } from "../../../../test/scratch.js";

/** For states that no event tells of; a test that never gets there ends by its own limit. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** A folder for a server: an action of another user can pass. */
export function stateFolder(): string {
  const folder = scratchFolder();
  chmodSync(folder, 0o711);
  return folder;
}
