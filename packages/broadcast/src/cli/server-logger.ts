/** What a server says of itself while it runs: its warnings and errors, on standard error. */
import { printable } from "../core/printable.js";
import type { Logger } from "../node/logger.js";
import { writeLine } from "./output.js";

const nothing = (): void => {};

/** These are lines of events already. */
const TOLD: ReadonlySet<string> = new Set(["gap", "a room is in trouble"]);

function say(word: string): (fields: object, message: string) => void {
  return (fields, message) => {
    if (TOLD.has(message)) return;
    const { peer, why, error } = fields as {
      readonly peer?: unknown;
      readonly why?: unknown;
      readonly error?: unknown;
    };
    const cause = why ?? (error instanceof Error ? error.message : undefined);
    const text = `${message}${peer === undefined ? "" : ` (${peer})`}${cause === undefined ? "" : `: ${cause}`}`;
    writeLine(process.stderr, `broadcast: ${word}: ${printable(text)}`);
  };
}

export const serverLogger: Logger = { debug: nothing, info: nothing, warn: say("warning"), error: say("error") };
