/** Why a host was not asked for an action (docs/rake.md R28, R40): what the report knew at that time. */
import type { Where } from "./client-contract.js";
import type { Refusal } from "./messages.js";
import type { ActionReport, AttemptReport, BuildReport, HostReport, RoundReport } from "./report.js";
import { countWords } from "./words.js";

/** Words behind the host's address, such as "it was not connected yet". @param index the host's */
export function whyUnasked(report: BuildReport, action: ActionReport, round: RoundReport, index: number): string {
  const { at } = round;
  const host = report.hosts[index] as HostReport;
  const trouble = host.troubles.findLast((one) => one.at <= at);
  if (!isThere(host, at)) {
    if (trouble === undefined) return "it was not connected yet";
    return `it was ${host.times.some(({ upAt }) => upAt <= at) ? "lost" : "not there"}: ${trouble.why}`;
  }
  const lacking = (action.on ?? []).filter((resource) => host.facts?.resources.includes(resource) !== true);
  if (lacking.length > 0) return `it has no ${lacking.join(" and no ")}`;
  const refusals = action.rounds.slice(0, action.rounds.indexOf(round)).flatMap((one) => one.refusals);
  const refusal = refusals.find((one) => one.host === index && FOR_EVER.has(one.reason));
  if (refusal !== undefined) return `it had refused: ${refusal.reason}`;
  const isRunning = (attempt: AttemptReport): boolean => isAt(attempt.where, index) && isUnderWay(attempt, at);
  if (action.attempts.some(isRunning)) return "it ran there already";
  if (trouble !== undefined && at < trouble.at + trouble.backoffMs) return `it was left alone: ${trouble.why}`;
  const taken = report.actions.flatMap(({ attempts }) => attempts).filter(isRunning).length;
  const { slots = 0 } = host.facts ?? {};
  return taken >= slots ? `its ${countWords(slots, "slot")} ${slots === 1 ? "was" : "were"} taken` : "it was busy";
}

/** A host that says so is not asked for that action again (R51). */
const FOR_EVER: ReadonlySet<Refusal> = new Set(["RESOURCE", "NOT_ALLOWED", "LIMIT"]);

function isThere({ times }: HostReport, at: number): boolean {
  return times.some(({ upAt, lostAt = Number.POSITIVE_INFINITY }) => upAt <= at && at < lostAt);
}

function isUnderWay({ placedAt, endedAt = Number.POSITIVE_INFINITY }: AttemptReport, at: number): boolean {
  return placedAt <= at && at < endedAt;
}

function isAt(where: Where, index: number): boolean {
  return typeof where === "object" && where.host === index;
}
