/** `hftp serve`: a directory for everyone who can connect. */
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { ConnectionError, HftpError } from "../core/errors.js";
import { ServerMetrics } from "../node/metrics.js";
import { DEFAULT_PORT, HftpServer, type HftpServerOptions } from "../node/server.js";
import { accessLogger, endLog } from "./access-log.js";
import { wholeNumber } from "./numbers.js";

type ServeFlags = Omit<HftpServerOptions, "directory" | "tls" | "logger"> & {
  readonly directory?: string;
  readonly port: number;
  readonly address: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly metricsPort?: number;
  readonly shutdownTimeoutMs: number;
  readonly quiet?: true;
};

const MAX = Number.MAX_SAFE_INTEGER;
const MAX_MS = 2 ** 31 - 1;

export function addServeCommand(program: Command): void {
  program
    .command("serve")
    .summary("serve the files of a directory")
    .description(
      "Serve the files of a directory over HFTP. The first line on standard output is `listening on ADDRESS:PORT`; " +
        "standard error gets a line per request, as JSON unless it is a terminal. SIGTERM and SIGINT end it after the replies under way.",
    )
    .argument("[directory]", "directory to serve; it may come and go (default: testdata)")
    .option("-d, --directory <dir>", "the same as an option")
    .option("-p, --port <port>", "port to listen on, 0 for a free one", wholeNumber(0, 65_535), DEFAULT_PORT)
    .option("-a, --address <address>", "address to listen on; 0.0.0.0 lets other machines connect", "127.0.0.1")
    .option("--base64-lines", "answer slices with several base64 lines of 48 KiB of data each (default: one line)")
    .option("--tls-cert <file>", "serve over TLS with this certificate chain (PEM); needs --tls-key")
    .option("--tls-key <file>", "key of the certificate (PEM)")
    .option("--metrics-port <port>", "serve Prometheus metrics on 127.0.0.1 (default: off)", wholeNumber(0, 65_535))
    .option("--max-connections <n>", "connections at a time (default: 4096)", wholeNumber(1, 2 ** 24))
    .option("--max-connections-per-address <n>", "the same from one address (default: 2048)", wholeNumber(1, 2 ** 24))
    .option("--max-errors <n>", "refusals on a connection before 101 ends it (default: 64)", wholeNumber(0, 2 ** 30))
    .option("--max-line-bytes <n>", "longest request line (default: 8388608)", wholeNumber(512, 2 ** 30))
    .option("--max-bytes-per-second <n>", "file bytes a second per connection (default: no limit)", wholeNumber(1, MAX))
    .option(
      "--max-requests-per-second <n>",
      "requests a second per connection (default: no limit)",
      wholeNumber(1, MAX),
    )
    .option(
      "--idle-timeout-ms <ms>",
      "close a connection on which nothing moves (default: 60000)",
      wholeNumber(1, MAX_MS),
    )
    .option("--stall-timeout-ms <ms>", "drop a client that takes nothing (default: 120000)", wholeNumber(1, MAX_MS))
    .option("--shutdown-timeout-ms <ms>", "how long replies may go on after SIGTERM", wholeNumber(0, MAX_MS), 10_000)
    .option("-q, --quiet", "no log lines for requests")
    .action(runServer);
}

async function runServer(argument: string | undefined, flags: ServeFlags): Promise<void> {
  if (argument !== undefined && flags.directory !== undefined) {
    throw new HftpError("USAGE", `one directory is served: ${argument} and -d ${flags.directory} are two`);
  }
  const directory = argument ?? flags.directory ?? "testdata";
  const { port, address, tlsCert, tlsKey, metricsPort, shutdownTimeoutMs, quiet, ...options } = flags;
  const logger = accessLogger(quiet === true);
  process.stdout.on("error", () => {}); // who started the server need not go on reading
  const server = new HftpServer({ ...options, directory, logger, tls: tlsFiles(tlsCert, tlsKey) });
  const metrics = metricsPort === undefined ? undefined : new ServerMetrics(server);
  const stopped = waitForSignal();
  try {
    const at = await server.listen({ host: address, port }).catch(adviseOnPort);
    warnAbout(directory);
    process.stdout.write(`listening on ${at.host.includes(":") ? `[${at.host}]` : at.host}:${at.port}\n`);
    if (metrics !== undefined && metricsPort !== undefined) {
      const metricsAt = await metrics.listen({ port: metricsPort });
      process.stdout.write(`metrics on http://127.0.0.1:${metricsAt}/metrics\n`);
    }
    const signal = await stopped;
    process.stdout.write(`shutting down after ${signal}: replies have ${shutdownTimeoutMs} ms to end\n`);
  } finally {
    await server.close({ deadlineMs: shutdownTimeoutMs });
    await metrics?.[Symbol.asyncDispose]();
    await endLog();
  }
}

/** The first SIGTERM or SIGINT; a second one, of whichever kind, ends the process at once. */
async function waitForSignal(): Promise<NodeJS.Signals> {
  return await new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals): void => {
      process.off("SIGTERM", stop).off("SIGINT", stop);
      resolve(signal);
    };
    process.on("SIGTERM", stop).on("SIGINT", stop);
  });
}

/** A port that is taken is the most common reason why a server does not start. */
function adviseOnPort(error: unknown): never {
  if (!(error instanceof ConnectionError) || (error.cause as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
  throw new ConnectionError(error.code, `${error.message}; -p PORT takes another port, -p 0 a free one`, error);
}

/** Says what a person may have mistyped; the server starts all the same, since its directory may come and go (H2). */
function warnAbout(directory: string): void {
  const path = resolve(directory);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) return;
  const what = stats === undefined ? "does not exist (yet)" : "is no directory";
  process.stderr.write(`warning: ${path} ${what}: requests are answered 199 until it is there\n`);
}

function tlsFiles(cert: string | undefined, key: string | undefined): HftpServerOptions["tls"] {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new HftpError(
      "USAGE",
      `--tls-cert and --tls-key belong together: --tls-${cert === undefined ? "cert" : "key"} is missing`,
    );
  }
  return { cert: readPem("--tls-cert", cert), key: readPem("--tls-key", key) };
}

function readPem(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new HftpError("USAGE", `${option}: cannot read ${file}: ${(cause as Error).message}`, { cause });
  }
}
