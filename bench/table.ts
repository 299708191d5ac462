/** The results as a table, for people and as markdown. */
import { type Result, readable } from "./row.js";

const titles = ["what", "unit", "floor", "ours", "ratio", "spread", "bar", "met", "others"] as const;

export function cells(result: Result, smoke: boolean): string[] {
  return [
    result.what,
    result.unit,
    readable(result.floor),
    readable(result.ours),
    result.ratio.toFixed(2),
    smoke ? "-" : `±${(100 * result.spread).toFixed(0)} %`,
    result.bar,
    smoke ? "not judged" : result.met ? "met" : "not met",
    result.peers
      .map((peer) => `${peer.name} ${"absent" in peer ? `- (${peer.absent})` : readable(peer.value)}`)
      .join(", "),
  ];
}

/** With a column of others where there are any. */
function table(results: readonly Result[], smoke: boolean): readonly (readonly string[])[] {
  const rows = [titles, ...results.map((result) => cells(result, smoke))];
  return results.some(({ peers }) => peers.length > 0) ? rows : rows.map((row) => row.slice(0, -1));
}

export function plainTable(results: readonly Result[], smoke: boolean): string {
  const rows = table(results, smoke);
  const widths = titles.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return rows.map((row) => line(row).trimEnd()).join("\n");
}

export function markdownTable(results: readonly Result[]): string {
  const line = (row: readonly string[]): string => `| ${row.join(" | ")} |`;
  const [head = [], ...rows] = table(results, false);
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
