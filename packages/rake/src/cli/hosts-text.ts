/** Hosts in a table: who is there, how busy, how fast, and what actions meet there (`rake hosts`). */
import type { ProbedHost } from "../core/host-probe.js";
import { printable } from "../core/words.js";
import type { Advice } from "./progress.js";

export interface HostRow {
  readonly address: string;
  readonly host: ProbedHost;
}

const HEADS = ["host", "name", "cores", "slots", "speed", "load", "sandbox", "resources", "toolchain"] as const;

/** Ends with a line feed. @param advice what can be done about one that is not there */
export function hostsText(rows: readonly HostRow[], advice: Advice = () => undefined): string {
  const cells = rows.map(({ address, host }) => ("facts" in host ? thereCells(address, host) : undefined));
  const shown = [HEADS, ...cells.filter((row) => row !== undefined)];
  const widths = HEADS.map((_, column) => Math.max(...shown.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  const lines = rows.map(({ address, host }, index) => {
    const row = cells[index];
    if (row !== undefined) return line(row);
    const why = "why" in host ? host.why : "";
    const words = advice(why);
    return `${address}  is not there: ${printable(why)}${words === undefined ? "" : ` (${words})`}`;
  });
  return `${[...(shown.length > 1 ? [line(HEADS)] : []), ...lines].join("\n")}\n`;
}

type There = Extract<ProbedHost, { readonly facts: unknown }>;

function thereCells(address: string, host: There): readonly string[] {
  const { name, cores, slots, speed, sandbox, resources, toolchain } = host.facts;
  return [
    address,
    printable(name),
    String(cores),
    String(slots),
    (speed / 1_000).toFixed(2),
    loadWords(host),
    sandbox,
    resources.length === 0 ? "-" : printable(resources.join(" ")),
    printable(toolchain),
  ];
}

/** What a process more would get of a core, as the bid says it (docs/rake.md R29). */
export function loadWords(host: There): string {
  if ("refusal" in host) return host.refusal.reason === "NOT_ALLOWED" ? "unknown" : host.refusal.reason.toLowerCase();
  const { runMs, queueMs } = host.bid;
  const share = Math.min(1, 1_000 / ((host.facts.speed / 1_000) * Math.max(1, runMs)));
  const busy = Math.round((1 - share) * 20) * 5;
  const words = busy <= 0 ? "free" : `${busy}% busy`;
  return queueMs > 0 ? `${words}, ${queueMs} ms queue` : words;
}
