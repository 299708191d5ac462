#!/usr/bin/env node
/** The command `broadcast`. */
import { Command, CommanderError } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { describeFailure, EXIT, EXIT_HELP, exitCodeOf } from "./exit-codes.js";
import { addJoinCommand } from "./join.js";
import { watchOutput } from "./output.js";
import { addPublishCommand } from "./publish.js";
import { addReplayCommand } from "./replay.js";
import { addServeCommand } from "./serve.js";
import { addTailCommand } from "./tail.js";

const program: Command = new Command("broadcast")
  .description("Everyone in the same order: serve rooms, join one as in a chat, read one, publish, show the history.")
  .version(packageJson.version)
  .addHelpText("after", EXIT_HELP)
  .showHelpAfterError("(--help says more)")
  .exitOverride();

addServeCommand(program);
addJoinCommand(program);
addTailCommand(program);
addPublishCommand(program);
addReplayCommand(program);

program.hook("preAction", (_program, command) => watchOutput(command.name()));

async function main(): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
      return;
    }
    process.stderr.write(describeFailure(error));
    process.exitCode = exitCodeOf(error);
  }
}

void main();
