#!/usr/bin/env node
/** The command `hftp`. */
import { Command, CommanderError } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { addCatCommand } from "./cat.js";
import { describeFailure, EXIT, EXIT_HELP, exitCodeOf } from "./exit-codes.js";
import { addGetCommand } from "./get.js";
import { addListCommand } from "./ls.js";
import { watchOutput } from "./output.js";
import { addServeCommand } from "./serve.js";
import { addShellCommand } from "./shell.js";
import { addStatCommand } from "./stat.js";
import { addUsageLine } from "./usage.js";

const program: Command = new Command("hftp")
  .description("The Home-made File Transfer Protocol: serve a directory, list it, fetch files from it.")
  .version(packageJson.version)
  .addHelpText("after", EXIT_HELP)
  .showHelpAfterError("(--help says more)")
  .exitOverride();

addServeCommand(program);
addListCommand(program);
addStatCommand(program);
addGetCommand(program);
addCatCommand(program);
addShellCommand(program);
for (const command of program.commands) if (command.name() !== "serve") addUsageLine(command);

program.hook("preAction", (_program, command) => watchOutput(command.name(), command.opts()["json"] === true));

async function main(): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
      return;
    }
    const command = program.commands.find((one) => one.name() === process.argv[2]);
    process.stderr.write(describeFailure(error, command?.opts()["json"] === true));
    process.exitCode = exitCodeOf(error);
  }
}

void main();
