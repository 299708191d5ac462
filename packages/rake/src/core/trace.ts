/** A build as a trace that Perfetto and chrome://tracing open (docs/rake.md R40): a process per host, a thread per slot. */

import { lanesOf } from "./lanes.js";
import type { BuildReport } from "./report.js";
import { endWords, printable } from "./words.js";

type TraceEvent = Readonly<Record<string, unknown>>;

/** JSON of the Trace Event Format; times in microseconds from the beginning of the build. */
export function traceJson(report: BuildReport): string {
  const { places } = lanesOf(report);
  const events: TraceEvent[] = [...setEvents(report)];
  for (const [index, { name, lanes, lostMs }] of places.entries()) {
    const pid = index + 2;
    events.push(named("process_name", pid, 0, name));
    for (const [lane, bars] of lanes.entries()) {
      events.push(named("thread_name", pid, lane + 1, `slot ${lane + 1}`));
      for (const { action, attempt, fromMs, runMs, toMs } of bars) {
        const at = { pid, tid: lane + 1 };
        const args = {
          line: action.line,
          attempt: attempt.attempt,
          why: attempt.why,
          outcome: attempt.outcome ?? "unfinished",
          expectedMs: attempt.expectedMs,
          sentBytes: attempt.sentBytes,
          savedBytes: attempt.savedBytes,
          receivedBytes: attempt.receivedBytes,
          ...(attempt.end !== undefined && {
            end: endWords(attempt.end),
            cpuMs: attempt.end.cpuMicros / 1_000,
            peakBytes: attempt.end.peakBytes,
          }),
          ...(attempt.lostWhy !== undefined && { lost: attempt.lostWhy }),
        };
        if (runMs > fromMs) events.push({ ...span("upload and start", fromMs, runMs), cat: "wait", ...at });
        if (toMs > runMs) events.push({ ...span(printable(action.command), runMs, toMs), cat: "run", ...at, args });
      }
    }
    for (const { atMs, why } of lostMs) {
      events.push({ name: `lost: ${printable(why)}`, ph: "i", s: "p", ts: micros(atMs), pid, tid: 0 });
    }
  }
  return JSON.stringify({ displayTimeUnit: "ms", traceEvents: events });
}

function setEvents({ sets, beganAt = 0, endedAt = beganAt }: BuildReport): readonly TraceEvent[] {
  return [
    named("process_name", 1, 0, "rake"),
    named("thread_name", 1, 1, "sets"),
    ...sets.flatMap((set) =>
      set.beganAt === undefined
        ? []
        : [
            {
              ...span(set.name, set.beganAt - beganAt, (set.endedAt ?? endedAt) - beganAt),
              cat: "set",
              pid: 1,
              tid: 1,
            },
          ],
    ),
  ];
}

function named(name: string, pid: number, tid: number, value: string): TraceEvent {
  return { name, ph: "M", pid, tid, args: { name: value } };
}

function span(name: string, fromMs: number, toMs: number): TraceEvent {
  return { name, ph: "X", ts: micros(fromMs), dur: micros(toMs - fromMs) };
}

function micros(ms: number): number {
  return Math.round(ms * 1_000);
}
