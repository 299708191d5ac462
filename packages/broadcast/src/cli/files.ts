/** Files that are named on the command line: a secret, certificates. */
import { readFileSync, statSync } from "node:fs";
import { usageError, warn } from "./exit-codes.js";

/** The bits of the permissions that let users in who are neither the owner nor of the group. */
const OTHERS_READ_OR_WRITE = 0o006;

/**
 * A secret out of a file: never on the command line, where every user of the machine could read it. It is the content without
 * the line end behind it. A file that all users of the machine can read is worth a warning.
 */
export function readSecret(file: string | undefined): Uint8Array | undefined {
  if (file === undefined) return undefined;
  const text = readNamed("--secret-file", file).toString("latin1");
  if (process.platform !== "win32" && (statSync(file).mode & OTHERS_READ_OR_WRITE) !== 0) {
    warn(`--secret-file: every user of this machine can read or write ${file}; chmod 600 ${file} ends that`);
  }
  const secret = new Uint8Array(Buffer.from(text.replace(/\r?\n$/, ""), "latin1"));
  if (secret.length >= 16) return secret;
  throw usageError(`--secret-file: the secret in ${file} has ${secret.length} bytes, but must have 16 or more`);
}

/** @throws BroadcastError `USAGE` that names the option */
export function readNamed(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw usageError(`${option}: cannot read ${file}: ${(error as Error).message}`, error);
  }
}
