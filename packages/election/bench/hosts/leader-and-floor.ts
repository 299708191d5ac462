/** The two servers that are measured next to each other: a leader of the built files, and a bare Node loop. */
import { reservePorts } from "../processes/reserve-ports.js";
import type { Limits } from "./limits.js";
import { LoadedServer } from "./loaded-server.js";

export interface LeaderOptions {
  readonly limits: Limits;
  readonly hosts: number;
  readonly preset: "default" | "fast";
  /** Where Node writes a profile of the leader. */
  readonly profileFolder?: string | undefined;
}

const reportMsOf = { default: 1_500, fast: 375 } as const;

export async function startLeader({ limits, hosts, preset, profileFolder }: LeaderOptions): Promise<LoadedServer> {
  const [port = 0] = await reservePorts(1);
  return new LoadedServer({
    file: "./leader-process.ts",
    args: [String(port), String(hosts + 100), preset],
    nodeArgs: profileFolder === undefined ? [] : ["--cpu-prof", "--cpu-prof-dir", profileFolder],
    limits,
    hosts,
    reportMs: reportMsOf[preset],
  });
}

/** @param sizes of the messages, with their frames' headers: those that were seen at a leader */
export function startFloor(
  { limits, hosts, preset }: LeaderOptions,
  { reportBytes, ackBytes }: { readonly reportBytes: number; readonly ackBytes: number },
): LoadedServer {
  return new LoadedServer({
    file: "./floor-server.ts",
    args: [String(reportBytes), String(ackBytes), String(2 * reportMsOf[preset])],
    limits,
    hosts,
    reportMs: reportMsOf[preset],
    ackBytesOfFloor: ackBytes,
  });
}
