/** Tables of times that were measured, to be pasted into a README. */
import { quantile } from "../../../../bench/row.js";

export interface Times {
  readonly what: string;
  /** In milliseconds. */
  readonly ms: readonly number[];
}

export interface Bar {
  readonly quantile: number;
  readonly atMostMs: number;
}

const columns: readonly (readonly [string, number])[] = [
  ["min", 0],
  ["p50", 0.5],
  ["p99", 0.99],
  ["max", 1],
];

/** One row each: how many, and the quantiles in milliseconds. */
export function timesTable(rows: readonly Times[]): string {
  const titles = ["what", "rounds", ...columns.map(([name]) => `${name} (ms)`)];
  return markdown([
    titles,
    ...rows.map(({ what, ms }) => [
      what,
      String(ms.length),
      ...columns.map(([, q]) => (ms.length === 0 ? "-" : quantile(ms, q).toFixed(0))),
    ]),
  ]);
}

/** One line for each bar, and whether all are met. */
export function judgeTimes(
  { what, ms }: Times,
  bars: readonly Bar[],
): { readonly text: string; readonly met: boolean } {
  const lines = bars.map(({ quantile: q, atMostMs }) => {
    const measured = quantile(ms, q);
    const met = measured <= atMostMs;
    const text = `${what}, p${100 * q}: ${measured.toFixed(0)} ms, bar <= ${atMostMs} ms: ${met ? "met" : "not met"}`;
    return { text, met };
  });
  return { text: lines.map(({ text }) => text).join("\n"), met: lines.every(({ met }) => met) };
}

/** A markdown table whose columns are also aligned for a terminal; the first row is the titles. */
export function markdown(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [line(rows[0] ?? []), rule, ...rows.slice(1).map(line)].join("\n");
}
