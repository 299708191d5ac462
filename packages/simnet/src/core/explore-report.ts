/** What an exploration found, as data and as text. */

import type { TraceEvent } from "./trace.js";

/** One step of a failing schedule. */
export interface ExploredStep {
  /** Virtual milliseconds before the step. */
  readonly at: number;
  readonly isFault: boolean;
  /** What happens, in words. */
  readonly text: string;
}

export interface FailingSchedule {
  /** What the check said; for `stuck` and `threw` what happened. */
  readonly message: string;
  /**
   * `check` and `checkEnd` said so; `stuck`: the schedule does not end, or not within `maxSteps`; `threw`: a program threw.
   */
  readonly kind: "check" | "checkEnd" | "stuck" | "threw";
  readonly faults: number;
  readonly steps: readonly ExploredStep[];
  /** Every event of the run, for the renderers. */
  readonly trace: readonly TraceEvent[];
  /** The choices as `replaySchedule` takes them, to keep the schedule as an example. */
  readonly choices: readonly number[];
}

export interface ExplorationReport {
  readonly maxFaults: number;
  /**
   * `complete`: every schedule was run; `cut`: `maxStates` was reached; `failed`: ended after `maxFailures` failures.
   */
  readonly ended: "complete" | "cut" | "failed";
  /** Whether equal states were explored once. */
  readonly hashing: boolean;
  /** Schedules that were run, each to its end, to a failure, or to a state that was met before. */
  readonly schedules: number;
  /** Different states; without hashing every step of every schedule leads to one. */
  readonly states: number;
  /** The states by the number of faults that led there, from 0. */
  readonly statesByFaults: readonly number[];
  /** How often a step led to a state that was met before, with as many faults or fewer. */
  readonly merged: number;
  /** Steps of the longest schedule. */
  readonly maxDepth: number;
  /** Inputs that programs were handed, those included that were handed in again to come back to a state. */
  readonly inputs: number;
  /** The names that `endState` gave, and how many end states have each; without hashing, how many schedules end so. */
  readonly endStates: ReadonlyMap<string, number>;
  /** For each message the shortest failing schedule: the fewest faults, then the fewest steps. */
  readonly failures: readonly FailingSchedule[];
}

/** The counts and, if there are any, the failing schedules, in lines of text. */
export function renderExploration(report: ExplorationReport): string {
  const { maxFaults, hashing, schedules, states, merged, maxDepth, endStates, failures } = report;
  const lines = [
    `at most ${maxFaults} faults: ${verdict(report)}`,
    `${count(schedules)} schedules, ${count(states)} states, ${hashing ? `${count(merged)} merged` : "not merged"}, ` +
      `at most ${count(maxDepth)} steps`,
  ];
  const ends = [...endStates].sort(([, a], [, b]) => b - a);
  for (const [name, times] of ends.slice(0, 10)) lines.push(`  end state ${name}: ${count(times)}`);
  if (ends.length > 10) lines.push(`  and ${count(ends.length - 10)} other end states`);
  for (const failure of failures) lines.push("", renderSchedule(failure));
  return lines.join("\n");
}

/** The steps of a failing schedule, a line each; faults are marked with `!`. */
export function renderSchedule({ message, faults, steps }: FailingSchedule): string {
  const width = String(steps.length).length;
  return [
    `${message} (${faults} ${faults === 1 ? "fault" : "faults"}, ${steps.length} steps)`,
    ...steps.map(({ isFault, text }, at) => `${isFault ? "!" : " "} ${String(at + 1).padStart(width)}  ${text}`),
  ].join("\n");
}

function verdict({ ended, states, failures }: ExplorationReport): string {
  const found = `${failures.length === 0 ? "no" : failures.length} ${failures.length === 1 ? "failure" : "failures"}`;
  if (ended === "failed") return `ended at ${found}`;
  return `${ended === "complete" ? "complete" : `cut at ${count(states)} states`}, ${found}`;
}

/** 1234567 as 1,234,567. */
function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}
