/** Attempts as bars on lanes, one lane for each slot that was in use at once: what the timeline and the trace are drawn from. */
import type { Where } from "./client-contract.js";
import type { ActionReport, AttemptReport, BuildReport } from "./report.js";

/** Times in milliseconds from the beginning of the build. */
export interface Bar {
  readonly action: ActionReport;
  readonly attempt: AttemptReport;
  readonly fromMs: number;
  /** When the command began; `toMs` where it never did. */
  readonly runMs: number;
  readonly toMs: number;
}

export interface Place {
  readonly where: Where;
  /** "host:port", "this machine" or "the cache". */
  readonly name: string;
  /** What is known of the host. */
  readonly note: string;
  /** No two bars of a lane are at the same time. */
  readonly lanes: readonly (readonly Bar[])[];
  /** When it was lost. */
  readonly lostMs: readonly { readonly atMs: number; readonly why: string }[];
}

export interface Lanes {
  readonly endMs: number;
  /** Hosts in the order of the Rakefile, then this machine and the cache where they were used. */
  readonly places: readonly Place[];
}

export function lanesOf(report: BuildReport): Lanes {
  const { hosts, actions, beganAt = 0 } = report;
  const endMs = Math.max(1, (report.endedAt ?? beganAt) - beganAt);
  const bars = actions.flatMap((action) => action.attempts.map((attempt) => barOf(action, attempt, beganAt, endMs)));
  const of = (is: (where: Where) => boolean): readonly (readonly Bar[])[] =>
    lanesFor(bars.filter(({ attempt }) => is(attempt.where)));
  const places: Place[] = hosts.map(({ address, facts, times }, host) => ({
    where: { host },
    name: address,
    note: facts === undefined ? "never there" : `${facts.name}, ${facts.slots} slots, speed ${facts.speed / 1_000}`,
    lanes: of((where) => typeof where === "object" && where.host === host),
    lostMs: times.flatMap(({ lostAt, why = "" }) => (lostAt === undefined ? [] : [{ atMs: lostAt - beganAt, why }])),
  }));
  const local = of((where) => where === "local");
  const cached = of((where) => where === "cache");
  if (local.length > 0) places.push({ where: "local", name: "this machine", note: "", lanes: local, lostMs: [] });
  if (cached.length > 0) places.push({ where: "cache", name: "the cache", note: "", lanes: cached, lostMs: [] });
  return { endMs, places };
}

function barOf(action: ActionReport, attempt: AttemptReport, beganAt: number, endMs: number): Bar {
  const fromMs = attempt.placedAt - beganAt;
  const toMs = Math.max(fromMs, attempt.endedAt === undefined ? endMs : attempt.endedAt - beganAt);
  const runMs = attempt.startedAt === undefined ? toMs : Math.min(toMs, attempt.startedAt - beganAt);
  return { action, attempt, fromMs, runMs, toMs };
}

/** Each bar on the first lane that is free by then. */
function lanesFor(bars: readonly Bar[]): readonly (readonly Bar[])[] {
  const lanes: Bar[][] = [];
  for (const bar of [...bars].sort((a, b) => a.fromMs - b.fromMs)) {
    const lane = lanes.find((one) => (one.at(-1) as Bar).toMs <= bar.fromMs);
    if (lane === undefined) lanes.push([bar]);
    else lane.push(bar);
  }
  return lanes;
}
