/** `simnet tcp-proxy`: a bad network between programs that speak TCP. */
import { randomInt } from "node:crypto";
import { type Command, Option } from "commander";
import { type CutAfter, TcpProxy } from "../node/tcp-proxy.js";
import type { SeenStream } from "../node/tcp-reports.js";
import { UsageError } from "./exit-codes.js";
import { addImpairmentFlags, type ImpairmentFlag, impairmentsOf } from "./impairment-flags.js";
import { addAddressFlags, addReportFlags, type ProxyFlags } from "./proxy-flags.js";
import { Reports } from "./reports.js";
import { runProxy } from "./run-proxy.js";
import { tcpSummary } from "./summary.js";
import { bytesPerSecond, milliseconds, probability, segmentBytes, wholeNumber } from "./values.js";

interface TcpFlags extends ProxyFlags {
  readonly resetAfter?: number;
  readonly freezeAfter?: number;
  readonly cutDirection: CutAfter["direction"];
  readonly bufferBytes?: number;
  readonly maxConnections?: number;
  readonly connectTimeoutMs?: number;
}

const table: readonly ImpairmentFlag[] = [
  { name: "rate", value: "bytes/s", option: "bytesPerSecond", parse: bytesPerSecond, help: "what the line carries" },
  { name: "delay", value: "ms", option: "latencyMs", parse: milliseconds, help: "one-way delay" },
  { name: "jitter", value: "ms", option: "jitterMs", parse: milliseconds, help: "up to so much more, in order" },
  {
    name: "segment",
    value: "bytes",
    option: "segmentBytes",
    parse: segmentBytes,
    help: "cut the stream into pieces of so many bytes, or of a random number, such as 1-100",
  },
  {
    name: "drop",
    value: "p",
    option: "drop",
    parse: probability,
    help: "part of the segments that is lost and sent again",
  },
  {
    name: "stall",
    value: "ms",
    option: "retransmitMs",
    parse: milliseconds,
    help: "how late those are (default: 200)",
  },
  { name: "corrupt", value: "p", option: "corrupt", parse: probability, help: "part in which a bit is flipped" },
];

export function addTcpProxyCommand(program: Command): void {
  const command = program
    .command("tcp-proxy")
    .summary("forward TCP through a bad network")
    .description(
      "Forward TCP connections between clients and a server, and do to them what a bad network does: slow, late, in " +
        "other pieces, cut off. The first line on standard output is `listening on ADDRESS:PORT`; Ctrl-C ends it with " +
        "a summary.",
    );
  addAddressFlags(command);
  addImpairmentFlags(command, table);
  const bytes = wholeNumber(0, Number.MAX_SAFE_INTEGER);
  command
    .option("--reset-after <bytes>", "reset each connection when so many bytes have crossed", bytes)
    .option("--freeze-after <bytes>", "let nothing more cross then, and tell nobody", bytes)
    .addOption(
      new Option("--cut-direction <direction>", "whose bytes these two count")
        .choices(["to-client", "to-server"])
        .default("to-client"),
    );
  addReportFlags(command);
  command
    .option(
      "--buffer-bytes <n>",
      "bytes on their way, per connection and direction (default: 262144)",
      wholeNumber(1, 2 ** 30),
    )
    .option("--max-connections <n>", "connections at a time (default: 1000)", wholeNumber(1, 2 ** 20))
    .option("--connect-timeout-ms <ms>", "for the server to answer (default: 10000)", wholeNumber(1, 2 ** 31 - 1))
    .action(runTcpProxy);
}

async function runTcpProxy(flags: TcpFlags): Promise<void> {
  const { to, resetAfter, freezeAfter, bufferBytes, maxConnections, connectTimeoutMs } = flags;
  if (to === undefined) throw new UsageError("--to PORT or --to HOST:PORT must say where the server is");
  if (resetAfter !== undefined && freezeAfter !== undefined) {
    throw new UsageError("--reset-after and --freeze-after exclude each other");
  }
  const seed = flags.seed ?? randomInt(2 ** 32);
  const after = resetAfter ?? freezeAfter;
  const how = resetAfter === undefined ? "freeze" : "reset";
  const cutAfter = after === undefined ? undefined : ({ direction: flags.cutDirection, bytes: after, how } as const);
  const options = { to, seed, cutAfter, bufferBytes, maxConnections, connectTimeoutMs, ...impairmentsOf(table, flags) };
  const reports = new Reports(flags, "tcp-proxy", seed);
  const onSegment = reports.onSeen<SeenStream>((capture, seen) => capture.segment(seen));
  const proxy = new TcpProxy({ ...options, onEvent: reports.onEvent, onSegment });
  const at = flags.listen ?? { host: "127.0.0.1", port: 0 };
  await runProxy(proxy, at, { value: seed, isGiven: flags.seed !== undefined }, reports, () => tcpSummary(proxy));
}
