/** What kept a build from success, in one line. */
import type { BuildResult } from "../core/client-contract.js";
import type { BuildReport } from "../core/report.js";
import { countWords, oneLine, printable } from "../core/words.js";

/** Reasons in the line; the others are counted. */
const MOST = 8;

/** `ACTION_FAILED: line 3: ...; line 7: ...`: lines with one reason stand together. */
export function failuresText({ code, message }: BuildResult, { actions, hosts }: BuildReport): string {
  const linesBy = new Map<string, number[]>();
  for (const { outcome, line, message: why = "" } of actions) {
    if (outcome === "failed") linesBy.set(why, [...(linesBy.get(why) ?? []), line]);
  }
  const reasons = [...linesBy].map(([why, lines]) => `line${lines.length > 1 ? "s" : ""} ${lines.join(", ")}: ${why}`);
  const more = reasons.length > MOST ? [`and ${countWords(reasons.length - MOST, "reason")} more`] : [];
  const what = reasons.length === 0 ? message : [...reasons.slice(0, MOST), ...more].join("\n");
  const advice = code === "NO_HOST" && hosts.length === 0 ? `; ${NO_HOSTS_ADVICE}` : "";
  return `${code}: ${printable(oneLine(what))}${advice}`;
}

export const NO_HOSTS_ADVICE = "HOSTS = HOST:PORT in the Rakefile names one, or --hosts";
