/** `election status` in words: what a node is, and the leader's table of hosts. */
import type { ClusterView, HostRow } from "../core/index.js";
import type { ClusterAnswer } from "./ask-cluster.js";
import { printable } from "./printable.js";

const HEADING = [
  "Rank",
  "Client name",
  "Id",
  "Address",
  "CPU usage",
  "RAM usage (MB)",
  "Free bandwidth (MB/s)",
  "Free disk (GB)",
  "Status",
] as const;

/** Where numbers stand, which are aligned to the right. */
const FIRST_NUMBER = 4;
const LAST_NUMBER = 7;

const COLOURS: Readonly<Record<string, string>> = {
  gold: "38;5;220",
  silver: "38;5;250",
  bronze: "38;5;173",
  connected: "32",
  disconnected: "31",
};

/** Lines for a terminal, in colour if that is asked for. */
export function statusLines({ node, leader, noLeader }: ClusterAnswer, inColour: boolean): string[] {
  const name = node.id === "" ? "a node without an id yet" : node.id;
  const lease = leaseOf(node);
  const lines = [`${name} at ${node.address}: ${node.role}, epoch ${node.epoch}, mode ${node.mode}, ${lease}`];
  if (leader === undefined) return [...lines, `leader:    none (${noLeader})`].map(printable);
  if (leader !== node) {
    lines.push(`leader:    ${leader.id} at ${leader.address}, epoch ${leader.epoch}, ${leaseOf(leader)}`);
  }
  const next = leader.fallbacks.map(({ id, address }) => `${id} (${address})`).join(", ");
  lines.push(`fallbacks: ${next === "" ? "none" : next}`);
  return [...lines.map(printable), "", ...table(leader.hosts, inColour)];
}

function table(hosts: readonly HostRow[], inColour: boolean): string[] {
  const rows: (readonly string[])[] = [HEADING, ...hosts.map(cells)];
  const widths = HEADING.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((text, column) => {
        const isNumber = column >= FIRST_NUMBER && column <= LAST_NUMBER;
        const width = widths[column] ?? 0;
        const padded = isNumber ? text.padStart(width) : text.padEnd(column === HEADING.length - 1 ? 0 : width);
        const colour = COLOURS[text.split(" ").at(-1) ?? ""];
        const hasColour = inColour && colour !== undefined && (column === 0 || column > LAST_NUMBER);
        return hasColour ? `\x1b[${colour}m${padded}\x1b[0m` : padded;
      })
      .join("  "),
  );
}

function cells(row: HostRow): readonly string[] {
  const { load } = row;
  const rank = row.rank === undefined ? "-" : `${row.rank}${row.medal === undefined ? "" : ` ${row.medal}`}`;
  return [
    rank,
    printable(row.hostName),
    printable(row.isLeader ? `${row.id} (leader)` : row.id),
    printable(row.address),
    `${load.cpuPercent.toFixed(1)} %`,
    String(Math.round(load.usedRamBytes / 1e6)),
    (load.freeBandwidthBytes / 1e6).toFixed(1),
    (load.freeDiskBytes / 1e9).toFixed(1),
    row.status,
  ];
}

/** How long a leader's lease runs on, which of one that never had hosts has no end; of others, the promise not to elect another. */
function leaseOf({ role, leaseRemainingMs, leaseMs }: ClusterView): string {
  if (role !== "leader") {
    return leaseRemainingMs > 0 ? `promised for another ${seconds(leaseRemainingMs)}` : "promised to nobody";
  }
  return Number.isFinite(leaseRemainingMs)
    ? `lease ${seconds(leaseRemainingMs)} of ${seconds(leaseMs)}`
    : "lease without end";
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
