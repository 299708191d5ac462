/** What a server says of itself while it runs: its warnings and errors, on standard error. */

import { printable } from "../core/words.js";
import type { Logger } from "../node/logger.js";
import { writeLine } from "./output.js";

const nothing = (): void => {};

function say(word: string): (fields: object, message: string) => void {
  return (fields, message) => {
    const { why, error } = fields as { readonly why?: unknown; readonly error?: unknown };
    const cause = why ?? (error instanceof Error ? error.message : undefined);
    writeLine(process.stderr, `rake: ${word}: ${printable(`${message}${cause === undefined ? "" : `: ${cause}`}`)}`);
  };
}

export const serverLogger: Logger = { debug: nothing, info: nothing, warn: say("warning"), error: say("error") };
