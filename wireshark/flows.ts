/** What of a capture is part of messages that have a name, flow by flow. */
import { type Ports, tshark } from "./counts.js";

/** One direction of a connection, or the datagrams of one socket to another. */
export interface Flow {
  readonly name: string;
  /** Those that carry anything, but for what TCP sent again. */
  readonly packets: number;
  /** Those of them that are no part of a message which a dissector named, or marked. */
  readonly unnamed: number;
  /** What is marked in them. */
  readonly faults: readonly string[];
  readonly isStream: boolean;
  /** Whether it ends within a message: its connection was cut there. */
  readonly cut: boolean;
}

/** @throws Error where the file is no capture, or a dissector fails */
export async function flowsOf(file: string, ports: Ports = {}): Promise<Flow[]> {
  const from = ["ip.src", "tcp.srcport", "udp.srcport", "ip.dst", "tcp.dstport", "udp.dstport"];
  const known = ["lab.message", "lab.fault", "http", "tcp.reassembled_in"];
  const fields = ["tcp.stream", "tcp.len", "udp.length", "tcp.analysis.retransmission", ...known, ...from];
  const args = ["-T", "fields", ...fields.flatMap((field) => ["-e", field]), "-E", "separator=;", "-E", "occurrence=f"];
  const flows = new Map<string, Payload[]>();
  // Twice through: only then the parts of a message are known to be some.
  for (const line of await tshark(file, ports, ["-2", ...args])) {
    const [stream = "", bytes = "", datagram = "", again, message, fault, http, part, ...ends] = line.split(";");
    if (stream === "" ? Number(datagram) <= 8 : bytes === "0" || again !== "") continue;
    const [host, tcp, udp, toHost, toTcp, toUdp] = ends;
    const name =
      stream === "" ? `udp ${host}:${udp} > ${toHost}:${toUdp}` : `tcp ${stream} ${host}:${tcp} > ${toHost}:${toTcp}`;
    const payloads = flows.get(name) ?? [];
    flows.set(name, payloads);
    payloads.push({
      isNamed: [message, fault, http].some(Boolean),
      isPart: part !== "",
      isStream: stream !== "",
      fault,
    });
  }
  return [...flows].map(([name, payloads]) => flowOf(name, payloads));
}

interface Payload {
  readonly isNamed: boolean;
  readonly isPart: boolean;
  readonly isStream: boolean;
  readonly fault: string | undefined;
}

/**
 * In a stream what stands between two messages is part of the second: what is not understood ends what is named. Behind the last one
 * there may be the beginning of another, of which the end never came.
 */
function flowOf(name: string, payloads: readonly Payload[]): Flow {
  const isStream = payloads.some((one) => one.isStream);
  const last = payloads.findLastIndex(({ isNamed }) => isNamed);
  const behind = isStream ? payloads.slice(last + 1).filter(({ isPart }) => !isPart).length : 0;
  const unnamed = isStream ? behind : payloads.filter(({ isNamed }) => !isNamed).length;
  const cut = isStream && behind > 0 && behind <= CUT_PACKETS;
  const faults = payloads.flatMap(({ fault = "" }) => (fault === "" ? [] : [fault]));
  return { name, packets: payloads.length, unnamed: cut ? 0 : unnamed, faults, isStream, cut };
}

/** A message whose end never came is not longer here. */
const CUT_PACKETS = 3;
