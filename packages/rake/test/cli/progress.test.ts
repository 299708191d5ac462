/** The status line and the lines that stay. */
import { describe, expect, it } from "vitest";
import { Progress } from "../../src/cli/progress.js";
import type { BuildEvent } from "../../src/core/index.js";
import { facts, LOST_AND_AGAIN, planOf, type Told, TWO_HOSTS, timed } from "./reports.js";
import { endOf } from "./run-ends.js";

/** The status line after each event at which it changes, with its time in front; and the lines that stay, indented. */
function shown(events: readonly BuildEvent[]): string[] {
  const progress = new Progress(planOf(TWO_HOSTS));
  const lines: string[] = [];
  let last = "";
  for (const event of events) {
    for (const { kind, text } of progress.add(event)) lines.push(`   ${kind}: ${text}`);
    const line = progress.line(event.at, 200);
    if (line !== last) lines.push(`${event.at} ${line}`);
    last = line;
  }
  return lines;
}

describe("progress", () => {
  it("R40: tells what is done, what runs where and since when, and every lost host and attempt", () => {
    expect(shown(timed(LOST_AND_AGAIN))).toEqual([
      "1000 [0/3] no host is there yet",
      "1010 [0/3] asking one host",
      "1010 [0/3] asking hosts",
      "1030 [0/3] cc -c a.c (alpha:6238, waits 0 ms)",
      "1031 [0/3] cc -c a.c (alpha:6238, waits 1 ms)",
      "1035 [0/3] cc -c a.c (alpha:6238, waits 5 ms)",
      "1036 [0/3] cc -c a.c (alpha:6238, waits 6 ms)",
      "1040 [0/3] cc -c a.c (alpha:6238, waits 10 ms), cc -c b.c (beta:6333, waits 0 ms)",
      "1050 [0/3] cc -c b.c (beta:6333, waits 10 ms), cc -c a.c (alpha:6238, 0 ms)",
      "1060 [0/3] cc -c a.c (alpha:6238, 10 ms), cc -c b.c (beta:6333, 0 ms)",
      "   trouble: beta:6333 is lost: read ECONNRESET; it is asked again in 500 ms",
      "1500 [0/3] cc -c a.c (alpha:6238, 450 ms), cc -c b.c (beta:6333, 440 ms)",
      "   trouble: line 5 (cc -c b.c) came to nothing on beta:6333: the host is lost; it is placed again",
      "1500 [0/3] cc -c a.c (alpha:6238, 450 ms)",
      "1850 [0/3] cc -c a.c (alpha:6238, 800 ms)",
      "1855 [0/3] cc -c a.c (alpha:6238, 805 ms)",
      "   done: [1/3] cc -c a.c (alpha:6238, 810 ms)",
      "1860 [1/3] asking one host",
      "1880 [1/3] cc -c b.c (alpha:6238, waits 0 ms)",
      "1890 [1/3] cc -c b.c (alpha:6238, 0 ms)",
      "2400 [1/3] cc -c b.c (alpha:6238, 510 ms)",
      "   done: [2/3] cc -c b.c (alpha:6238, 520 ms)",
      "2410 [2/3] asking one host",
      "2411 [2/3] cc a.o b.o (this machine, waits 0 ms)",
      "2412 [2/3] cc a.o b.o (this machine, 0 ms)",
      "   done: [3/3] cc a.o b.o (this machine, 88 ms)",
      "2500 [3/3] done",
    ]);
  });

  it("R32, R31, R37: tells a host that is not there, a fallback, a speculation and a failure, in words that steer no terminal", () => {
    const lines = shown(
      timed([
        [0, { type: "hostLost", host: 0, why: "connect ECONNREFUSED\x1b[2J", backoffMs: 0 }],
        [1, { type: "hostBackedOff", host: 1, why: "FAILED: no disk\n", backoffMs: 1_500 }],
        [2, { type: "placed", action: 0, attempt: 1, where: "local", expectedMs: 0, why: "fallback" }],
        [3, { type: "placed", action: 1, attempt: 2, where: { host: 1 }, expectedMs: 5, why: "speculation" }],
        [4, { type: "ended", action: 0, attempt: 1, end: endOf("EXITED", 3) }],
        [5, { type: "actionFailed", action: 0, message: "no host is left:\na: no\nb: no" }],
      ]),
    );
    expect(lines.filter((line) => line.startsWith(" "))).toEqual([
      "   trouble: alpha:6238 is not there: connect ECONNREFUSED\\x1b[2J",
      "   trouble: beta:6333 is left alone: FAILED: no disk; it is asked again in 1.5 s",
      "   trouble: line 3 (cc -c a.c) runs on this machine: no host is left for it",
      "   trouble: line 5 (cc -c b.c) takes long: it is started on beta:6333 too",
      "   trouble: FAILED line 3 (cc -c a.c): no host is left: a: no; b: no",
    ]);
  });

  it("R32: says once of each host what can be done, and nothing of one that was there", () => {
    const progress = new Progress(planOf(TWO_HOSTS), (why) => (why === "refused" ? "does it run?" : undefined));
    const lost = (at: number, host: number, why: string): Told => {
      return [at, { type: "hostLost", host, why, backoffMs: 0 }];
    };
    const told = [lost(1, 0, "refused"), lost(2, 0, "refused"), lost(3, 1, "refused"), lost(4, 1, "reset")];
    const up: Told = [5, { type: "hostUp", host: 1, facts }];
    const lines = timed([...told, up, lost(6, 1, "refused")]).flatMap((event) => progress.add(event));
    expect(lines.map(({ text }) => text)).toEqual([
      "alpha:6238 is not there: refused (does it run?)",
      "alpha:6238 is not there: refused",
      "beta:6333 is not there: refused (does it run?)",
      "beta:6333 is not there: reset",
      "beta:6333 is lost: refused",
    ]);
  });

  it("is cut to the width of the terminal", () => {
    const progress = new Progress(planOf(TWO_HOSTS));
    for (const event of timed(LOST_AND_AGAIN.slice(0, 12))) progress.add(event);
    expect(progress.line(9_000, 30)).toBe("[0/3] cc -c a.c (alpha:6238...");
  });
});
