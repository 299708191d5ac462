/** `hftp stat`: sizes of files. */
import type { Command } from "commander";
import { ReplyError } from "../core/errors.js";
import type { HftpClient } from "../node/client.js";
import { addConnectionOptions, type ConnectionFlags, connect, SERVER_HELP } from "./connection-options.js";
import { describeFailure, exitCodeOf } from "./exit-codes.js";

export function addStatCommand(program: Command): void {
  const command = program
    .command("stat")
    .summary("print sizes of files")
    .description("Print the size in bytes of each file. A file that is not there does not keep the others from it.")
    .argument("<server>", SERVER_HELP)
    .argument("<name...>", "names of files");
  addConnectionOptions(command).action(async (server: string, names: string[], flags: ConnectionFlags) => {
    await using client = await connect(server, flags);
    for (const name of names) await printSize(client, name, flags);
    if (client.usable) await client.quit();
  });
}

/** Prints a size on standard output, or a refusal on standard error. */
async function printSize(client: HftpClient, name: string, flags: ConnectionFlags): Promise<void> {
  try {
    const { size } = await client.stat(name);
    process.stdout.write(
      flags.json ? `${JSON.stringify({ name, size })}\n` : `${String(size).padStart(16)}  ${name}\n`,
    );
  } catch (error) {
    if (!(error instanceof ReplyError && client.usable)) throw error;
    process.stderr.write(describeFailure(error, flags.json === true));
    process.exitCode ||= exitCodeOf(error);
  }
}
