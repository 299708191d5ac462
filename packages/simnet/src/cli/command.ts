/** The command line: from words to a proxy that runs, or to what is wrong with them. */
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

/** Where help and failures go. */
export interface Terminal {
  readonly stdout: { write(text: string): void };
  readonly stderr: { write(text: string): void };
}

/** Runs a command to its end, and says the exit code. */
export async function runCommand(words: readonly string[], { stdout, stderr }: Terminal): Promise<number> {
  const program: Command = new Command("simnet")
    .description("A bad network between your programs, in whatever language: lost, late, doubled and broken packets.")
    .version(packageJson.version)
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .addHelpText("after", EXAMPLES)
    .addHelpText("after", EXIT_HELP)
    .exitOverride();
  addUdpProxyCommand(program);
  addTcpProxyCommand(program);
  for (const command of program.commands) command.showHelpAfterError(`(simnet ${command.name()} --help says more)`);
  try {
    await program.parseAsync(words, { from: "user" });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    stderr.write(describeFailure(error));
    return exitCodeOf(error);
  }
}
