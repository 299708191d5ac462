/** `hftp ls`: the names of the served files. */
import type { Command } from "commander";
import { isServableName } from "../core/requests.js";
import { printable } from "../core/transcript.js";
import type { HftpClient } from "../node/client.js";
import { addConnectionOptions, type ConnectionFlags, connect, SERVER_HELP } from "./connection-options.js";

interface ListFlags extends ConnectionFlags {
  readonly long?: true;
}

export function addListCommand(program: Command): void {
  const command = program
    .command("ls")
    .summary("list the served files")
    .description("Print the names of the served files, one a line. Control characters in names are shown as \\xNN.")
    .argument("[server]", SERVER_HELP, "127.0.0.1")
    .option("-l, --long", "print sizes too");
  addConnectionOptions(command).action(async (server: string, flags: ListFlags) => {
    await using client = await connect(server, flags);
    await printListing(client, flags);
    await client.quit();
  });
}

/** Prints a listing on standard output. */
export async function printListing(client: HftpClient, flags: ListFlags): Promise<void> {
  if (flags.long !== true) {
    for await (const name of client.list()) print(name, undefined, flags);
    return;
  }
  for (const name of await client.names()) {
    print(name, isServableName(name) ? (await client.stat(name)).size : undefined, flags);
  }
}

function print(name: string, size: number | undefined, flags: ListFlags): void {
  if (flags.json) process.stdout.write(`${JSON.stringify(size === undefined ? { name } : { name, size })}\n`);
  else if (flags.long) process.stdout.write(`${String(size ?? "-").padStart(16)}  ${printable(name)}\n`);
  else process.stdout.write(`${printable(name)}\n`);
}
