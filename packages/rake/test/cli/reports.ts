/** Builds that happened on paper: events as a machine would tell them, and the reports that they make. */

import type { BuildEvent, HostFacts, Plan } from "../../src/core/index.js";
import { type BuildReport, parseRakefile, ReportBuilder } from "../../src/core/index.js";
import { endOf } from "./run-ends.js";

export const facts: HostFacts = {
  ...{ name: "vm", cores: 2, speed: 2_000, slots: 2, sandbox: "bwrap", toolchain: "linux x64; cc 12.2", resources: [] },
  ...{ maxFrameBytes: 4_194_304, maxInputs: 10_000, maxBlobBytes: 1e9, maxOutputBytes: 1e9 },
  ...{ maxActionMs: 3_600_000, heartbeatMs: 1_000 },
};

/** Without its times. */
type Untimed<Event> = Event extends unknown ? Omit<Event, "at"> : never;
export type Told = readonly [at: number, event: Untimed<BuildEvent>];

export function planOf(rakefile: string): Plan {
  const { plan, message } = parseRakefile(rakefile);
  if (message !== "") throw new Error(message);
  return plan;
}

export function timed(told: readonly Told[]): BuildEvent[] {
  return told.map(([at, event]) => ({ at, ...event }) as BuildEvent);
}

export function reportOf(
  plan: Plan,
  told: readonly Told[],
  outcome: "succeeded" | "failed" = "succeeded",
): BuildReport {
  const builder = new ReportBuilder(plan);
  for (const event of timed(told)) builder.add(event);
  const { report } = builder;
  const counts = { succeeded: 0, failed: 0, notRun: 0 };
  return { ...report, result: { outcome, code: outcome === "failed" ? "ACTION_FAILED" : "", message: "", ...counts } };
}

export const TWO_HOSTS = `HOSTS = alpha beta:6333
actionset1:
\tremote-cc -c a.c
\t\trequires a.c
\tremote-cc -c b.c
actionset2:
\tcc a.o b.o
`;

/** Both hosts bid for the first; beta is lost with the second, which is placed again; the link is local. */
export const LOST_AND_AGAIN: readonly Told[] = [
  [1_000, { type: "setStarted", set: 0 }],
  [1_010, { type: "hostUp", host: 0, facts }],
  [1_010, { type: "hostUp", host: 1, facts }],
  [1_020, { type: "quoted", action: 0, round: 1, hosts: [0, 1] }],
  [1_025, bid(0, 1, 0, 812, 10)],
  [1_026, bid(0, 1, 1, 1_212, 2_048)],
  [1_030, { type: "placed", action: 0, attempt: 1, where: { host: 0 }, expectedMs: 812, why: "bid" }],
  [1_030, { type: "sent", action: 0, attempt: 1, bytes: 10, savedBytes: 2_048 }],
  [1_031, { type: "quoted", action: 1, round: 1, hosts: [0, 1] }],
  [
    1_035,
    { type: "refused", action: 1, round: 1, host: 0, reason: "BUSY", text: "all slots are taken", retryAfterMs: 9 },
  ],
  [1_036, bid(1, 1, 1, 700, 0)],
  [1_040, { type: "placed", action: 1, attempt: 2, where: { host: 1 }, expectedMs: 700, why: "bid" }],
  [1_050, { type: "started", action: 0, attempt: 1 }],
  [1_060, { type: "started", action: 1, attempt: 2 }],
  [1_500, { type: "hostLost", host: 1, why: "read ECONNRESET", backoffMs: 500 }],
  [1_500, { type: "attemptLost", action: 1, attempt: 2, why: "the host is lost", again: true }],
  [1_850, { type: "ended", action: 0, attempt: 1, end: endOf("EXITED", 0) }],
  [1_855, { type: "received", action: 0, attempt: 1, outputs: 1, bytes: 1_500 }],
  [1_860, { type: "actionSucceeded", action: 0, attempt: 1 }],
  [1_870, { type: "quoted", action: 1, round: 2, hosts: [0] }],
  [1_875, bid(1, 2, 0, 600, 0)],
  [1_880, { type: "placed", action: 1, attempt: 3, where: { host: 0 }, expectedMs: 600, why: "retry" }],
  [1_890, { type: "started", action: 1, attempt: 3 }],
  [2_400, { type: "ended", action: 1, attempt: 3, end: endOf("EXITED", 0) }],
  [2_410, { type: "actionSucceeded", action: 1, attempt: 3 }],
  [2_410, { type: "setEnded", set: 0, succeeded: true }],
  [2_410, { type: "setStarted", set: 1 }],
  [2_411, { type: "placed", action: 2, attempt: 4, where: "local", expectedMs: 0, why: "local" }],
  [2_412, { type: "started", action: 2, attempt: 4 }],
  [2_500, { type: "actionSucceeded", action: 2, attempt: 4 }],
  [2_500, { type: "setEnded", set: 1, succeeded: true }],
];

function bid(action: number, round: number, host: number, priceMs: number, missingBytes: number): Untimed<BuildEvent> {
  const parts = { queueMs: 0, runMs: priceMs - 12, transferMs: 12, chargeMs: 0 };
  return { type: "bid", action, round, host, parts, priceMs, missingBytes };
}
