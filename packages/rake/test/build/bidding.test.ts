/** Who is asked, what is learned, and who wins. */
import { describe, expect, it } from "vitest";
import { type BidView, POLICIES } from "../../src/core/index.js";
import { FakeWorld } from "./fake-world.js";
import { planOf } from "./plan-of.js";

const winners = (world: FakeWorld) =>
  world.ofType("placed").map(({ where }) => (typeof where === "string" ? where : where.host));
const heard = (world: FakeWorld, host: number, type: string) =>
  world.servers[host]?.heard.filter((message) => message.type === type) ?? [];
/** A first set that waits for all hosts to be there. */
const WAIT = ["local:work=20"];

describe("R28: bidding", () => {
  it("the lowest price wins, the first among equals; the losers are released at once", () => {
    const servers = [{ chargeMs: 50 }, { chargeMs: 20 }, { chargeMs: 20 }];
    const world = new FakeWorld(planOf([WAIT, ["work=5"]], 3), { servers }).run();
    expect(winners(world)).toEqual(["local", 1]);
    expect([0, 1, 2].map((host) => heard(world, host, "RELEASE").length)).toEqual([1, 0, 1]);
    expect(world.servers.map(({ used }) => used)).toEqual([0, 0, 0]);
    const [placed] = world.ofType("placed").filter(({ where }) => where !== "local");
    expect(placed?.at).toBe((world.ofType("quoted")[0]?.at as number) + 2);
  });

  it("a host that does not answer is waited for quoteMs from the first bid; its late BID is released", () => {
    const slow = { twist: (message: { type: string }) => (message.type === "BID" ? [] : [message as never]) };
    const world = new FakeWorld(planOf([WAIT, ["work=5"]], 2), { servers: [slow, {}] }).run();
    const [bid] = world.ofType("bid");
    const placed = world.ofType("placed").find(({ where }) => where !== "local");
    expect(placed?.at).toBe((bid?.at ?? 0) + 1_000);
    expect(winners(world)).toEqual(["local", 1]);
  });

  it("a BID that comes too late is released as soon as it is known", () => {
    const world = new FakeWorld(planOf([WAIT, ["work=9000"]], 2), { options: { quoteMs: 5, speculate: false } });
    const [slow] = world.servers;
    const say = slow?.say.bind(slow);
    if (slow !== undefined) {
      slow.say = (message) => (message.type === "BID" ? world.after(500, () => say?.(message)) : say?.(message));
    }
    world.run();
    expect(heard(world, 0, "RELEASE")).toHaveLength(1);
    expect(slow?.used).toBe(0);
  });

  it("R51: a host that is full is not asked again before its time, or before a slot of it is free", () => {
    const world = new FakeWorld(planOf([WAIT, ["work=300", "work=300", "work=300"]]), {}).run();
    expect(heard(world, 0, "QUOTE")).toHaveLength(3);
    expect(world.ofType("refused")).toEqual([]);
  });

  it("R51: no bidding goes around a host that another one holds", () => {
    const servers = [{ chargeMs: 900 }, {}];
    const world = new FakeWorld(planOf([WAIT, ["work=5", "work=5"]], 2), {
      servers,
      options: { policy: "finish" },
    }).run();
    // Asked at once, the second action would have been refused by both; asked behind the first, it is told the truth.
    expect(world.ofType("refused")).toEqual([]);
    expect(winners(world)).toEqual(["local", 1, 0]);
  });

  it("unknown actions come first, as they stand in the Rakefile, then the longest", () => {
    const learned = { workMs: { "work=#": 0, "a work=#": 100, "b work=#": 900 }, hosts: {} };
    const commands = ["a work=5", "b work=6", "c work=7", "d work=8"];
    const world = new FakeWorld(planOf([WAIT, commands]), { learned }).run();
    expect(world.servers[0]?.ran).toEqual(["c work=7", "d work=8", "b work=6", "a work=5"]);
  });

  it("a host without the resource is not asked", () => {
    const plan = planOf([WAIT, [{ command: "work=5", on: ["gpu"] }]], 2);
    const world = new FakeWorld(plan, { servers: [{}, { resources: ["gpu"], chargeMs: 99 }] }).run();
    expect(winners(world)).toEqual(["local", 1]);
    expect(heard(world, 0, "QUOTE")).toEqual([]);
  });
});

describe("R29, R30: what was learned", () => {
  const kind = "cc work=#";

  it("R30: the duration of a kind is asked with, and learned times the host's speed", () => {
    const world = new FakeWorld(planOf([["cc work=400"]]), {
      servers: [{ speed: 2 }],
      learned: { workMs: { [kind]: 100 }, hosts: {} },
    }).run();
    expect(heard(world, 0, "QUOTE")).toMatchObject([{ workMs: 100 }]);
    expect(world.machine.learned.workMs[kind]).toBeCloseTo(100 * 0.7 + 400 * 0.3, 0);
  });

  it("R29: the run's part of a price is corrected by what runs took there", () => {
    const learned = { workMs: { [kind]: 100 }, hosts: { "host0:6238": { slowdown: 4, bytesPerSecond: 0 } } };
    const world = new FakeWorld(planOf([WAIT, ["cc work=100"]], 2), {
      learned,
      servers: [{}, { chargeMs: 150 }],
    }).run();
    expect(world.ofType("bid").map(({ host, priceMs }) => [host, priceMs])).toEqual([
      [0, 400],
      [1, 250],
    ]);
    expect(winners(world)).toEqual(["local", 1]);
  });

  it("R30: a host that takes longer than it says is believed less, between 1/8 and 8", () => {
    const learned = { workMs: { [kind]: 100 }, hosts: {} };
    const world = new FakeWorld(planOf([["cc work=90000"]]), { learned }).run();
    expect(world.machine.learned.hosts["host0:6238"]?.slowdown).toBeCloseTo(0.7 + 8 * 0.3, 5);
  });

  it("R30: bandwidth is learned from uploads above 64 KiB, and prices what is missing", () => {
    const big = "x".repeat(200_000);
    const plan = planOf([[{ command: "work=5", requires: ["big"] }], [{ command: "work=5", requires: ["other"] }]]);
    const world = new FakeWorld(plan, { files: { big, other: `y${big}` } }).run();
    const rate = world.machine.learned.hosts["host0:6238"]?.bytesPerSecond ?? 0;
    expect(rate).toBeGreaterThan(0);
    const [, second] = world.ofType("bid");
    expect(second?.priceMs).toBeLessThan(second?.parts.transferMs as number);
    expect(second?.missingBytes).toBe(200_001);
  });
});

describe("R28: rules of bidding are pure functions", () => {
  const bid = (host: number, priceMs: number, running = 0): BidView => ({
    ...{ host, priceMs, running, runMs: priceMs, slots: 1, speed: 1_000 },
  });
  const ask = (
    name: keyof typeof POLICIES,
    bids: BidView[],
    busy: { endsMs: number[]; runMs: number }[] = [],
    waiting = 0,
  ) =>
    POLICIES[name].choose({
      ...{ bids, waiting, random: () => 0.9 },
      busy: busy.map((one, index) => ({ host: 8 + index, speed: 1, slots: 1, ...one })),
    });

  it.each([
    ["first", 0],
    ["random", 2],
    ["running", 1],
    ["finish", 2],
    ["patient", 2],
  ] as const)("%s", (name, host) => {
    expect(ask(name, [bid(0, 30, 2), bid(1, 20, 0), bid(2, 10, 1)])).toMatchObject({ host });
  });

  it("patient waits for a host that would still be sooner, unless enough others wait", () => {
    const fast = [{ endsMs: [10], runMs: 10 }];
    expect(ask("patient", [bid(0, 50)], fast)).toBe("wait");
    expect(ask("patient", [bid(0, 50)], fast, 2)).toBe("wait");
    expect(ask("patient", [bid(0, 50)], fast, 3)).toMatchObject({ host: 0 });
    expect(ask("patient", [bid(0, 15)], fast)).toMatchObject({ host: 0 });
    expect(ask("patient", [bid(0, 50)], [{ endsMs: [], runMs: 1 }])).toMatchObject({ host: 0 });
  });

  it("who waits is asked again: nothing waits for a slot that never comes", () => {
    const servers = [{ speed: 8 }, { speed: 1 }];
    const world = new FakeWorld(planOf([WAIT, ["work=80000", "work=100"]], 2), {
      servers,
      options: { speculate: false },
    }).run();
    expect(winners(world)).toEqual(["local", 0, 1]);
    expect(world.now).toBeLessThan(12_000);
  });
});
