/** Files that are named on the command line: a secret, others that are read, and what is written. */
import { readFileSync, writeFileSync } from "node:fs";
import { readSecretFile } from "../node/secret.js";
import { usageError } from "./exit-codes.js";

/** A secret out of a file: never on the command line, where every user of the machine could read it. @throws RakeError `USAGE` */
export function readSecret(file: string | undefined): Uint8Array | undefined {
  if (file === undefined) return undefined;
  try {
    return readSecretFile(file);
  } catch (error) {
    throw usageError(`--secret-file: ${(error as Error).message}`, error);
  }
}

/** @throws RakeError `USAGE` that names the option */
export function readNamed(option: string, file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    throw usageError(`${option}: cannot read ${file}: ${(error as Error).message}`, error);
  }
}

/** @throws RakeError `USAGE` that names the option */
export function writeNamed(option: string, file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw usageError(`${option}: cannot write ${file}: ${(error as Error).message}`, error);
  }
}
