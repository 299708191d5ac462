/** `hftp stat`: sizes of files. */
import type { Command } from "commander";
import { ReplyError } from "../core/errors.js";
import { printableJson } from "../core/printable.js";
import type { OperationOptions } from "../node/client.js";
import { addConnectionOptions, type ConnectionFlags, connectionOptions, SERVER_HELP } from "./connection-options.js";
import { reportFailure } from "./exit-codes.js";
import { ReconnectingClient } from "./reconnecting-client.js";

export function addStatCommand(program: Command): void {
  const command = program
    .command("stat")
    .summary("print sizes of files")
    .description("Print the size in bytes of each file. A file that is not there does not keep the others from it.")
    .argument("<server>", SERVER_HELP)
    .argument("<name...>", "names of files");
  addConnectionOptions(command).action(async (server: string, names: string[], flags: ConnectionFlags) => {
    await using client = new ReconnectingClient(connectionOptions(server, flags));
    for (const name of names) {
      const size = await sizeOf(client, name, (error) => reportFailure(error, flags.json === true));
      if (size !== undefined) printSize(name, size, flags);
    }
    await client.quit();
  });
}

/** The size of a file; undefined where the server refuses to tell, which is reported. */
export async function sizeOf(
  client: ReconnectingClient,
  name: string,
  report: (error: ReplyError) => void,
  options: OperationOptions = {},
): Promise<number | undefined> {
  try {
    return (await client.ask((connected) => connected.stat(name, options), options)).size;
  } catch (error) {
    if (!(error instanceof ReplyError)) throw error;
    report(error);
    return undefined;
  }
}

/** Prints a size on standard output. */
export function printSize(name: string, size: number, flags: ConnectionFlags): void {
  const line = flags.json ? printableJson({ name, size }) : `${String(size).padStart(16)}  ${name}`;
  process.stdout.write(`${line}\n`);
}
