/** `stopwait put`: a file that the server has whole, or not at all, or nobody can tell. */
import { basename } from "node:path";
import type { Command } from "commander";
import { put } from "../node/put.js";
import { usageError } from "./exit-codes.js";
import { runWatched } from "./run-transfer.js";
import { addTransferOptions, SERVER_HELP, type TransferFlags, transferOptions } from "./transfer-options.js";

export function addPutCommand(program: Command): void {
  const command = program
    .command("put")
    .summary("store a file")
    .description(
      "Store a file on a server that was started with --writable. The server gives it its name once it is whole and its " +
        "SHA-256 agrees.",
    )
    .argument("<server>", SERVER_HELP)
    .argument("<file>", "the file")
    .argument("[name]", "its name on the server (default: that of the file)");
  addTransferOptions(command).action(
    async (server: string, file: string, given: string | undefined, flags: TransferFlags) => {
      const options = transferOptions(server, flags);
      if (flags.v1 && flags.overwrite)
        throw usageError("--overwrite does not go with --v1: version 1 cannot ask for it");
      const name = given ?? basename(file);
      const texts = { name, title: `stopwait put ${name}`, server: `${options.host}:${options.port}` };
      await runWatched(
        flags,
        texts,
        (watching) => put({ ...options, from: file, name, overwrite: flags.overwrite, ...watching }),
        () => `stored ${name} on ${texts.server}`,
        () => ({ name, server: texts.server }),
      );
    },
  );
}
