/** What a whole build came to, added up from its report (docs/rake.md R40). */
import type { AttemptReport, BuildReport } from "./report.js";
import { countWords, sizeWords, timeWords, whereWords } from "./words.js";

export interface BuildTotals {
  readonly tookMs: number;
  /** Actions by where the attempt ran whose outputs were taken, most first. */
  readonly places: readonly (readonly [where: string, actions: number])[];
  /** Attempts that were begun because an earlier one came to nothing. */
  readonly retries: number;
  readonly speculations: number;
  /** Speculations that were first. */
  readonly speculationsWon: number;
  readonly fallbacks: number;
  readonly cached: number;
  readonly bids: number;
  readonly refusals: number;
  readonly sentBytes: number;
  /** Bytes of inputs that hosts had already. */
  readonly savedBytes: number;
  readonly receivedBytes: number;
  /** Times that a host was lost. */
  readonly hostsLost: number;
}

export function totalsOf({ actions, hosts, beganAt = 0, endedAt = beganAt }: BuildReport): BuildTotals {
  const addresses = hosts.map(({ address }) => address);
  const attempts = actions.flatMap((action) => action.attempts);
  const rounds = actions.flatMap((action) => action.rounds);
  const places = new Map<string, number>();
  for (const { where } of attempts.filter(({ outcome }) => outcome === "won")) {
    const name = whereWords(where, addresses);
    places.set(name, (places.get(name) ?? 0) + 1);
  }
  const count = (is: (attempt: AttemptReport) => boolean): number => attempts.filter(is).length;
  const sum = (of: (attempt: AttemptReport) => number): number => attempts.reduce((all, one) => all + of(one), 0);
  return {
    tookMs: endedAt - beganAt,
    places: [...places].sort(([, a], [, b]) => b - a),
    retries: count(({ why }) => why === "retry"),
    speculations: count(({ why }) => why === "speculation"),
    speculationsWon: count(({ why, outcome }) => why === "speculation" && outcome === "won"),
    fallbacks: count(({ why }) => why === "fallback"),
    cached: count(({ where }) => where === "cache"),
    bids: rounds.reduce((all, { bids }) => all + bids.length, 0),
    refusals: rounds.reduce((all, { refusals }) => all + refusals.length, 0),
    sentBytes: sum(({ sentBytes }) => sentBytes),
    savedBytes: sum(({ savedBytes }) => savedBytes),
    receivedBytes: sum(({ receivedBytes }) => receivedBytes),
    hostsLost: hosts.reduce((all, { times }) => all + times.filter(({ lostAt }) => lostAt !== undefined).length, 0),
  };
}

/** Two lines at most: what was done and where, and what was out of the ordinary. */
export function totalsText(report: BuildReport): readonly string[] {
  const totals = totalsOf(report);
  const succeeded = report.actions.filter(({ outcome }) => outcome === "succeeded").length;
  const all = report.actions.length;
  const done = succeeded === all ? countWords(all, "action") : `${succeeded} of ${countWords(all, "action")}`;
  const where = totals.places.map(([name, count]) => `${name} ${count}`).join(", ");
  const bytes = [
    ...(totals.sentBytes + totals.savedBytes > 0
      ? [`sent ${sizeWords(totals.sentBytes)}, saved ${sizeWords(totals.savedBytes)}`]
      : []),
    ...(totals.receivedBytes > 0 ? [`got ${sizeWords(totals.receivedBytes)}`] : []),
  ];
  const odd = [
    ...(totals.hostsLost > 0 ? [`${countWords(totals.hostsLost, "host")} lost`] : []),
    ...(totals.retries > 0 ? [totals.retries === 1 ? "1 retry" : `${totals.retries} retries`] : []),
    ...(totals.speculations > 0 ? [`${totals.speculations} started twice, ${totals.speculationsWon} of them won`] : []),
    ...(totals.fallbacks > 0 ? [`${totals.fallbacks} run here for want of a host`] : []),
  ];
  const first = `${done} in ${timeWords(totals.tookMs)}${where === "" ? "" : `: ${where}`}`;
  return [[first, ...bytes].join("; "), ...(odd.length > 0 ? [odd.join(", ")] : [])];
}
