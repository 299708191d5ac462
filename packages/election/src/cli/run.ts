/** `election run`: a node, until it is told to stop. */
import { type Command, Option } from "commander";
import type { Member } from "../core/index.js";
import { isLoopback, parseAddress } from "../node/address.js";
import type { Dashboard } from "../node/dashboard.js";
import { listenAddress, memberList, moreAddresses, moreRoutes, peerAddress, uiAddress } from "./addresses.js";
import { electorOptions } from "./elector-options.js";
import { EventLines } from "./event-lines.js";
import { EXIT, warn } from "./exit-codes.js";
import { firstWords } from "./first-words.js";
import { nodeLogger } from "./node-logger.js";
import { writeLine } from "./output.js";
import { readSecret } from "./secret-file.js";
import { aborted, stopSignal } from "./signals.js";

export interface RunFlags {
  readonly id?: string;
  readonly name?: string;
  readonly listen?: string;
  readonly address?: string;
  readonly join: readonly string[];
  readonly mode: "available" | "quorum";
  readonly members?: readonly Member[];
  readonly nonVoting?: true;
  readonly cluster: string;
  readonly state: string;
  readonly rejoin?: true;
  readonly preset: "default" | "fast";
  readonly score: "linear" | "classic";
  readonly ui?: string;
  readonly secretFile?: string;
  readonly route: Readonly<Record<string, string>>;
  readonly json?: true;
}

/** After the end was asked for. */
const START_MAY_TAKE_MS = 1_000;

const EXAMPLES = `
Three nodes on one machine, each in a terminal of its own; the first begins:
  election run --id a --listen 127.0.0.1:4001 --join 127.0.0.1:4001,127.0.0.1:4002,127.0.0.1:4003
  election run --id b --listen 127.0.0.1:4002 --join 127.0.0.1:4001,127.0.0.1:4002,127.0.0.1:4003
  election run --id c --listen 127.0.0.1:4003 --join 127.0.0.1:4001,127.0.0.1:4002,127.0.0.1:4003 --ui 8080

The same with votes, so that there is at most one leader at any instant; \`b\` and \`c\` alike:
  election run --id a --mode quorum --members a=127.0.0.1:4001,b=127.0.0.1:4002,c=127.0.0.1:4003

The first line on standard output is \`listening on HOST:PORT\`, with --ui the second \`dashboard on URL\`; then a line per
event. Warnings go to standard error.`;

export function addRunCommand(program: Command): void {
  program
    .command("run")
    .summary("run a node")
    .description(
      "Run a node of a cluster until Ctrl-C: it reports to the leader, or is it. Mode `available` always finds a leader, " +
        "and under a partition has one on each side: it is not safe. Mode `quorum` has at most one, elected by the members.",
    )
    .option(
      "--id <id>",
      "the node's name, unique in the cluster; in mode available the leader gives one if there is none",
    )
    .option(
      "--listen <address>",
      "HOST:PORT, port 0 for a free one (default: 127.0.0.1:0; of a member its address)",
      listenAddress,
    )
    .option("--address <address>", "what other nodes dial (default: where it listens)", peerAddress)
    .option(
      "--join <address>",
      "HOST:PORT of a node to ask for the leader; may be given several times",
      moreAddresses,
      [],
    )
    .addOption(new Option("--mode <mode>", "available or quorum").choices(["available", "quorum"]).default("available"))
    .option(
      "--members <list>",
      "the 1 to 7 voters of mode quorum, the same at every node: a=HOST:PORT,b=HOST:PORT",
      memberList,
    )
    .option("--non-voting", "in mode quorum: this node is none of the members; it reports, and never leads")
    .option("--cluster <name>", "nodes of another cluster are refused", "lab")
    .option("--state <dir>", "where the promised epoch is kept: DIR/CLUSTER/ID.json", ".election")
    .option("--rejoin", "this member lost its state: it votes again once the others have told it enough")
    .addOption(
      new Option("--preset <preset>", "default (failover in 7 s) or fast (in 2 s)")
        .choices(["default", "fast"])
        .default("default"),
    )
    .addOption(
      new Option("--score <score>", "how hosts are ranked: linear or classic")
        .choices(["linear", "classic"])
        .default("linear"),
    )
    .option("--name <name>", "the client name in the table (default: this machine's host name)")
    .option("--ui <port>", "serve the dashboard on 127.0.0.1:PORT, or on HOST:PORT", uiAddress)
    .option("--secret-file <file>", "a secret that all nodes share, 16 bytes or more; needed to listen off loopback")
    .option(
      "--route <address=host:port>",
      "connect to HOST:PORT where nodes say ADDRESS; may be given several times",
      moreRoutes,
      {},
    )
    .option("--json", "a line of JSON per event")
    .addHelpText("after", EXAMPLES)
    .action(runNode);
}

async function runNode(flags: RunFlags): Promise<void> {
  const secret = readSecret(flags.secretFile);
  const options = electorOptions(flags, secret);
  const { signal } = stopSignal();
  // Loaded here, so that the other commands and --help do not wait for what they don't use.
  const { createElector } = await import("../node/elector.js");
  const dashboard = flags.ui === undefined ? undefined : await openUi(flags.ui);
  try {
    const elector = createElector({
      ...options,
      logger: nodeLogger,
      ...(dashboard !== undefined && { ui: dashboard.url }),
    });
    const lines = new EventLines({ isJson: flags.json === true, own: flags.id ?? "" });
    try {
      lines.follow(elector);
      await Promise.race([elector.start(), aborted(signal)]);
      if (signal.aborted) return endSoon();
      dashboard?.show(elector, { cluster: flags.cluster, secret, routes: flags.route });
      const first = [`listening on ${elector.listening}`];
      if (dashboard !== undefined) first.push(`dashboard on ${dashboard.url}`);
      lines.begin(first, (line) => writeLine(process.stdout, line));
      const { pid } = process;
      const { address } = elector;
      lines.event("listening", { address, pid, ...(dashboard !== undefined && { ui: dashboard.url }) });
      const { join: seeds, members = [] } = flags;
      for (const words of firstWords({ pid, address, seeds, members, view: elector.view() })) lines.say(words);
      await aborted(signal);
      lines.event("stopping", {}, "stopping");
    } finally {
      lines.end();
      await elector.stop();
    }
  } finally {
    await dashboard?.close();
  }
}

/** A start may wait for a disk that never answers; whoever asked for the end does not. */
function endSoon(): void {
  setTimeout(() => process.exit(EXIT.ok), START_MAY_TAKE_MS).unref();
}

async function openUi(listen: string): Promise<Dashboard> {
  const { openDashboard } = await import("../node/dashboard.js");
  if (!isLoopback(parseAddress("--ui", listen, 0).host)) {
    warn(`whoever can connect to ${listen} can read the dashboard: the names, addresses and load of all hosts`);
  }
  return await openDashboard({ listen, expose: true, logger: nodeLogger });
}
