/** `stopwait serve`: a directory for whoever can reach the port. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { DEFAULT_PORT } from "../core/ports.js";
import { printable } from "../core/printable.js";
import { type ServedTransfer, StopwaitUdpServer, type StopwaitUdpServerOptions } from "../node/server.js";
import { usageError } from "./exit-codes.js";
import { wholeNumber } from "./numbers.js";
import { readSecret } from "./secret-file.js";

interface ServeFlags {
  readonly directory: string;
  readonly port: number;
  readonly address: string;
  readonly writable?: true;
  readonly overwrite?: true;
  readonly allowV1?: true;
  readonly insecureWrite?: true;
  readonly secretFile?: string;
  readonly partTtlMs?: number;
  readonly maxSessions?: number;
  readonly idleMs?: number;
  readonly quiet?: true;
}

/** How much may wait for a slow reader of standard error; lines beyond are dropped. */
const MAX_WAITING_BYTES = 1024 * 1024;

export function addServeCommand(program: Command): void {
  program
    .command("serve")
    .summary("serve the files of a directory")
    .description(
      "Serve the files of a directory, in both wire formats on one port. The first line on standard output is `listening " +
        "on ADDRESS:PORT`; standard error gets a line per transfer.",
    )
    .requiredOption("-d, --directory <dir>", "the directory; it may come and go")
    .option("-p, --port <port>", "port to listen on, 0 for a free one", wholeNumber(0, 65_535), DEFAULT_PORT)
    .option("-a, --address <address>", "address to listen on; 0.0.0.0 lets other machines in", "127.0.0.1")
    .option("--writable", "take files, too; from other machines it takes --secret-file or --insecure-write")
    .option("--overwrite", "let them replace files")
    .option("--allow-v1", "answer other machines in the format of the course, too: it cannot tell forged addresses")
    .option("--secret-file <file>", "who wants to write from another machine must know this secret")
    .option("--insecure-write", "everybody who reaches the server may write")
    .option(
      "--part-ttl-ms <ms>",
      "how long the part of a broken put is kept (default: a day)",
      wholeNumber(1000, 2 ** 31 - 1),
    )
    .option("--max-sessions <n>", "transfers at a time, of each version (default: 256)", wholeNumber(1, 65_536))
    .option(
      "--idle-ms <ms>",
      "silence after which a transfer is forgotten (default: 30000)",
      wholeNumber(1, 2 ** 31 - 1),
    )
    .option("-q, --quiet", "no lines for transfers")
    .action(runServer);
}

async function runServer(flags: ServeFlags): Promise<void> {
  const { directory, port, address, secretFile, quiet, ...options } = flags;
  const secret = readSecret(secretFile);
  if (flags.overwrite && !flags.writable) throw usageError("--overwrite goes with --writable: nothing can be replaced");
  checkDirectory(directory);
  process.stdout.on("error", () => {}); // who started the server need not go on reading
  const server = new StopwaitUdpServer({ ...options, directory, secret } satisfies StopwaitUdpServerOptions);
  if (quiet !== true) server.on("served", (transfer) => log(transfer));
  const stopped = waitForSignal();
  try {
    const at = await server.listen({ host: address, port });
    process.stdout.write(`listening on ${at.host.includes(":") ? `[${at.host}]` : at.host}:${at.port}\n`);
    await stopped;
  } finally {
    await server.close();
  }
}

/** The first SIGTERM or SIGINT; a second one, of whichever kind, ends the process at once. */
async function waitForSignal(): Promise<void> {
  await new Promise<void>((resolve) => {
    const stop = (): void => {
      process.off("SIGTERM", stop).off("SIGINT", stop);
      resolve();
    };
    process.on("SIGTERM", stop).on("SIGINT", stop);
  });
}

function log({ peer, version, operation, name, bytes, outcome, code }: ServedTransfer): void {
  if (process.stderr.writableLength > MAX_WAITING_BYTES) return;
  const time = new Date().toTimeString().slice(0, 8);
  const line = `${time}  ${peer.host}:${peer.port}  v${version} ${operation} ${name}  ${bytes} bytes  ${ending(outcome, code)}`;
  process.stderr.write(`${printable(line)}\n`);
}

function ending(outcome: ServedTransfer["outcome"], code: string): string {
  if (outcome === "done") return outcome;
  // A client that gets no full block through, or whose file is another one, begins a new session from the same port.
  if (code === "resumed") return "continued in a new session, with smaller blocks or from the start";
  return `${outcome} (${code})`;
}

/**
 * Says what a person may have mistyped. A directory may come and go, and the server starts without it.
 * @throws StopwaitError `USAGE` for what is no directory
 */
function checkDirectory(directory: string): void {
  const path = resolve(directory);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) return;
  if (stats !== undefined) throw usageError(`-d ${path} is no directory`);
  process.stderr.write(`warning: ${path} does not exist (yet): nothing can be served until it is there\n`);
}
