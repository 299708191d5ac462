/** A secret out of a file: never on the command line, where every user of the machine could read it. */
import { readFileSync } from "node:fs";
import { usageError } from "./exit-codes.js";

/** The content of the file without the line end behind it. */
export function readSecret(file: string | undefined): Uint8Array | undefined {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(file, "latin1");
  } catch (error) {
    throw usageError(`--secret-file: cannot read ${file}: ${(error as Error).message}`, error);
  }
  return new Uint8Array(Buffer.from(text.replace(/\r?\n$/, ""), "latin1"));
}
