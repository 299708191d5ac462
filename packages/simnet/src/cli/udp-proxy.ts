/** `simnet udp-proxy`: a bad network between programs that speak UDP. */
import { randomInt } from "node:crypto";
import type { Command } from "commander";
import { COURSE, COURSE_PROXY_PORT, COURSE_SERVER_PORT } from "../core/course.js";
import type { SeenDatagram } from "../node/udp-packet.js";
import { UdpProxy } from "../node/udp-proxy.js";
import { UsageError } from "./exit-codes.js";
import { addImpairmentFlags, type ImpairmentFlag, impairmentsOf } from "./impairment-flags.js";
import { addAddressFlags, addReportFlags, type ProxyFlags } from "./proxy-flags.js";
import { Reports } from "./reports.js";
import { runProxy } from "./run-proxy.js";
import { udpSummary } from "./summary.js";
import { bytesPerSecond, milliseconds, probability, wholeNumber } from "./values.js";

interface UdpFlags extends ProxyFlags {
  readonly course?: true;
  readonly parallelLines?: boolean;
  readonly maxClients?: number;
  readonly idleTimeoutMs?: number;
}

const table: readonly ImpairmentFlag[] = [
  { name: "rate", value: "bytes/s", option: "bytesPerSecond", parse: bytesPerSecond, help: "what the line carries" },
  { name: "delay", value: "ms", option: "latencyMs", parse: milliseconds, help: "one-way delay" },
  { name: "jitter", value: "ms", option: "jitterMs", parse: milliseconds, help: "up to so much more, in order" },
  {
    name: "queue",
    value: "n",
    option: "queuePackets",
    parse: wholeNumber(1, 2 ** 30),
    help: "packets that wait for the line or are on it; more are lost (needs a rate)",
  },
  { name: "drop", value: "p", option: "drop", parse: probability, help: "part of the packets that is lost" },
  { name: "dup", value: "p", option: "duplicate", parse: probability, help: "part that arrives twice" },
  { name: "dup-delay", value: "ms", option: "duplicateMs", parse: milliseconds, help: "the copy up to so much later" },
  { name: "reorder", value: "p", option: "reorder", parse: probability, help: "part that is held back" },
  {
    name: "reorder-delay",
    value: "ms",
    option: "reorderMs",
    parse: milliseconds,
    help: "how long it is held back (default: twice the delay)",
  },
  { name: "corrupt", value: "p", option: "corrupt", parse: probability, help: "part in which bits are flipped" },
];

export function addUdpProxyCommand(program: Command): void {
  const command = program
    .command("udp-proxy")
    .summary("forward UDP through a bad network")
    .description(
      "Forward UDP datagrams between clients and a server, and do to them what a bad network does. Every client is " +
        "forwarded from a port of its own and has a line of its own. The first line on standard output is `listening " +
        "on ADDRESS:PORT`; Ctrl-C ends it with a summary.",
    );
  addAddressFlags(command);
  addImpairmentFlags(command, table);
  command
    .option("--parallel-lines", "each queued packet has a line of its own, so that they cross at once")
    .option("--no-parallel-lines", "one packet after the other, also with --course")
    .option(
      "--course",
      `the course's proxy: --listen ${COURSE_PROXY_PORT} --to ${COURSE_SERVER_PORT} --rate 10000 --delay 50 --queue 3 ` +
        "--parallel-lines; other options change it",
    );
  addReportFlags(command);
  command
    .option("--max-clients <n>", "clients at a time (default: 1000)", wholeNumber(1, 65_535))
    .option("--idle-timeout-ms <ms>", "forget a silent client (default: 120000)", wholeNumber(1, 2 ** 31 - 1))
    .action(runUdpProxy);
}

async function runUdpProxy(flags: UdpFlags): Promise<void> {
  const to = flags.to ?? (flags.course ? { host: "127.0.0.1", port: COURSE_SERVER_PORT } : undefined);
  if (to === undefined) throw new UsageError("--to PORT or --to HOST:PORT must say where the server is (or --course)");
  const lines = flags.parallelLines === undefined ? {} : { parallelLines: flags.parallelLines };
  const impairments = impairmentsOf(table, flags, { ...(flags.course ? COURSE : {}), ...lines });
  const seed = flags.seed ?? randomInt(2 ** 32);
  const { maxClients, idleTimeoutMs } = flags;
  const limits = { maxClients, idleTimeoutMs };
  const reports = new Reports(flags, "udp-proxy", seed);
  const onPacket = reports.onSeen<SeenDatagram>((capture, seen) => capture.datagram(seen));
  const proxy = new UdpProxy({ to, seed, ...impairments, ...limits, onEvent: reports.onEvent, onPacket });
  const at = flags.listen ?? { host: "127.0.0.1", port: flags.course ? COURSE_PROXY_PORT : 0 };
  await runProxy(proxy, at, { value: seed, isGiven: flags.seed !== undefined }, reports, () => udpSummary(proxy));
}
