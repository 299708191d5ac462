/** Why each host won (docs/rake.md R40): the text of `rake explain`, made of the report alone. */
import type { ActionReport, AttemptReport, BuildReport, RoundReport } from "./report.js";
import { totalsText } from "./totals.js";
import { whyUnasked } from "./unasked.js";
import { countWords, endWords, oneLine, printable, sizeWords, timeWords, whereWords } from "./words.js";

export interface ExplainOptions {
  /** Lines of the Rakefile whose actions are to be shown; default all. */
  readonly lines?: readonly number[];
}

/** Ends with a line feed. */
export function explainText(report: BuildReport, { lines: wanted }: ExplainOptions = {}): string {
  const actions = wanted === undefined ? report.actions : report.actions.filter(({ line }) => wanted.includes(line));
  const lines = actions.flatMap((action) => actionText(action, report));
  if (wanted === undefined) lines.push(...hostText(report), ...totalsText(report));
  return `${lines.map((line) => printable(oneLine(line))).join("\n")}\n`;
}

/** Why the attempts won whose outputs were taken, in one line without an end: `cheapest 3, the only bid 2, retried 1`. */
export function reasonsText({ actions }: BuildReport): string {
  const counts = new Map<string, number>();
  for (const { rounds, attempts } of actions) {
    const winner = attempts.find(({ outcome }) => outcome === "won");
    if (winner === undefined) continue;
    const round = [...placements(rounds, attempts)].find(([, attempt]) => attempt === winner)?.[0];
    const bids = round?.bids.length ?? 0;
    const reason = winner.why !== "bid" ? (SHORT[winner.why] ?? winner.why) : bids > 1 ? "cheapest" : "the only bid";
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) => `${reason} ${count}`).join(", ");
}

const SHORT: Readonly<Record<string, string>> = {
  speculation: "started twice",
  retry: "retried",
  fallback: "no host left",
  local: "local",
  cache: "cached",
};

function actionText(action: ActionReport, report: BuildReport): string[] {
  const { line, command, attempts, rounds, message } = action;
  const addresses = report.hosts.map(({ address }) => address);
  const winner = attempts.find((attempt) => attempt.outcome === "won");
  const outcome = action.outcome === "not run" && attempts.length > 0 ? "not finished" : action.outcome;
  const how =
    winner === undefined
      ? `${outcome}${message === undefined ? "" : `: ${message}`}`
      : `${outcome}, ${whereWords(winner.where, addresses)}`;
  const placed = placements(rounds, attempts);
  return [
    `line ${line}: ${command}`,
    `  ${how}`,
    ...rounds.flatMap((round) => roundText(report, action, round, placed.get(round))),
    ...attempts.map((attempt) => attemptText(attempt, addresses)),
  ];
}

/** The attempt that came of each bidding: the first that was placed after it and before the next one. */
function placements(
  rounds: readonly RoundReport[],
  attempts: readonly AttemptReport[],
): ReadonlyMap<RoundReport, AttemptReport> {
  const found = new Map<RoundReport, AttemptReport>();
  for (const [index, round] of rounds.entries()) {
    const next = rounds[index + 1]?.at ?? Number.POSITIVE_INFINITY;
    const attempt = attempts.find(
      ({ where, placedAt }) =>
        typeof where === "object" && placedAt >= round.at && placedAt <= next && !taken(found, placedAt),
    );
    if (attempt !== undefined) found.set(round, attempt);
  }
  return found;
}

function taken(found: ReadonlyMap<RoundReport, AttemptReport>, placedAt: number): boolean {
  return [...found.values()].some((attempt) => attempt.placedAt === placedAt);
}

function roundText(
  report: BuildReport,
  action: ActionReport,
  round: RoundReport,
  attempt: AttemptReport | undefined,
): string[] {
  const { hosts, bids, refusals } = round;
  const addresses = report.hosts.map(({ address }) => address);
  const address = (host: number): string => whereWords({ host }, addresses);
  const width = Math.max(0, ...addresses.map(({ length }) => length));
  const winner = attempt !== undefined && typeof attempt.where === "object" ? attempt.where.host : undefined;
  const rows = [...addresses.keys()].map((host) => {
    const name = address(host).padEnd(width);
    const bid = bids.find((one) => one.host === host);
    const refusal = refusals.find((one) => one.host === host);
    if (bid !== undefined) {
      const { queueMs, runMs, transferMs, chargeMs } = bid.parts;
      const parts = `queue ${queueMs} + run ${runMs} + transfer ${transferMs} + charge ${chargeMs}`;
      const offered = queueMs + runMs + transferMs + chargeMs;
      const learned = offered === bid.priceMs ? "" : `, ${Math.round(offered)} before what was learned of it`;
      const missing = bid.missingBytes === 0 ? "has all inputs" : `misses ${sizeWords(bid.missingBytes)}`;
      return `${host === winner ? "  > " : "    "}${name}  ${Math.round(bid.priceMs)} ms (${parts}${learned}), ${missing}`;
    }
    if (refusal !== undefined) {
      return `    ${name}  refused: ${refusal.reason}${refusal.text === "" ? "" : `, ${refusal.text}`}`;
    }
    return `    ${name}  ${hosts.includes(host) ? "no answer" : `not asked: ${whyUnasked(report, action, round, host)}`}`;
  });
  const { length } = addresses;
  const asked = hosts.length < length ? `${hosts.length} of ${countWords(length, "host")}` : countWords(length, "host");
  return [`  asked ${asked}: ${verdict(round, winner, address)}`, ...rows];
}

function verdict({ bids }: RoundReport, winner: number | undefined, address: (host: number) => string): string {
  if (bids.length === 0) return "nobody could take it";
  if (winner === undefined) return "it waited for a better slot";
  const price = bids.find(({ host }) => host === winner)?.priceMs;
  const others = bids.filter(({ host }) => host !== winner).map(({ priceMs }) => priceMs);
  if (price === undefined || others.length === 0) return `${address(winner)} alone bid`;
  const margin = Math.min(...others) - price;
  if (margin > 0) return `${address(winner)} was cheapest by ${timeWords(margin)}`;
  return margin === 0 ? `${address(winner)} was the first of the cheapest` : `${address(winner)} was taken`;
}

const WHY: Readonly<Record<string, string>> = {
  bid: "by its bid",
  speculation: "beside another that took long",
  retry: "again, since one came to nothing",
  fallback: "here, since no host was left",
  local: "as the Rakefile says",
};

function attemptText(attempt: AttemptReport, addresses: readonly string[]): string {
  const { where, why, expectedMs, placedAt, startedAt, endedAt, end, outcome, lostWhy } = attempt;
  const isHost = typeof where === "object";
  const took = endedAt === undefined ? "" : `, took ${timeWords(endedAt - (startedAt ?? placedAt))}`;
  const expected = isHost ? `, expected ${timeWords(expectedMs)}` : "";
  const bytes = isHost
    ? `; sent ${sizeWords(attempt.sentBytes)}, saved ${sizeWords(attempt.savedBytes)}, got ${sizeWords(attempt.receivedBytes)}`
    : "";
  const ended = end === undefined ? "" : `, ${endWords(end)}`;
  const became = outcome === undefined ? "unfinished" : outcome;
  const cause = lostWhy === undefined ? "" : ` (${lostWhy})`;
  const place =
    where === "cache" ? "came from the cache" : `ran on ${whereWords(where, addresses)}, ${WHY[why] ?? why}`;
  return `  ${place}: ${became}${cause}${ended}${expected}${took}${bytes}`;
}

function hostText({ hosts, beganAt = 0 }: BuildReport): string[] {
  return hosts.flatMap(({ address, facts, times, troubles }) => [
    facts === undefined
      ? `${address}: was never there`
      : `${address}: ${facts.name}, ${countWords(facts.slots, "slot")}, speed ${facts.speed / 1_000}, sandbox ${facts.sandbox}` +
        (times.length > 1 ? `, there ${times.length} times` : ""),
    ...troubles.map(({ at, why }) => `  after ${timeWords(at - beganAt)}: ${why}`),
  ]);
}
