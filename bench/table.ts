/** The results as a table, for people and as markdown. */
import { type Result, readable } from "./row.js";

const titles = ["what", "unit", "floor", "ours", "ratio", "spread", "bar", "met"] as const;

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
  ];
}

export function plainTable(results: readonly Result[], smoke: boolean): string {
  const rows = [[...titles], ...results.map((result) => cells(result, smoke))];
  const widths = titles.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return rows.map((row) => line(row).trimEnd()).join("\n");
}

export function markdownTable(results: readonly Result[]): string {
  const line = (row: readonly string[]): string => `| ${row.join(" | ")} |`;
  return [line(titles), line(titles.map(() => "---")), ...results.map((result) => line(cells(result, false)))].join(
    "\n",
  );
}
