#!/usr/bin/env node
/** The command `simnet`. */
import { Command, CommanderError } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { describeFailure, EXIT, EXIT_HELP, exitCodeOf } from "./exit-codes.js";
import { addTcpProxyCommand } from "./tcp-proxy.js";
import { addUdpProxyCommand } from "./udp-proxy.js";

const EXAMPLES = `
Examples:
  simnet udp-proxy --listen 50000 --to 50001 --drop 0.1 --dup 0.05 --delay 50 --seed 7
  simnet udp-proxy --course --reorder 0.1 --reorder-delay 1000 --pcap course.pcapng
  simnet tcp-proxy --to 127.0.0.1:8080 --segment 1-100 --delay 20 --trace picture.svg`;

const program: Command = new Command("simnet")
  .description("A bad network between your programs, in whatever language: lost, late, doubled and broken packets.")
  .version(packageJson.version)
  .addHelpText("after", EXAMPLES)
  .addHelpText("after", EXIT_HELP)
  .exitOverride();

addUdpProxyCommand(program);
addTcpProxyCommand(program);
for (const command of program.commands) command.showHelpAfterError(`(simnet ${command.name()} --help says more)`);

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
