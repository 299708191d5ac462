/** `stopwait get`: a file, whole, or nothing. */
import { statSync } from "node:fs";
import { join, posix } from "node:path";
import type { Command } from "commander";
import { get } from "../node/get.js";
import { usageError } from "./exit-codes.js";
import { runWatched } from "./run-transfer.js";
import { addTransferOptions, SERVER_HELP, type TransferFlags, transferOptions } from "./transfer-options.js";

interface GetFlags extends TransferFlags {
  readonly output?: string;
}

export function addGetCommand(program: Command): void {
  const command = program
    .command("get")
    .summary("fetch a file")
    .description(
      "Fetch a file. It gets its name once it is whole and its SHA-256 is the one that the server names; until then it " +
        "is kept in .stopwait-parts next to it, where --resume finds it.",
    )
    .argument("<server>", SERVER_HELP)
    .argument("<name>", "name of the file on the server")
    .option(
      "-o, --output <path>",
      "where it goes: a file, or a directory that exists, such as into/ (default: NAME in this one)",
    );
  addTransferOptions(command).action(async (server: string, name: string, flags: GetFlags) => {
    const options = transferOptions(server, flags);
    const to = localPath(name, flags.output);
    const texts = { name, title: `stopwait get ${name}`, server: `${options.host}:${options.port}` };
    await runWatched(
      flags,
      texts,
      (watching) => get({ ...options, name, to, overwrite: flags.overwrite, ...watching }),
      ({ path }) => `saved ${path}`,
      ({ path }) => ({ path }),
    );
  });
}

/** Out of what the person typed alone. */
function localPath(name: string, output: string | undefined): string {
  if (output !== undefined && /[/\\]$/.test(output) && !isDirectory(output)) {
    throw usageError(`-o ${output}: there is no such directory`);
  }
  const own = posix.basename(name);
  const path = output === undefined ? own : isDirectory(output) ? join(output, own) : output;
  if (path !== "" && !isDirectory(path)) return path;
  throw usageError(`${path === "" ? name : path} is a directory: name a file with -o PATH`);
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
