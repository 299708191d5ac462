/** What is drawn and told of a report: totals, explain, timeline and trace. */
import { describe, expect, it } from "vitest";
import { planText } from "../../src/cli/plan-text.js";
import { explainText, reasonsText } from "../../src/core/explain-text.js";
import { lanesOf } from "../../src/core/lanes.js";
import { timelineHtml } from "../../src/core/timeline.js";
import { totalsText } from "../../src/core/totals.js";
import { traceJson } from "../../src/core/trace.js";
import { facts, LOST_AND_AGAIN, planOf, reportOf, type Told, TWO_HOSTS } from "./reports.js";

const report = reportOf(planOf(TWO_HOSTS), LOST_AND_AGAIN);

describe("explain", () => {
  it("R40: shows the bids of every host with their parts, what was sent and saved, and why there was a retry", () => {
    expect(explainText(report)).toBe(`line 3: cc -c a.c
  succeeded, alpha:6238
  asked 2 hosts: alpha:6238 was cheapest by 400 ms
  > alpha:6238  812 ms (queue 0 + run 800 + transfer 12 + charge 0), misses 10 B
    beta:6333   1212 ms (queue 0 + run 1200 + transfer 12 + charge 0), misses 2.0 KiB
  ran on alpha:6238, by its bid: won, exit code 0, expected 812 ms, took 800 ms; sent 10 B, saved 2.0 KiB, got 1.5 KiB
line 5: cc -c b.c
  succeeded, alpha:6238
  asked 2 hosts: beta:6333 alone bid
    alpha:6238  refused: BUSY, all slots are taken
  > beta:6333   700 ms (queue 0 + run 688 + transfer 12 + charge 0), has all inputs
  asked 1 of 2 hosts: alpha:6238 alone bid
  > alpha:6238  600 ms (queue 0 + run 588 + transfer 12 + charge 0), has all inputs
    beta:6333   not asked: it was lost: read ECONNRESET
  ran on beta:6333, by its bid: lost (the host is lost), expected 700 ms, took 440 ms; sent 0 B, saved 0 B, got 0 B
  ran on alpha:6238, again, since one came to nothing: won, exit code 0, expected 600 ms, took 510 ms; sent 0 B, saved 0 B, got 0 B
line 7: cc a.o b.o
  succeeded, this machine
  ran on this machine, as the Rakefile says: won, took 88 ms
alpha:6238: vm, 2 slots, speed 2, sandbox bwrap
beta:6333: vm, 2 slots, speed 2, sandbox bwrap
  after 500 ms: read ECONNRESET
3 actions in 1.5 s: alpha:6238 2, this machine 1; sent 10 B, saved 2.0 KiB; got 1.5 KiB
1 host lost, 1 retry
`);
  });

  describe("R28, R40: says why a host was not asked", () => {
    const up: Told = [5, { type: "hostUp", host: 1, facts: { ...facts, slots: 1 } }];
    const placed = (action: number, attempt: number): Told => {
      return [8, { type: "placed", action, attempt, where: { host: 1 }, expectedMs: 9, why: "bid" }];
    };
    it.for<readonly [why: string, before: readonly Told[], on?: string]>([
      ["it was not connected yet", []],
      ["it was not there: refused", [[1, { type: "hostLost", host: 1, why: "refused", backoffMs: 500 }]]],
      ["it was lost: reset", [up, [9, { type: "hostLost", host: 1, why: "reset", backoffMs: 500 }]]],
      ["it has no gpu and no licence", [up], "gpu licence"],
      ["it was left alone: slow", [up, [9, { type: "hostBackedOff", host: 1, why: "slow", backoffMs: 500 }]]],
      ["it ran there already", [up, placed(0, 9)]],
      ["its 1 slot was taken", [up, placed(1, 9)]],
      ["it was busy", [up]],
      [
        "it had refused: LIMIT",
        [
          up,
          [6, { type: "quoted", action: 0, round: 1, hosts: [1] }],
          [7, { type: "refused", action: 0, round: 1, host: 1, reason: "LIMIT", text: "", retryAfterMs: 0 }],
        ],
      ],
    ])("%s", ([why, before, on], { expect }) => {
      const plan = planOf(on === undefined ? TWO_HOSTS : TWO_HOSTS.replace("requires a.c", `on ${on}`));
      const told: readonly Told[] = [
        ...[[0, { type: "hostUp", host: 0, facts }] as const, ...before],
        [10, { type: "quoted", action: 0, round: 2, hosts: [0] }],
      ];
      const lines = explainText(reportOf(plan, told), { lines: [3] }).split("\n");
      const at = lines.lastIndexOf("  asked 1 of 2 hosts: nobody could take it");
      expect(lines.slice(at + 1, at + 3)).toEqual(["    alpha:6238  no answer", `    beta:6333   not asked: ${why}`]);
    });
  });

  it("R39, R40: tells what came from the cache, and what was begun and not finished", () => {
    const text = explainText(
      reportOf(planOf(TWO_HOSTS), [
        [0, { type: "placed", action: 0, attempt: 1, where: "cache", expectedMs: 0, why: "cache" }],
        [4, { type: "actionSucceeded", action: 0, attempt: 1 }],
        [5, { type: "placed", action: 1, attempt: 2, where: "local", expectedMs: 0, why: "fallback" }],
      ]),
    );
    expect(text).toContain("succeeded, the cache\n  came from the cache: won, took 4 ms\n");
    expect(text).toContain("line 5: cc -c b.c\n  not finished\n");
    expect(text).toContain("line 7: cc a.o b.o\n  not run\n");
  });

  it("R40: says in a line why the hosts won", () => {
    expect(reasonsText(report)).toBe("cheapest 1, retried 1, local 1");
    expect(reasonsText(reportOf(planOf(TWO_HOSTS), []))).toBe("");
  });

  it("R40: shows actions of some lines alone", () => {
    expect(explainText(report, { lines: [7] })).toMatch(/^line 7: cc a\.o b\.o\n {2}succeeded, this machine\n.*\n$/);
  });

  it("R40, R31: tells a price that was corrected, silence, equals, speculation and what was never run", () => {
    const parts = { queueMs: 0, runMs: 100, transferMs: 0, chargeMs: 7 };
    const told: readonly Told[] = [
      [0, { type: "quoted", action: 0, round: 1, hosts: [0, 1] }],
      [1, { type: "bid", action: 0, round: 1, host: 0, parts, priceMs: 207, missingBytes: 0 }],
      [2, { type: "placed", action: 0, attempt: 1, where: { host: 0 }, expectedMs: 207, why: "bid" }],
      [9, { type: "quoted", action: 0, round: 2, hosts: [0, 1] }],
      [9, { type: "bid", action: 0, round: 2, host: 0, parts, priceMs: 107, missingBytes: 0 }],
      [9, { type: "bid", action: 0, round: 2, host: 1, parts, priceMs: 107, missingBytes: 0 }],
      [10, { type: "placed", action: 0, attempt: 2, where: { host: 0 }, expectedMs: 107, why: "speculation" }],
      [20, { type: "actionFailed", action: 0, message: "exit code 1" }],
    ];
    const text = explainText(reportOf(planOf(TWO_HOSTS), told, "failed"));
    for (const line of [
      "  failed: exit code 1",
      "  asked 2 hosts: alpha:6238 alone bid",
      "  > alpha:6238  207 ms (queue 0 + run 100 + transfer 0 + charge 7, 107 before what was learned of it), has all inputs",
      "    beta:6333   no answer",
      "  asked 2 hosts: alpha:6238 was the first of the cheapest",
      "  ran on alpha:6238, beside another that took long: failed, expected 107 ms, took 10 ms; sent 0 B, saved 0 B, got 0 B",
      "line 5: cc -c b.c",
      "  not run",
      "0 of 3 actions in 20 ms",
      "1 started twice, 0 of them won",
    ]) {
      expect(text.split("\n")).toContain(line);
    }
  });
});

describe("totals", () => {
  it("R40: of a cached build", () => {
    const told: readonly Told[] = [
      [0, { type: "placed", action: 0, attempt: 1, where: "cache", expectedMs: 0, why: "cache" }],
      [4, { type: "actionSucceeded", action: 0, attempt: 1 }],
    ];
    expect(totalsText(reportOf(planOf("actionset1:\n\tremote-x\n"), told))).toEqual(["1 action in 4 ms: the cache 1"]);
  });
});

describe("lanes", () => {
  it("R40: bars at the same time are on lanes of their own, others share one", () => {
    const { places, endMs } = lanesOf(report);
    expect(endMs).toBe(1_500);
    const bars = places.map(({ name, lanes }) => [
      name,
      lanes.map((lane) => lane.map(({ attempt, fromMs, runMs, toMs }) => [attempt.attempt, fromMs, runMs, toMs])),
    ]);
    expect(bars).toEqual([
      [
        "alpha:6238",
        [
          [
            [1, 30, 50, 850],
            [3, 880, 890, 1_400],
          ],
        ],
      ],
      ["beta:6333", [[[2, 40, 60, 500]]]],
      ["this machine", [[[4, 1_411, 1_412, 1_500]]]],
    ]);
    const both: readonly Told[] = [0, 1].map((action) => {
      return [action, { type: "placed", action, attempt: action, where: { host: 0 }, expectedMs: 1, why: "bid" }];
    });
    expect(
      lanesOf(reportOf(planOf(TWO_HOSTS), [...both, [9, { type: "setEnded", set: 0, succeeded: true }]])).places[0]
        ?.lanes,
    ).toHaveLength(2);
  });
});

describe("timeline", () => {
  it("R40: is one page without a script or a link to elsewhere, with a bar, a tooltip and a row for each attempt", () => {
    const page = timelineHtml(report, { title: "two <hosts>" });
    expect(page).not.toMatch(/<script|https?:|src=|@import|url\(/);
    expect(page).toContain("<title>two &lt;hosts&gt;: succeeded</title>");
    expect(page.match(/<rect class="(won|lost)" x=/g)).toHaveLength(4);
    expect(page.match(/<a href="#action-\d+" aria-label="line \d+: /g)).toHaveLength(4);
    for (const [, id] of page.matchAll(/<a href="#(action-\d+)"/g)) expect(page).toContain(`id="${id}"`);
    expect(page).toContain("alpha:6238, bid: outputs taken\nafter 30 ms, waited 20 ms, ran 800 ms, expected 812 ms");
    expect(page).toContain("beta:6333 is lost after 500 ms: read ECONNRESET");
    expect(page).toContain("prefers-color-scheme:dark");
    expect(page.match(/<tr id="action-/g)).toHaveLength(3);
  });

  it("R40: texts of others cannot be markup", () => {
    const plan = planOf("HOSTS = h\nactionset1:\n\tremote-echo '<img src=x onerror=alert(1)>' \"&\"\n");
    const told: readonly Told[] = [
      [0, { type: "hostUp", host: 0, facts: { ...facts, name: "<b>" } }],
      [1, { type: "placed", action: 0, attempt: 1, where: { host: 0 }, expectedMs: 1, why: "bid" }],
      [2, { type: "attemptLost", action: 0, attempt: 1, why: "</td><script>", again: false }],
    ];
    const page = timelineHtml(reportOf(plan, told, "failed"));
    expect(page).not.toMatch(/<img|<b>|<script/);
    expect(page).toContain("&lt;img src=x onerror=alert(1)&gt;&#39; &quot;&amp;&quot;");
  });

  it("R40: of a build in which nothing happened", () => {
    const empty = timelineHtml(reportOf(planOf(TWO_HOSTS), []));
    expect(empty).toContain("0 of 3 actions in 0 ms");
    expect(empty).not.toContain("NaN");
  });
});

describe("trace", () => {
  it("R40: has a process for each host, a thread for each slot, and times in microseconds", () => {
    const { traceEvents } = JSON.parse(traceJson(report)) as { traceEvents: Record<string, unknown>[] };
    const names = traceEvents
      .filter(({ name }) => name === "process_name")
      .map(({ args }) => (args as { name: string }).name);
    expect(names).toEqual(["rake", "alpha:6238", "beta:6333", "this machine"]);
    const runs = traceEvents.filter(({ cat }) => cat === "run");
    expect(runs.map(({ name, pid, tid, ts, dur }) => [name, pid, tid, ts, dur])).toEqual([
      ["cc -c a.c", 2, 1, 50_000, 800_000],
      ["cc -c b.c", 2, 1, 890_000, 510_000],
      ["cc -c b.c", 3, 1, 60_000, 440_000],
      ["cc a.o b.o", 4, 1, 1_412_000, 88_000],
    ]);
    expect(runs[2]?.["args"]).toMatchObject({ outcome: "lost", lost: "the host is lost", why: "bid" });
    expect(traceEvents).toContainEqual({ name: "lost: read ECONNRESET", ph: "i", s: "p", ts: 500_000, pid: 3, tid: 0 });
    expect(traceEvents.filter(({ cat }) => cat === "set").map(({ dur }) => dur)).toEqual([1_410_000, 90_000]);
  });
});

describe("plan", () => {
  it("R2, R4: says where each action would be run, and what it asks for", () => {
    const text =
      "HOSTS = h\nactionset1:\n\tremote-cc -c a.c\n\t\trequires a.c\n\t\tproduces *.o\n\t\ton gpu\n\t\ttimeout 2m\n\tls\n";
    expect(planText(planOf(text))).toBe(`1 set, 2 actions; hosts: h:6238
actionset1:
     3  on a host  cc -c a.c
                     requires a.c
                     produces *.o
                     on gpu
                     timeout 2 m 0 s
     8  here       ls
`);
  });
});
