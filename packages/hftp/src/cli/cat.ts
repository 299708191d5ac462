/** `hftp cat`: files on standard output. */
import { once } from "node:events";
import type { Command } from "commander";
import type { HftpClient, OperationOptions } from "../node/client.js";
import { addConnectionOptions, type ConnectionFlags, connect, SERVER_HELP } from "./connection-options.js";

export function addCatCommand(program: Command): void {
  const command = program
    .command("cat")
    .summary("write files to standard output")
    .description(
      "Write files to standard output as they come, in bounded memory. Nothing proves that they are whole but exit code 0.",
    )
    .argument("<server>", SERVER_HELP)
    .argument("<name...>", "names of files");
  addConnectionOptions(command).action(async (server: string, names: string[], flags: ConnectionFlags) => {
    await using client = await connect(server, flags);
    for (const name of names) await writeFile(client, name);
    await client.quit();
  });
}

/** Writes a file to standard output, as fast as that takes it. */
export async function writeFile(client: HftpClient, name: string, options: OperationOptions = {}): Promise<void> {
  for await (const chunk of client.read(name, options)) {
    if (!process.stdout.write(chunk)) await once(process.stdout, "drain", options);
  }
}
