/** What both proxies take on the command line. */
import { type Command, Option } from "commander";
import type { DirectionFlags } from "./impairment-flags.js";
import { type HostAndPort, hostAndPort, wholeNumber } from "./values.js";

export interface ProxyFlags extends DirectionFlags {
  readonly listen?: HostAndPort;
  readonly to?: HostAndPort;
  readonly seed?: number;
  readonly pcap?: string;
  readonly pcapSide: "client" | "server" | "both";
  readonly trace?: string;
  readonly traceEvents: number;
  readonly verbose?: true;
}

export function addAddressFlags(command: Command): void {
  command
    .option("--listen <[host:]port>", "where clients send to (default: a free port of 127.0.0.1)", hostAndPort(0))
    .option("--to <[host:]port>", "where the server is", hostAndPort(1));
}

export function addReportFlags(command: Command): void {
  command
    .option("--seed <n>", "the same seed and the same traffic meet the same fate", wholeNumber(0, 2 ** 32 - 1))
    .option("--pcap <file>", "write a capture that Wireshark and tshark read (pcapng)")
    .addOption(
      new Option("--pcap-side <side>", "what is captured: between clients and the proxy, between it and the server")
        .choices(["client", "server", "both"])
        .default("client"),
    )
    .option("--trace <file>", "write a sequence diagram of the first events at the end (SVG)")
    .option("--trace-events <n>", "how many events it shows", wholeNumber(1, 5_000), 300)
    .option("--verbose", "a line on standard error for everything that happens");
}
