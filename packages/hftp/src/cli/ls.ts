/** `hftp ls`: the names of the served files. */
import type { Command } from "commander";
import { printable, printableJson } from "../core/printable.js";
import { isServableName } from "../core/requests.js";
import type { OperationOptions } from "../node/client.js";
import { addConnectionOptions, type ConnectionFlags, connectionOptions, SERVER_HELP } from "./connection-options.js";
import { reportFailure } from "./exit-codes.js";
import { ReconnectingClient } from "./reconnecting-client.js";
import { sizeOf } from "./stat.js";

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
    await using client = new ReconnectingClient(connectionOptions(server, flags));
    await printListing(client, flags, (error) => reportFailure(error, flags.json === true));
    await client.quit();
  });
}

/** Prints a listing on standard output. A file that was refused, such as one that is gone by now, is reported. */
export async function printListing(
  client: ReconnectingClient,
  flags: ListFlags,
  report: (error: unknown) => void,
  options: OperationOptions = {},
): Promise<void> {
  const connected = await client.connected(options);
  if (flags.long !== true) {
    for await (const name of connected.list(options)) print(name, undefined, flags);
    return;
  }
  for (const name of await connected.names(options)) {
    if (!isServableName(name)) print(name, undefined, flags);
    else {
      const size = await sizeOf(client, name, report, options);
      if (size !== undefined) print(name, size, flags);
    }
  }
}

function print(name: string, size: number | undefined, flags: ListFlags): void {
  if (flags.json) process.stdout.write(`${printableJson(size === undefined ? { name } : { name, size })}\n`);
  else if (flags.long) process.stdout.write(`${String(size ?? "-").padStart(16)}  ${printable(name)}\n`);
  else process.stdout.write(`${printable(name)}\n`);
}
