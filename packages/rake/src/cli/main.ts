#!/usr/bin/env node
/** The command `rake`. */
import { Command, CommanderError } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { addBuildOptions, type BuildFlags, runBuild } from "./build.js";
import { describeFailure, EXIT, EXIT_HELP, exitCodeOf } from "./exit-codes.js";
import { addExplainCommand } from "./explain.js";
import { addHostsCommand } from "./hosts.js";
import { watchOutput } from "./output.js";
import { addServeCommand } from "./serve.js";
import { unknownCommand } from "./unknown-command.js";

const program: Command = new Command("rake")
  .description(
    "Build ./Rakefile: ask every host what an action would cost it, run it on the cheapest, and bring the outputs back.",
  )
  .version(packageJson.version)
  .addHelpText("after", EXIT_HELP)
  .showHelpAfterError("(--help says more)")
  .enablePositionalOptions()
  .exitOverride();

addBuildOptions(program);
addServeCommand(program);
addHostsCommand(program);
addExplainCommand(program);
program.helpCommand("help [command]", "show what a command does, and its options");
// The commands above take no more than they name; a word here is a command that does not exist.
program.allowExcessArguments().action((flags: BuildFlags, { args: [word] }: Command) => {
  if (word !== undefined) throw unknownCommand(program, word);
  return runBuild(flags);
});

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
