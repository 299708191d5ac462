#!/usr/bin/env node
/** The command `election`. */
import { Command, CommanderError } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { describeFailure, EXIT, EXIT_HELP, exitCodeOf } from "./exit-codes.js";
import { watchOutput } from "./output.js";
import { addResignCommand } from "./resign.js";
import { addRunCommand } from "./run.js";
import { addStatusCommand } from "./status.js";

const program: Command = new Command("election")
  .description("A leader, and the next in line: run a node of a cluster, show the cluster, make its leader hand over.")
  .version(packageJson.version)
  .addHelpText("after", EXIT_HELP)
  .showHelpAfterError("(--help says more)")
  .exitOverride();

addRunCommand(program);
addStatusCommand(program);
addResignCommand(program);

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
