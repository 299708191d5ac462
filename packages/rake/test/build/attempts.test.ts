/** Uploads, attempts, lost hosts, speculation, outputs, the cache, and what is told of all that. */
import { describe, expect, it } from "vitest";
import { emptyReport, kindOf, reported } from "../../src/core/index.js";
import type { FakeServerOptions } from "./fake-server.js";
import { FakeWorld, planOf, type WorldOptions } from "./fake-world.js";
import { fault } from "./invariants.js";
import { LIES, telling } from "./lies.js";

const BIG = "x".repeat(700_000);
const needs = (command: string, ...requires: string[]) => ({ command, requires });
const lying = (name: string, from = 0, times = 1): FakeServerOptions => ({
  twist: telling(LIES[name] as (typeof LIES)[string], from, times),
});
const run = (sets: Parameters<typeof planOf>[0], hosts: number, options: WorldOptions = {}) => {
  const plan = planOf(sets, hosts);
  const world = new FakeWorld(plan, options).run();
  expect(fault(world, plan, options.options?.maxAttempts)).toBeUndefined();
  return world;
};
/** It takes forty times as long as it did before. */
const LATE = "work=400 out=a print=hi";
const FAILS = "work=400 exit=1 print=hi";
const SOON = { workMs: { [kindOf(LATE, [])]: 10, [kindOf(FAILS, [])]: 10 }, hosts: {} };
const WAIT = ["local:work=20"];

describe("R34: inputs", () => {
  it("are hashed once a set, and sent to a host once, though several actions need them at the same time", () => {
    const set = ["1", "2", "3"].map((number) => needs(`work=${number}`, "big", "big"));
    const world = run([WAIT, set], 1, { files: { big: BIG }, servers: [{ slots: 3 }] });
    expect(world.hashes).toEqual(["big"]);
    expect(world.servers[0]?.received).toHaveLength(1);
    const sent = world.ofType("sent").map(({ bytes, savedBytes }) => [bytes, savedBytes]);
    expect(sent.sort()).toEqual([
      [0, 700_000],
      [0, 700_000],
      [700_000, 0],
    ]);
  });

  it("another attempt brings them where the first one does not any more", () => {
    const set = [needs("work=1", "big", "gone"), needs("work=2", "big")];
    const files = { big: BIG, gone: "z".repeat(100_000) };
    const plan = planOf([WAIT, set]);
    const world = new FakeWorld(plan, { files, servers: [{ slots: 2 }] });
    world.after(24, () => world.files.set("big", new Uint8Array(0)));
    world.after(25, () => world.files.set("big", new TextEncoder().encode(BIG)));
    world.run();
    expect(world.result).toMatchObject({ outcome: "succeeded" });
    const lost = world.ofType("attemptLost").map(({ why, again }) => [why, again]);
    expect(lost).toEqual([
      ["INPUT_CHANGED: big: it has changed", true],
      ["INPUT_CHANGED: big: it has changed", true],
    ]);
  });

  it("a file that changes after its hashing fails the attempt with INPUT_CHANGED, and is hashed again", () => {
    const plan = planOf([[needs("work=5", "x")]]);
    const world = new FakeWorld(plan, { files: { x: "1234" } });
    world.after(3, () => world.files.set("x", new TextEncoder().encode("")));
    world.run();
    expect(world.ofType("attemptLost")).toMatchObject([{ why: "INPUT_CHANGED: x: it has changed", again: true }]);
    expect(world.hashes).toEqual(["x", "x"]);
    expect(world.result).toMatchObject({ outcome: "succeeded" });
  });

  it("R18: no more than 256 KiB are on their way without credit, and nothing while the link is full", () => {
    const silent = { twist: (message: { type: string }) => (message.type === "CREDIT" ? [] : [message as never]) };
    const world = new FakeWorld(planOf([[needs("work=5", "big")]]), { files: { big: BIG }, servers: [silent] }).run(
      1_000,
    );
    const bodies = world.servers[0]?.heard.flatMap((message) => (message.type === "BLOB" ? [message.body.length] : []));
    expect(bodies).toEqual([65_536, 65_536, 65_536, 65_536]);
  });
});

describe("R32: lost hosts and attempts", () => {
  it.each(["dies at STARTED", "dies at OUTPUT", "dies at DONE", "FAILED", "EXPIRED"])(
    "%s: given back to the bidding",
    (lie) => {
      const world = run([["work=5 out=a"]], 2, { servers: [lying(lie), { chargeMs: 900 }] });
      expect(world.result).toMatchObject({ outcome: "succeeded" });
      expect(world.ofType("placed").map(({ why }) => why)).toEqual(["bid", "retry"]);
      expect(world.ofType("attemptLost")).toMatchObject([{ again: true }]);
    },
  );

  it("at most maxAttempts; then the build fails with the reasons of each host, or it runs here", () => {
    const servers = [lying("FAILED", 0, 99)];
    const options = { backoffMs: 1 };
    const world = run([["work=5"]], 1, { servers, options });
    expect(world.ofType("placed")).toHaveLength(3);
    expect(world.result).toMatchObject({ outcome: "failed", code: "NO_HOST" });
    expect(world.result?.message).toContain("could not run it");
    const local = run([["work=5"]], 1, {
      servers: [lying("FAILED", 0, 99)],
      options: { ...options, localFallback: true },
    });
    expect(local.ofType("placed").at(-1)).toMatchObject({ where: "local", why: "fallback" });
    expect(local.result).toMatchObject({ outcome: "succeeded" });
  });

  it("back-off doubles to its bound, until an action has succeeded there", () => {
    const plan = planOf([["work=5"]]);
    const world = new FakeWorld(plan, { options: { noHostMs: 100_000, maxBackoffMs: 3_000 } });
    world.down.add(0);
    world.after(12_000, () => world.down.delete(0));
    world.run();
    expect(world.ofType("hostLost").map(({ backoffMs }) => backoffMs)).toEqual([
      500, 1_000, 2_000, 3_000, 3_000, 3_000,
    ]);
    expect(world.result).toMatchObject({ outcome: "succeeded" });
  });

  it("no host left for noHostMs: the reasons of each", () => {
    const plan = planOf([["work=5"]], 2);
    const world = new FakeWorld(plan);
    world.down.add(0).add(1);
    world.run();
    expect(world.now).toBe(10_000);
    const message = "line 1: no host is left:\nhost0:6238: refused\nhost1:6238: refused";
    expect(world.result).toMatchObject({ outcome: "failed", code: "NO_HOST", message });
  });

  it("R27: a host that is silent for three heartbeats is lost, its attempts with it", () => {
    const plan = planOf([["work=50000"]], 2);
    const world = new FakeWorld(plan, {
      servers: [{ heartbeatMs: 500 }, { chargeMs: 9_000 }],
      options: { speculate: false },
    });
    world.after(100, () => Object.assign(world.servers[0] as object, { isFrozen: true }));
    world.run();
    expect(world.ofType("hostLost")[0]).toMatchObject({ host: 0, why: "nothing was heard for three heartbeats" });
    expect(world.ofType("hostLost")[0]?.at).toBeLessThan(1_700);
    expect(world.result).toMatchObject({ outcome: "succeeded" });
  });
});

describe("R33: one host that cannot be reached stops nothing", () => {
  it("the others build", () => {
    const plan = planOf([["work=5", "work=6"]], 3);
    const world = new FakeWorld(plan);
    world.down.add(0).add(2);
    expect(world.run().result).toMatchObject({ outcome: "succeeded" });
    expect(world.now).toBeLessThan(100);
  });

  it("a resource that no host has is an error at once, when all have answered", () => {
    const world = run([[{ command: "work=5", on: ["gpu"] }, "work=30"]], 2, { options: { localFallback: true } });
    expect(world.result).toMatchObject({ code: "NO_HOST", message: "line 1: no host has gpu", succeeded: 1 });
    expect(world.now).toBeLessThan(100);
  });
});

describe("R52: a bound for every wait", () => {
  it.each([
    ["no BID", 5_000],
    ["no ACK", 30_000],
    ["no STARTED", 30_000],
    ["a heartbeat of a year", 11_000],
    ["no DONE", 30_000],
  ])("%s: the host is lost after about %s ms", (lie, ms) => {
    const servers = [{ ...lying(lie), maxActionMs: 1_000 }];
    const world = run([[needs(lie === "no DONE" ? "work=5" : "work=90000", "x")]], 1, {
      servers,
      files: { x: "1" },
      options: { speculate: false },
    });
    const at = world.ofType("hostLost")[0]?.at ?? 0;
    expect(at).toBeGreaterThanOrEqual(ms);
    expect(at).toBeLessThan(ms + 100);
  });

  it("R53: hosts that refuse for ever end the build after maxBusyMs", () => {
    const world = run([["work=5"]], 1, { servers: [lying("busy for ever", 0, 9_999)], options: { maxBusyMs: 5_000 } });
    expect(world.result).toMatchObject({ code: "NO_HOST" });
    expect(world.now).toBeLessThan(5_100);
  });
});

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
    const before = emptyReport(planOf(sets, 3));
    const report = world.events.reduce(reported, before);
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
});
