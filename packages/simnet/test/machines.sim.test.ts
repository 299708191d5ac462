/** What may happen to the machine around a program: it sleeps, its wall clock is set, its disk takes its time. */
import { expect, it } from "vitest";
import { type DiskOptions, type Fault, type Unsynced, World } from "../src/core/index.js";
import { datagramProbe, kinds, type Probe, payload, probe } from "./probe.js";
import { client, server } from "./transfer.js";

it("N72: while a machine sleeps its clock stands, its wall clock goes on, and nothing arrives", () => {
  const walls: number[] = [];
  const node = probe((input, _now, { wallClock }) => {
    walls.push(wallClock());
    return input.type === "start" ? [{ type: "bind", port: 2 }] : undefined;
  });
  const faults: Fault[] = [{ type: "suspend", node: "b", atMs: 150, forMs: 1_000 }];
  const world = new World({ nodes: { a: datagramProbe().create, b: node.create }, faults, wallStartMs: 5_000 });
  for (const atMs of [100, 200, 1_100, 1_200]) world.command("a", { to: "b", bytes: payload(1) }, atMs);
  world.run();
  const arrived = node.told.flatMap(({ now, input }) => (input.type === "datagram" ? [now] : []));
  expect(arrived).toEqual([100, 200]); // at 100 and at 1,200 of the world
  expect(walls).toEqual([5_000, 5_100, 6_200]);
  expect(world.trace.filter(({ type }) => type === "datagram-lost")).toHaveLength(2);
});

it("N72: timers and what was asked for later wait for the clock of a machine that sleeps", () => {
  const node = probe((input) => {
    if (input.type === "tick") node.deadline = undefined;
    return input.type === "start" ? [{ type: "later", afterMs: 300, token: 1 }] : undefined;
  });
  node.deadline = 200;
  const at: number[] = [];
  const world = new World({
    nodes: { a: node.create },
    faults: [{ type: "suspend", node: "a", atMs: 100, forMs: 5_000 }],
    onStep: ({ now }) => void at.push(now),
  });
  world.run();
  expect(node.told.map(({ now, input }) => [now, input.type])).toEqual([
    [0, "start"],
    [200, "tick"],
    [300, "later"],
  ]);
  expect(at.slice(-2)).toEqual([5_200, 5_300]);
});

it("N72: a connection outlives a sleep: what was lost meanwhile is sent again, in both directions", () => {
  const sent = payload(30_000);
  const [from, to] = [client({ writes: [sent] }), server({ writes: [sent] })];
  const nodes = { server: to.probe.create, client: from.probe.create };
  const faults: Fault[] = [
    { type: "suspend", node: "server", atMs: 15, forMs: 3_000 },
    { type: "suspend", node: "client", atMs: 4_000, forMs: 2_000 },
  ];
  new World({ nodes, faults, impairments: { latencyMs: 5 } }).run();
  expect([to.closed, from.closed, to.received.length, from.received.length]).toEqual([
    "ended",
    "ended",
    30_000,
    30_000,
  ]);
});

it("N72: sleeps that overlap end together, and a crash ends them", () => {
  const node = probe();
  const faults: Fault[] = [
    { type: "suspend", node: "a", atMs: 100, forMs: 200 },
    { type: "suspend", node: "a", atMs: 200, forMs: 300 },
    { type: "suspend", node: "a", atMs: 1_000, forMs: 1_000 },
    { type: "crash", node: "a", atMs: 1_200, restartAfterMs: 0 },
  ];
  const world = new World({ nodes: { a: node.create }, faults });
  world.run({ untilMs: 400 });
  expect([world.clockOf("a"), world.node("a").state]).toEqual([100, "paused"]);
  world.run({ untilMs: 600 });
  expect([world.clockOf("a"), world.node("a").state]).toEqual([200, "up"]);
  world.run({ untilMs: 1_300 });
  expect([world.clockOf("a"), world.node("a").state]).toEqual([700, "up"]); // 600 when it fell asleep, and 100 since
});

it("N73: a wall clock may be ahead, and be set forward and back; the node's own clock knows nothing of it", () => {
  const faults: Fault[] = [
    { type: "wall", node: "a", atMs: 100, byMs: 3_600_000 },
    { type: "wall", node: "a", atMs: 200, byMs: -7_200_000 },
  ];
  const nodes = { a: { create: probe().create, wallOffsetMs: 500, rate: 1.5 } };
  const world = new World({ nodes, faults, wallStartMs: 1e12 });
  const read = (untilMs: number): number => {
    world.run({ untilMs });
    return world.wallOf("a") - 1e12;
  };
  expect([read(50), read(150), read(250)]).toEqual([550, 3_600_650, -3_599_250]);
  expect(world.clockOf("a")).toBe(375);
});

/** Stores a number at every command, says what was found at its start and when it was told that it is stored. */
function storing(): Probe & { readonly found: unknown[] } {
  const found: unknown[] = [];
  const self = probe((input, _now, { durable }) => {
    if (input.type === "start") found.push(durable.get("key"));
    if (input.type !== "command") return undefined;
    return [{ type: "store", key: "key", value: input.command, token: input.command }];
  });
  return Object.assign(self, { found });
}

const told = ({ told: all }: Probe): unknown[] =>
  all.flatMap(({ now, input }) =>
    input.type === "stored" || input.type === "storeFailed" ? [[now, input.type, input.token]] : [],
  );

it("N74: a disk writes one after another, each in its time, and then says so", () => {
  const node = storing();
  const disk: DiskOptions = { latencyMs: 100 };
  const seen: unknown[] = [];
  const world = new World({
    nodes: { a: { create: node.create, disk } },
    faults: [{ type: "disk", node: "a", atMs: 500, disk: { latencyMs: 400, fails: true } }],
    onStep: () => void seen.push(world.node("a").durable.get("key")),
  });
  world.command("a", "one", 10);
  world.command("a", "two", 20);
  world.command("a", "three", 600);
  world.run({ untilMs: 109 });
  expect(seen.at(-1)).toBeUndefined();
  world.run();
  expect(told(node)).toEqual([
    [110, "stored", "one"],
    [210, "stored", "two"],
    [1_000, "storeFailed", "three"],
  ]);
  expect(seen.at(-1)).toBe("two");
});

it("N74: jitter and stalls are drawn for each write", () => {
  const node = storing();
  const disk: DiskOptions = { latencyMs: 10, jitterMs: 10, stall: 0.2, stallMs: 500 };
  const world = new World({ nodes: { a: { create: node.create, disk } } });
  for (let index = 0; index < 50; index++) world.command("a", index, index * 1_000);
  world.run();
  const took = (told(node) as [number][]).map(([now]) => now % 1_000);
  expect(took.every((ms) => ms >= 10 && ms < 520 && (ms <= 20 || ms >= 510))).toBe(true);
  expect(new Set(took).size).toBeGreaterThan(40);
  expect(took.filter((ms) => ms > 500).length).toBeGreaterThan(2);
});

it.each<[Unsynced | undefined, unknown, unknown]>([
  [undefined, "new", "old"],
  ["lost", "new", "old"],
  ["written", "new", "new"],
  ["torn", "new", undefined],
  ["torn", Uint8Array.of(1, 2, 3), "a prefix"],
])("N74: a crash while a write is under way: %s", (unsynced, value, expected) => {
  const node = storing();
  const crash: Fault = { type: "crash", node: "a", atMs: 250, restartAfterMs: 100 };
  const world = new World({
    nodes: { a: { create: node.create, disk: { latencyMs: 100 } } },
    faults: [unsynced === undefined ? crash : { ...crash, unsynced }],
  });
  world.command("a", "old", 10);
  world.command("a", value, 200);
  world.command("a", "behind it", 210);
  world.run();
  const [, found] = node.found;
  if (expected !== "a prefix") expect(found).toBe(expected);
  else {
    const length = (found as Uint8Array).length;
    expect(length).toBeLessThan(3);
    expect([...(found as Uint8Array)]).toEqual([1, 2, 3].slice(0, length));
  }
  expect(told(node)).toEqual([[110, "stored", "old"]]);
});

it.each([
  [{ latencyMs: -1 }, /latencyMs/],
  [{ stall: 2 }, /stall/],
  [{ speed: 1 }, /speed/],
])("N74: a disk that cannot be is refused: %o", (disk, message) => {
  expect(() => new World({ nodes: { a: { create: probe().create, disk: disk as DiskOptions } } })).toThrow(message);
});

it.each([
  ["messages", ["datagram", "datagram", "tick"]],
  ["timers", ["tick", "datagram", "datagram"]],
] as const)("N75: after a pause, %s first", (first, expected) => {
  const node = probe((input) => {
    if (input.type === "tick") node.deadline = undefined;
    return input.type === "start" ? [{ type: "bind", port: 2 }] : undefined;
  });
  node.deadline = 200;
  const faults: Fault[] = [{ type: "pause", node: "b", atMs: 50, forMs: 500, first }];
  const world = new World({ nodes: { a: datagramProbe().create, b: node.create }, faults });
  for (const atMs of [100, 300]) world.command("a", { to: "b", bytes: payload(1) }, atMs);
  world.run();
  expect(kinds(node.told)).toEqual(expected);
});

it.each([
  ["messages", ["bytes", "bytes", "bytes", "tick"]],
  ["timers", ["tick", "bytes", "bytes", "bytes"]],
] as const)("N75: after a pause, %s first, where they are those of connections", (first, expected) => {
  const to = probe((input) => {
    if (input.type === "tick") to.deadline = undefined;
    return input.type === "start" ? [{ type: "listen", port: 80 }] : undefined;
  });
  to.deadline = 200;
  const from = probe((input) => {
    if (input.type === "start") return [{ type: "connect", connection: 0, to: { node: "b", port: 80 } }];
    return input.type === "command" ? [{ type: "write", connection: 0, bytes: payload(5) }] : undefined;
  });
  const faults: Fault[] = [{ type: "pause", node: "b", atMs: 50, forMs: 500, first }];
  const world = new World({ nodes: { b: to.create, a: from.create }, faults });
  for (const atMs of [100, 200, 300]) world.command("a", "write", atMs);
  world.run({ untilMs: 700 });
  expect(kinds(to.told).filter((kind) => kind !== "accepted")).toEqual(expected);
});
