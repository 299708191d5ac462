/** A folder that goes when this process ends, also when it is interrupted. */
import { chmodSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
// Told of signals first, and so by the time that this process exits all that it has started has ended.
import "../test/process.js";

/** SIGINT, SIGTERM and SIGHUP end the process from now on; its exit code is 128 and the signal's number. */
export function temporaryFolder(prefix: string): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), prefix));
  chmodSync(folder, 0o711); // where root runs this, actions of rake servers in it have another user
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
  return folder;
}
