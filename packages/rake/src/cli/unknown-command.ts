/** A word where a command would stand, and there is none of that name. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { RakeError } from "../core/errors.js";
import { usageError } from "./exit-codes.js";

/** The error that says what there is. @param word what was found */
export function unknownCommand(program: Command, word: string): RakeError {
  const names = [...program.commands.map((command) => command.name()), "help"];
  const what = existsSync(word) ? `-f ${word} builds that file` : "-f FILE another one";
  return usageError(
    `there is no command ${JSON.stringify(word)}; rake alone builds ./Rakefile, ${what}; commands are ${names.join(", ")}`,
  );
}
