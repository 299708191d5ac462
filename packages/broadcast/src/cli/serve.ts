/** `broadcast serve`: rooms for everyone who can connect, until it is told to stop. */
import { type Command, Option } from "commander";
import type { Durability } from "../core/server-contract.js";
import type { OnSlow } from "../core/server-options.js";
import type { HostAndPort } from "../node/address.js";
import { LagLines } from "../node/lag-lines.js";
import type { ServerMetrics } from "../node/metrics.js";
import type { BroadcastServer, ServeOptions } from "../node/server.js";
import { DEFAULT_ADDRESS, listenAddress } from "./addresses.js";
import { roomList } from "./client-flags.js";
import { eventLine, sayLine } from "./event-lines.js";
import { usageError } from "./exit-codes.js";
import { readNamed, readSecret } from "./files.js";
import { wholeNumber } from "./numbers.js";
import { writeLine } from "./output.js";
import { chooseLog, type LogFlags } from "./server-log.js";
import { serverLogger } from "./server-logger.js";
import { aborted, stopSignal } from "./signals.js";

interface ServeFlags extends LogFlags {
  readonly listen: HostAndPort;
  readonly secretFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly insecure?: true;
  readonly rooms?: readonly string[];
  readonly onSlow?: OnSlow;
  readonly graceMs?: number;
  readonly metrics?: number;
  readonly json?: true;
}

const EXAMPLES = `
  broadcast serve                                       a class's chat on 127.0.0.1:8081, its log in memory
  broadcast serve --log ./log --durability fsync        a log that survives loss of power
  broadcast serve --listen 0.0.0.0:8081 --secret-file secret --tls-cert cert.pem --tls-key key.pem

The first line on standard output is \`listening on HOST:PORT\`, with --metrics the second \`metrics on URL\`; then a line per
event, in words for what is not of every message, with --json for all. Warnings go to standard error.`;

/** Per second, of those who do not keep up and of those who have caught up. */
const MAX_LAG_LINES = 10;

const DURABILITIES: readonly Durability[] = ["memory", "written", "fsync"];
/** \`snapshot\` needs an application that has some. */
const ON_SLOW: readonly OnSlow[] = ["disconnect", "skip", "block"];

export function addServeCommand(program: Command): void {
  program
    .command("serve")
    .summary("serve rooms")
    .description(
      "Serve rooms until Ctrl-C: number everything that is said in one, and give it to all its members in that order.",
    )
    .addOption(
      new Option("--listen <host:port>", "where to listen, port 0 for a free one")
        .argParser(listenAddress)
        .default(listenAddress(DEFAULT_ADDRESS), DEFAULT_ADDRESS),
    )
    .option("--log <dir>", "keep the log in this folder (default: in memory, gone with the server)")
    .addOption(
      new Option("--durability <level>", "with --log: when a message counts as stored (default: written)").choices(
        DURABILITIES,
      ),
    )
    .option("--redis <url>", "be a gateway of the log in this Redis, such as redis://127.0.0.1:6379")
    .option("--nats <url>", "be a gateway of the log in this NATS JetStream, such as nats://127.0.0.1:4222")
    .option("--secret-file <file>", "a secret that clients must know, 16 bytes or more")
    .option("--tls-cert <file>", "speak TLS with this certificate chain (PEM); needs --tls-key")
    .option("--tls-key <file>", "the key of the certificate (PEM)")
    .option("--insecure", "listen where other machines can connect, although there is no secret or no TLS")
    .option("--rooms <list>", "the rooms that there are, with commas between them (default: any)", roomList)
    .addOption(
      new Option("--on-slow <what>", "what becomes of a member that is too slow (default: disconnect)").choices(
        ON_SLOW,
      ),
    )
    .option("--history-messages <n>", "entries that a room keeps (default: 100000)", wholeNumber(1, 100_000_000))
    .option(
      "--grace-ms <ms>",
      "how long a member may be without a connection before it leaves (default: 10000)",
      wholeNumber(0, 2 ** 31 - 1),
    )
    .option("--metrics <port>", "serve Prometheus metrics on 127.0.0.1, port 0 for a free one", wholeNumber(0, 65_535))
    .option("--json", "a line of JSON per event")
    .addHelpText("after", EXAMPLES)
    .action(runServer);
}

async function runServer(flags: ServeFlags): Promise<void> {
  const isJson = flags.json === true;
  const options = serverOptions(flags);
  const log = await chooseLog(flags);
  const { signal } = stopSignal();
  const { serve } = await import("../node/server.js");
  /** What happens before the first line was said. */
  const early: string[] = [];
  let say = (line: string): void => void early.push(line);
  await using server = await serve({ ...options, log, logger: serverLogger });
  const lagLines = new LagLines(MAX_LAG_LINES, () => performance.now());
  server.on("event", (event) => {
    if (!isJson) {
      const leftOut = lagLines.takeLeftOut();
      if (leftOut > 0) say(sayLine(`${leftOut} times more somebody did not keep up, or had caught up`));
      if ((event.type === "lagging" || event.type === "live") && !lagLines.admit()) return;
    }
    const line = eventLine(event, isJson);
    if (line !== undefined) say(line);
  });
  await using metrics = flags.metrics === undefined ? undefined : await metricsOf(server);
  const metricsPort = await metrics?.listen({ port: flags.metrics ?? 0 });
  say = (line) => writeLine(process.stdout, line);
  say(`listening on ${server.address}`);
  if (metricsPort !== undefined) say(`metrics on http://127.0.0.1:${metricsPort}/metrics`);
  for (const line of early) say(line);
  await aborted(signal);
  if (!isJson) say(sayLine("stopping"));
}

async function metricsOf(server: BroadcastServer): Promise<ServerMetrics> {
  const { ServerMetrics } = await import("../node/metrics.js");
  return new ServerMetrics(server);
}

function serverOptions(flags: ServeFlags): ServeOptions {
  const { listen, insecure, rooms, onSlow, historyMessages, graceMs } = flags;
  const secret = readSecret(flags.secretFile);
  return {
    ...listen,
    ...(secret !== undefined && { secret }),
    ...tlsFiles(flags),
    ...(insecure === true && { insecure }),
    ...(rooms !== undefined && { rooms }),
    ...(onSlow !== undefined && { onSlow }),
    ...(historyMessages !== undefined && { historyMessages }),
    ...(graceMs !== undefined && { graceMs }),
  };
}

function tlsFiles({ tlsCert, tlsKey }: ServeFlags): Pick<ServeOptions, "tls"> {
  if (tlsCert === undefined && tlsKey === undefined) return {};
  if (tlsCert === undefined || tlsKey === undefined) {
    const missing = tlsCert === undefined ? "--tls-cert" : "--tls-key";
    throw usageError(`--tls-cert and --tls-key belong together: ${missing} is missing`);
  }
  return { tls: { cert: readNamed("--tls-cert", tlsCert), key: readNamed("--tls-key", tlsKey) } };
}
