/** Uploads, attempts, lost hosts, and bounds of what is waited for. */
import { describe, expect, it } from "vitest";
import type { ServerMessage } from "../../src/core/index.js";
import { FakeWorld } from "./fake-world.js";
import { telling } from "./lies.js";
import { planOf } from "./plan-of.js";
import { LATE, lying, needs, run, SOON, WAIT } from "./running.js";

const BIG = "x".repeat(700_000);

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

  it("what no host could run is to make here what it announced, and brings that as a host would", () => {
    const options = { backoffMs: 1, localFallback: true };
    const here = (command: string): FakeWorld =>
      run([[{ command, produces: ["a", "b*"] }]], 1, { servers: [lying("FAILED", 0, 99)], options });
    const whole = here("work=5 out=a,b1");
    expect(whole.result).toMatchObject({ outcome: "succeeded" });
    expect(whole.committed.map(({ path }) => path).sort()).toEqual(["a", "b1"]);
    expect(whole.ofType("received")).toMatchObject([{ outputs: 2 }]);
    expect(whole.asked("runLocal")).toMatchObject([{ apart: { inputs: [], wanted: ["a", "b*"] } }]);
    const lacking = here("work=5 out=a");
    expect(lacking.result).toMatchObject({ outcome: "failed", code: "OUTPUT" });
    expect(lacking.result?.message).toContain("it made nothing that b* means, on this machine");
    expect(lacking.committed).toEqual([]);
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

  it("a cancelled attempt that does not end costs its host nothing: it is forgotten, and its slot is asked for again", () => {
    const isMine = (message: ServerMessage) => message.type === "DONE" || message.type === "STATUS";
    const servers = [
      { speed: 0.01, resources: ["gpu"], twist: telling((message) => (isMine(message) ? [] : undefined), 0, 2) },
      { chargeMs: 999_999 },
    ];
    const sets = [[LATE], ["local:work=29000"], [{ command: "work=5", on: ["gpu"] }]];
    const world = run(sets, 2, { learned: SOON, servers });
    const cancelledAt = world.ofType("won")[0]?.at ?? 0;
    expect(world.ofType("hostLost")).toEqual([]);
    expect(world.ofType("placed").at(-1)).toMatchObject({ where: { host: 0 }, at: cancelledAt + 30_002 });
  });

  it("R53: hosts that refuse for ever end the build after maxBusyMs", () => {
    const world = run([["work=5"]], 1, { servers: [lying("busy for ever", 0, 9_999)], options: { maxBusyMs: 5_000 } });
    expect(world.result).toMatchObject({ code: "NO_HOST" });
    expect(world.now).toBeLessThan(5_100);
  });
});
