/** What a node says of itself while it runs: its warnings and errors, on standard error. */
import type { Logger } from "../node/logger.js";
import { writeLine } from "./output.js";
import { printable } from "./printable.js";

const nothing = (): void => {};

function say(word: string): (fields: object, message: string) => void {
  return (fields, message) => {
    const { why, error } = fields as { readonly why?: unknown; readonly error?: unknown };
    const cause = why ?? (error instanceof Error ? error.message : undefined);
    const text = cause === undefined ? message : `${message}: ${cause}`;
    writeLine(process.stderr, `election: ${word}: ${printable(text.replace("with rejoin", "with --rejoin"))}`);
  };
}

export const nodeLogger: Logger = { debug: nothing, info: nothing, warn: say("warning"), error: say("error") };
