#!/usr/bin/env node
/** The command `stopwait`. */
import { Command, CommanderError } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { describeFailure, EXIT, EXIT_HELP, exitCodeOf, type GivenFlags } from "./exit-codes.js";
import { addGetCommand } from "./get.js";
import { watchOutput } from "./output.js";
import { addPutCommand } from "./put.js";
import { addServeCommand } from "./serve.js";

const program: Command = new Command("stopwait")
  .description(
    "Files over UDP, one block and one acknowledgement at a time: serve a directory, fetch a file, store a file.",
  )
  .version(packageJson.version)
  .addHelpText("after", EXIT_HELP)
  .showHelpAfterError("(--help says more)")
  .exitOverride();

addServeCommand(program);
addGetCommand(program);
addPutCommand(program);

let given: GivenFlags = {};

program.hook("preAction", (_program, command) => {
  watchOutput(command.name());
  given = command.opts();
});

async function main(): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
      return;
    }
    process.stderr.write(describeFailure(error, given));
    process.exitCode = exitCodeOf(error);
  }
}

void main();
