/** Speculation, outputs, what is printed, the cache, and what is told of all that. */
import { describe, expect, it } from "vitest";
import { emptyReport, ReportBuilder } from "../../src/core/index.js";
import type { FakeServerOptions } from "./fake-server.js";
import { FakeWorld } from "./fake-world.js";
import { planOf } from "./plan-of.js";
import { FAILS, LATE, lying, needs, run, SOON, WAIT } from "./running.js";

describe("R31: speculation", () => {
  const slowStart: FakeServerOptions = { speed: 0.01 };

  it("what runs longest past its expectation is started once more; the first to end wins, the other is cancelled", () => {
    const world = run([[LATE], WAIT], 2, {
      learned: SOON,
      servers: [{ ...slowStart, queueMs: 0 }, { chargeMs: 999_999 }],
    });
    expect(world.ofType("placed").map(({ why, where }) => [why, where])).toEqual([
      ["bid", { host: 0 }],
      ["speculation", { host: 1 }],
      ["local", "local"],
    ]);
    expect(world.ofType("won")).toMatchObject([{ others: 1 }]);
    expect(world.settled.map(({ how }) => how)).toEqual(["discard", "commit"]);
    expect(world.servers[0]?.heard.some(({ type }) => type === "CANCEL")).toBe(true);
  });

  it("off by `speculate: false`", () => {
    const servers = [{ ...slowStart }, { chargeMs: 999_999 }];
    const world = run([[LATE]], 2, { learned: SOON, servers, options: { speculate: false } });
    expect(world.ofType("placed")).toHaveLength(1);
  });

  it("an attempt that fails waits for the other one", () => {
    const twist: FakeServerOptions["twist"] = (message) =>
      message.type === "STATUS"
        ? [{ ...message, code: 7 }]
        : message.type === "OUTPUT"
          ? []
          : [message.type === "DONE" ? { ...message, outputs: 0 } : message];
    const servers = [
      { speed: 0.01, twist },
      { speed: 0.009, chargeMs: 999_999 },
    ];
    const world = run([[LATE]], 2, {
      servers,
      options: { speculateAfter: 1, speculateMs: 0 },
      learned: SOON,
    });
    expect(world.ofType("ended").map(({ end }) => end.code)).toEqual([7, 0]);
    expect(world.result).toMatchObject({ outcome: "succeeded" });
  });
});

describe("R35: outputs", () => {
  it.each([
    [
      "an output that two make",
      ["work=5 out=a", "work=50 out=a"],
      "a is an output of line 2 (work=50 out=a) and of line 1 (work=5 out=a)",
    ],
    [
      "an input of another action",
      ["work=5 out=x", needs("work=9", "x")],
      "x is an output of line 1 (work=5 out=x) and an input of line 2 (work=9)",
    ],
    [
      "a file where a folder is",
      ["work=5 out=a", "work=50 out=a/b"],
      "a is a folder for line 2 (work=50 out=a/b), and a file of line 1 (work=5 out=a)",
    ],
    [
      "a folder where a file is",
      ["work=5 out=a/b", "work=50 out=a"],
      "a is an output of line 2 (work=50 out=a), and a folder for line 1 (work=5 out=a/b)",
    ],
  ])("%s is an error that names both", (_, actions, message) => {
    const world = run([actions], 2, { files: { x: "1" } });
    expect(world.result).toMatchObject({
      outcome: "failed",
      code: "OUTPUT",
      message: expect.stringContaining(message),
    });
  });

  it("an action may change its own input", () => {
    expect(run([[needs("work=5 out=x", "x")]], 1, { files: { x: "1" } }).result).toMatchObject({
      outcome: "succeeded",
    });
  });

  it("what cannot be renamed into its place fails the build", () => {
    const world = run([["work=5 out=a"]], 1, { commitFails: () => true });
    expect(world.result).toMatchObject({ outcome: "failed", code: "OUTPUT", message: "line 1: no room" });
  });

  it("large outputs come whole: credit is given for what is written away", () => {
    const world = run([["work=5 out=a,b size=700000"]], 1);
    expect(world.files.get("a")).toHaveLength(700_000);
    expect(world.ofType("received")).toMatchObject([{ outputs: 2, bytes: 1_400_000 }]);
  });
});

describe("R36: what an action prints", () => {
  it("is shown as it comes, once, also where another attempt wins", () => {
    const servers = [{ speed: 0.01 }, { chargeMs: 999_999 }];
    const world = run([[LATE]], 2, { learned: SOON, servers });
    expect(world.shown).toBe("hi");
    expect(world.asked("keep")).toHaveLength(1);
    expect(world.asked("showKept")).toHaveLength(1);
  });

  it("of a failed second attempt it is shown as well", () => {
    const world = run([[FAILS]], 2, { learned: SOON, servers: [{ speed: 0.01 }, { chargeMs: 999_999 }] });
    expect(world.shown).toContain("hi");
    expect(world.result).toMatchObject({ code: "ACTION_FAILED" });
  });
});

describe("R39: the cache", () => {
  it("what was seen before with exit code 0 is not run; another input, toolchain or pattern is", () => {
    const cache = new Map<string, readonly string[]>();
    const sets = [[{ ...needs("work=50 out=a", "x"), produces: ["a"] }]];
    const options = { cache: true };
    const once = (files: Record<string, string>, toolchain = "cc 1") =>
      run(sets, 1, { cache, files, options, servers: [{ toolchain }] })
        .ofType("placed")
        .map(({ why }) => why);
    expect(once({ x: "1" })).toEqual(["bid"]);
    expect(once({ x: "1" })).toEqual(["cache"]);
    expect(once({ x: "2" })).toEqual(["bid"]);
    expect(once({ x: "1" }, "cc 2")).toEqual(["bid"]);
    expect(cache.size).toBe(3);
  });

  it("a failure is not kept, and without `cache` nothing is looked up", () => {
    const cache = new Map<string, readonly string[]>();
    run([["work=5 exit=1"]], 1, { cache, options: { cache: true } });
    expect(cache.size).toBe(0);
    expect(run([["work=5"]], 1).asked("lookUp")).toEqual([]);
  });

  it("a cache folder that names a path outside is not believed", () => {
    const cache = new Map<string, readonly string[]>();
    const options = { cache: true };
    run([["work=5 out=a"]], 1, { cache, options });
    for (const key of cache.keys()) cache.set(key, ["../a"]);
    const plan = planOf([["work=5 out=a"]]);
    const world = new FakeWorld(plan, { cache, options }).run();
    expect(world.ofType("placed").map(({ why }) => why)).toEqual(["bid"]);
  });
});

describe("R40: the report", () => {
  it("has for each action where, when and why, bids, what was sent and saved, retries and speculation", () => {
    const sets = [WAIT, [needs("work=5 out=a", "x"), needs("work=900 out=b", "x")]];
    const servers = [{ ...lying("dies at OUTPUT", 0, 1) }, { chargeMs: 5_000, speed: 0.01 }, { chargeMs: 6_000 }];
    const world = run(sets, 3, { files: { x: "12345" }, servers });
    const builder = new ReportBuilder(planOf(sets, 3));
    const before = builder.report;
    for (const event of world.events) builder.add(event);
    const { report } = builder;
    expect(before).toEqual(emptyReport(planOf(sets, 3)));
    expect(report.hosts.map(({ address, times }) => [address, times.length])).toEqual([
      ["host0:6238", 2],
      ["host1:6238", 1],
      ["host2:6238", 1],
    ]);
    expect(report.hosts[0]?.troubles).toMatchObject([{ why: "reset" }]);
    expect(report.sets).toMatchObject([{ succeeded: true }, { succeeded: true }]);
    const [, first, second] = report.actions;
    expect(first?.rounds[0]?.bids.map(({ host }) => host)).toEqual([0, 1, 2]);
    expect(first?.attempts).toMatchObject([
      { where: { host: 0 }, why: "bid", sentBytes: 5, savedBytes: 0, outcome: "lost", lostWhy: "reset" },
      { why: "retry", outcome: "won", outputs: 1, receivedBytes: 10 },
    ]);
    expect(second?.attempts.map(({ outcome }) => outcome)).toContain("won");
    expect(report.actions.every(({ outcome }) => outcome === "succeeded")).toBe(true);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it("copies no list of all actions for an event", () => {
    const builder = new ReportBuilder(planOf([Array<string>(1_000).fill("work=1")]));
    const copied: number[] = [];
    const { slice } = Array.prototype;
    Array.prototype.slice = function (this: unknown[], ...bounds: [start?: number, end?: number]) {
      copied.push(this.length);
      return slice.apply(this, bounds);
    };
    try {
      builder.add({ type: "setStarted", at: 1, set: 0 });
      for (let action = 0; action < 1_000; action++) {
        const placed = { action, attempt: action + 1, where: "local", expectedMs: 0, why: "local" } as const;
        builder.add({ type: "placed", at: 1, ...placed });
      }
    } finally {
      Array.prototype.slice = slice;
    }
    expect(copied.filter((length) => length > 100)).toEqual([]);
    expect(builder.report.actions.at(-1)?.attempts).toHaveLength(1);
  });
});
