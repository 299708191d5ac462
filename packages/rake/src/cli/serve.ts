/** `rake serve`: runs what clients send, until it is told to stop. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { SANDBOXES, type Sandbox } from "../core/messages.js";
import type { ServerEvent } from "../core/server-contract.js";
import type { ServerMetrics } from "../node/metrics.js";
import type { ServeOptions } from "../node/serve-options.js";
import type { RakeServer } from "../node/server.js";
import { EXIT } from "./exit-codes.js";
import { readSecret } from "./files.js";
import { size, wholeNumber } from "./numbers.js";
import { writeLine } from "./output.js";
import { checkCharges, checkHost, readablePaths } from "./serve-checks.js";
import { serverLine } from "./server-lines.js";
import { serverLogger } from "./server-logger.js";
import { aborted, stopSignal } from "./signals.js";
import { serverTls, type TlsFiles } from "./tls-files.js";

interface ServeFlags extends TlsFiles {
  readonly host: string;
  readonly port: number;
  readonly name?: string;
  readonly allowV1?: true;
  readonly secretFile?: string;
  readonly slots?: number;
  readonly sandbox?: Sandbox;
  readonly runAs?: string;
  readonly allow?: readonly string[];
  readonly env?: readonly string[];
  readonly readable?: readonly string[];
  readonly resource?: readonly string[];
  readonly charge?: Readonly<Record<string, number>>;
  readonly folder?: string;
  readonly maxStoreBytes?: number;
  readonly maxActionMs?: number;
  readonly maxCpuSeconds?: number;
  readonly maxMemoryBytes?: number;
  readonly maxProcesses?: number;
  readonly maxFileBytes?: number;
  readonly maxFolderBytes?: number;
  readonly maxConnections?: number;
  readonly maxConnectionsPerAddress?: number;
  readonly metrics?: number;
  readonly json?: true;
}

const EXAMPLES = `
  rake serve                                        on 127.0.0.1:6238, a slot per core
  rake serve --allow 'cc *' --allow 'ar rcs *'      nothing but these, and no shell
  rake serve --host 0.0.0.0 --secret-file secret    for other machines, who know the secret

The first line on standard output is \`listening on HOST:PORT\`, with --metrics the second \`metrics on URL\`; then a line for each
action, with --json a line of JSON for everything that happens. Warnings go to standard error.`;

const DEFAULT_PORT = 6238;
const MAX_MS = 2 ** 31 - 1;
const bytes = size(1);
const count = wholeNumber(1, 65_536);

export function addServeCommand(program: Command): void {
  program
    .command("serve")
    .summary("run what clients send")
    .description("Bid for the actions of clients, and run those that are won, until Ctrl-C.")
    .option("--host <host>", "where to listen; off loopback it needs --secret-file, or --tls-ca", "127.0.0.1")
    .option("--port <port>", "0 for a free one", wholeNumber(0, 65_535), DEFAULT_PORT)
    .option("--name <name>", "what it is called (default: the name of the machine)")
    .option("--secret-file <file>", "a secret that clients must know, 16 bytes or more")
    .option("--tls-cert <file>", "speak TLS with this certificate chain (PEM); needs --tls-key")
    .option("--tls-key <file>", "the key of the certificate (PEM)")
    .option("--tls-ca <file>", "clients must show a certificate that one of these signed (PEM)")
    .option("--allow-v1", "serve clients of the course's first protocol too; on loopback alone")
    .option("--slots <n>", "actions at once (default: as many as cores)", count)
    .addOption(
      new Option("--sandbox <kind>", "what confines actions (default: bwrap where it works, else rlimit)").choices(
        SANDBOXES,
      ),
    )
    .option("--run-as <user>", "whom actions run as, where the server is root (default: nobody)")
    .option("--allow <pattern>", "run nothing but this, without a shell, as in 'cc *'; may be repeated", several)
    .option("--env <names>", "variables of its environment that actions see, with commas between them", names)
    .option("--readable <path>", "what actions may read under bwrap beside the system; may be repeated", several)
    .option("--resource <names>", "what actions may ask for by `on`, with commas between them", names)
    .option("--charge <name=ms>", "what a resource adds to a bid; may be repeated", charge)
    .option("--folder <dir>", "the store and the folders of actions (default: in ~/.cache/rake, by its port)")
    .option("--max-store-bytes <size>", "of the store, as 512m or 2g (default: 16 GiB)", bytes)
    .option(
      "--max-action-ms <ms>",
      "how long an action may run (default: 1 hour)",
      wholeNumber(1, MAX_MS, "milliseconds"),
    )
    .option("--max-cpu-seconds <n>", "of an action (default: 3600)", wholeNumber(1, MAX_MS, "seconds"))
    .option("--max-memory-bytes <size>", "address space of a process (default: 4 GiB)", bytes)
    .option("--max-processes <n>", "of an action (default: 256)", count)
    .option("--max-file-bytes <size>", "of a file that an action writes (default: 4 GiB)", bytes)
    .option("--max-folder-bytes <size>", "of the folder of an action (default: 16 GiB)", bytes)
    .option("--max-connections <n>", "of clients (default: 256)", count)
    .option("--max-connections-per-address <n>", "of clients at one address (default: 64)", count)
    .option("--metrics <port>", "serve Prometheus metrics on 127.0.0.1, port 0 for a free one", wholeNumber(0, 65_535))
    .option("--json", "a line of JSON for everything that happens")
    .addHelpText("after", EXAMPLES)
    .action(runServer);
}

async function runServer(flags: ServeFlags): Promise<void> {
  const isJson = flags.json === true;
  const options = serveOptions(flags);
  const signal = stopSignal(() => process.exit(EXIT.ok));
  const { serve } = await import("../node/server.js");
  const say = (line: string): void => writeLine(process.stdout, line);
  await using server = await serve({ ...options, logger: serverLogger });
  const host = server.host.includes(":") ? `[${server.host}]` : server.host;
  // Who reads the first line takes it that all went well: what comes before that waits.
  let early: string[] | undefined = [];
  server.on("event", (event: ServerEvent) => {
    const line = serverLine(event, isJson);
    if (line === undefined) return;
    if (early === undefined) say(line);
    else early.push(line);
  });
  await using metrics = flags.metrics === undefined ? undefined : await metricsOf(server);
  const port = await metrics?.listen({ port: flags.metrics ?? 0 });
  say(`listening on ${host}:${server.port}`);
  if (port !== undefined) say(`metrics on http://127.0.0.1:${port}/metrics`);
  for (const line of early) say(line);
  early = undefined;
  await aborted(signal);
  metrics?.unhealthy();
  if (!isJson) say("stopping");
}

async function metricsOf(server: RakeServer): Promise<ServerMetrics> {
  const { ServerMetrics } = await import("../node/metrics.js");
  return new ServerMetrics(server);
}

const SAME = [
  "host",
  "port",
  "name",
  "slots",
  "sandbox",
  "runAs",
  "allow",
  "env",
  "folder",
  "maxStoreBytes",
  "maxActionMs",
  "maxCpuSeconds",
  "maxMemoryBytes",
  "maxProcesses",
  "maxFileBytes",
  "maxFolderBytes",
  "maxConnections",
  "maxConnectionsPerAddress",
] as const satisfies readonly (keyof ServeFlags & keyof ServeOptions)[];

function serveOptions(flags: ServeFlags): ServeOptions {
  const { allowV1, resource, charge: chargeMs, readable } = flags;
  checkHost(flags.host);
  if (chargeMs !== undefined) checkCharges(chargeMs, resource ?? []);
  const tls = serverTls(flags);
  const secret = readSecret(flags.secretFile);
  const given = SAME.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]] as const]));
  return {
    ...(Object.fromEntries(given) as ServeOptions),
    ...(allowV1 === true && { allowV1 }),
    ...(resource !== undefined && { resources: resource }),
    ...(chargeMs !== undefined && { chargeMs }),
    ...(secret !== undefined && { secret }),
    ...(readable !== undefined && { readable: readablePaths(readable) }),
    ...(tls !== undefined && { tls }),
  };
}

function several(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, text];
}

/** `a,b`, or the option several times. */
function names(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...text.split(",").filter((name) => name !== "")];
}

function charge(text: string, previous: Readonly<Record<string, number>> = {}): Readonly<Record<string, number>> {
  const [, name = "", ms = ""] = /^([^=\s]+)=(\d{1,9})$/.exec(text) ?? [];
  if (name === "") throw new InvalidArgumentError("It must be NAME=MILLISECONDS, as gpu=500.");
  return { ...previous, [name]: Number(ms) };
}
