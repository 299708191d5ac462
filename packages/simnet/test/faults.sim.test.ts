import { expect, it } from "vitest";
import { type CreateProgram, type Fault, type FaultSchedule, World, type WorldOptions } from "../src/core/index.js";
import { datagramProbe, kinds, type Probe, payload, probe } from "./probe.js";

/** Node `a` sends one datagram of its number's length to `b` at every 100 ms; what `b` is told of them. */
function tenDatagrams(
  faults: FaultSchedule,
  options: WorldOptions = {},
): { b: Probe; world: World; lengths: number[]; times: number[] } {
  const [a, b] = [datagramProbe(), datagramProbe()];
  const world = new World({ nodes: { a: a.create, b: b.create }, faults, ...options });
  for (let index = 1; index <= 10; index++) world.command("a", { to: "b", bytes: payload(index) }, index * 100);
  world.run();
  const got = b.told.flatMap(({ now, input }) =>
    input.type === "datagram" ? [{ now, length: input.bytes.length }] : [],
  );
  return { b, world, lengths: got.map(({ length }) => length), times: got.map(({ now }) => now) };
}

const all = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

it.each<[string, Fault, number[]]>([
  ["drop", { type: "drop", from: "a", to: "b", index: 3 }, [1, 2, 4, 5, 6, 7, 8, 9, 10]],
  ["duplicate", { type: "duplicate", from: "a", to: "b", index: 3, afterMs: 250 }, [1, 2, 3, 4, 5, 3, 6, 7, 8, 9, 10]],
  ["delay", { type: "delay", from: "a", to: "b", index: 3, byMs: 250 }, [1, 2, 4, 5, 3, 6, 7, 8, 9, 10]],
  ["a fault of the other direction", { type: "drop", from: "b", to: "a", index: 3 }, all],
])("N20: %s", (_, fault, lengths) => {
  expect(tenDatagrams([fault]).lengths).toEqual(lengths);
});

it("N20: two faults may hit one packet", () => {
  const both: Fault[] = [
    { type: "duplicate", from: "a", to: "b", index: 1, afterMs: 50 },
    { type: "corrupt", from: "a", to: "b", index: 1, byte: 0, mask: 1 },
  ];
  const { b } = tenDatagrams(both);
  const first = b.told.flatMap(({ input }) =>
    input.type === "datagram" && input.bytes.length === 1 ? [[...input.bytes]] : [],
  );
  expect(first).toEqual([[1], [1]]); // sent as 0
});

it.each<[string, Fault[], number[]]>([
  ["heals", [{ type: "cut", from: "a", to: "b", atMs: 250, forMs: 300 }], [1, 2, 6, 7, 8, 9, 10]],
  ["is for ever", [{ type: "cut", from: "b", to: "a", atMs: 250 }], [1, 2]],
  ["is of the way back alone", [{ type: "cut", from: "b", to: "a", atMs: 250, oneWay: true }], all],
  [
    "overlaps another",
    [
      { type: "cut", from: "a", to: "b", atMs: 150, forMs: 300 },
      { type: "cut", from: "a", to: "b", atMs: 250, forMs: 400, oneWay: true },
    ],
    [1, 7, 8, 9, 10],
  ],
])("N21: a cut %s", (_, faults, lengths) => {
  expect(tenDatagrams(faults).lengths).toEqual(lengths);
});

it("N21: what was on its way when the link is cut arrives", () => {
  const cut: Fault = { type: "cut", from: "a", to: "b", atMs: 250 };
  expect(tenDatagrams([cut], { impairments: { latencyMs: 80 } }).times).toEqual([180, 280]);
});

/** Stores how often it was started, and asks for something later. */
function storing(): Probe {
  const self = probe((input, _now, { durable }) => {
    if (input.type !== "start") return undefined;
    const starts = ((durable.get("starts") as number | undefined) ?? 0) + 1;
    durable.set("starts", starts);
    self.deadline = undefined;
    return [
      { type: "bind", port: 2 },
      { type: "later", afterMs: 500, token: starts },
    ];
  });
  return self;
}

it.each([
  ["keeps", "kept", [1, 2]],
  ["loses", "lost", [1, 1]],
] as const)(
  "N22: a crash takes the program and all that waits for it, and %s what was stored",
  (_, durable, starts) => {
    const node = storing();
    const sent: number[] = [];
    const world = new World({
      nodes: { a: datagramProbe().create, b: node.create },
      faults: [{ type: "crash", node: "b", atMs: 200, restartAfterMs: 1_000, durable }],
      onStep: () => sent.push(world.node("b").durable.get("starts") as number),
    });
    world.command("b", "unheard", 300);
    world.command("b", "heard", 1_300);
    world.run({ untilMs: 199 });
    expect(world.program("b")).toBeDefined();
    world.run({ untilMs: 1_000 });
    expect([world.program("b"), world.node("b").state]).toEqual([undefined, "down"]);
    world.run();
    const later = node.told.flatMap(({ now, input }) => (input.type === "later" ? [[now, input.token]] : []));
    expect(later).toEqual([[1_700, starts[1]]]);
    expect(node.told.filter(({ input }) => input.type === "command")).toHaveLength(1);
    expect(node.told.filter(({ input }) => input.type === "start").map(({ incarnation }) => incarnation)).toEqual([
      1, 2,
    ]);
  },
);

it("N79: a crash that takes the host is followed by another boot, one of the program alone is not", () => {
  const boots: string[] = [];
  const create: CreateProgram = ({ incarnation, boot }) => {
    boots.push(`${incarnation}: ${boot}`);
    return { handle: () => [], nextDeadline: () => undefined };
  };
  const crash = { type: "crash", node: "a", restartAfterMs: 1 } as const;
  const faults: Fault[] = [
    { ...crash, atMs: 10, host: "up" },
    { ...crash, atMs: 20, host: "down" },
    { ...crash, atMs: 30, host: "up" },
    { ...crash, atMs: 40 },
  ];
  new World({ nodes: { a: create }, faults }).run();
  expect(boots).toEqual(["1: 1", "2: 1", "3: 2", "4: 2", "5: 3"]);
});

it("N22: a node that crashes again before its restart is restarted once", () => {
  const node = storing();
  const crash = (atMs: number): Fault => ({ type: "crash", node: "b", atMs, restartAfterMs: 100 });
  new World({ nodes: { b: node.create }, faults: [crash(10), crash(50)] }).run();
  expect(node.told.filter(({ input }) => input.type === "start")).toHaveLength(2);
});

it("N23: what comes during a pause is given afterwards, in order, and then the missed deadline", () => {
  const node = datagramProbe();
  const [a] = [datagramProbe()];
  const world = new World({
    nodes: { a: a.create, b: node.create },
    faults: [
      { type: "pause", node: "b", atMs: 150, forMs: 300 },
      { type: "pause", node: "b", atMs: 250, forMs: 400 },
    ],
  });
  world.run({ untilMs: 1 });
  node.deadline = 400;
  for (const at of [100, 200, 300, 650]) world.command("a", { to: "b", bytes: payload(at / 50) }, at);
  world.command("b", { to: "a", bytes: payload(1) }, 350);
  world.run({ untilMs: 649 });
  expect(world.node("b").state).toBe("paused");
  world.run({ untilMs: 650, until: () => kinds(node.told).includes("tick") });
  const told = node.told
    .slice(1)
    .map(({ now, input }) => [now, input.type === "datagram" ? input.bytes.length : input.type]);
  expect(told).toEqual([
    [100, 2],
    [650, 4],
    [650, 6],
    [650, "command"],
    [650, 13],
    [650, "tick"],
  ]);
});

it("N23: a host acknowledges and buffers for its paused program", () => {
  const server = probe((input) => (input.type === "start" ? [{ type: "listen", port: 80 }] : undefined));
  const client = probe((input) => {
    if (input.type === "start") return [{ type: "connect", connection: 1, to: { node: "s", port: 80 } }];
    return input.type === "connected" ? [{ type: "write", connection: 1, bytes: payload(5_000) }] : undefined;
  });
  const world = new World({
    nodes: { s: server.create, c: client.create },
    faults: [{ type: "pause", node: "s", atMs: 0, forMs: 90_000 }],
    streams: { timeoutMs: 1_000 },
  });
  world.run();
  expect(kinds(client.told)).toEqual(["connected"]);
  expect(kinds(server.told)).toEqual(["accepted", "bytes", "bytes", "bytes", "bytes"]);
  expect(server.told.slice(1).every(({ now }) => now === 90_000)).toBe(true);
});

it.each<[string, Fault[], number]>([
  ["forward", [{ type: "skew", node: "a", atMs: 500, byMs: 200 }], 800],
  ["back", [{ type: "skew", node: "a", atMs: 500, byMs: -200 }], 1_200],
  ["faster", [{ type: "drift", node: "a", atMs: 500, rate: 2 }], 750],
  ["slower", [{ type: "drift", node: "a", atMs: 500, rate: 0.5 }], 1_500],
])("N5, N24: a clock that is changed (%s) moves the deadline and what is to come later with it", (_, faults, at) => {
  const node = probe((input) => {
    if (input.type === "tick") node.deadline = undefined;
    return input.type === "start" ? [{ type: "later", afterMs: 1_000, token: 1 }] : undefined;
  });
  node.deadline = 1_000;
  const world = new World({ nodes: { a: node.create }, faults });
  world.run({ until: () => kinds(node.told).length === 2 });
  expect(kinds(node.told).sort()).toEqual(["later", "tick"]);
  expect(world.now).toBeCloseTo(at, 6);
  expect(node.told.at(-1)?.now).toBeGreaterThanOrEqual(1_000);
});

it("N24: a reset breaks every connection between the two, for both", () => {
  const server = probe((input) => (input.type === "start" ? [{ type: "listen", port: 80 }] : undefined));
  const client = probe((input) => {
    if (input.type !== "start") return undefined;
    return [1, 2].map((connection) => ({ type: "connect", connection, to: { node: "s", port: 80 } }));
  });
  const world = new World({
    nodes: { s: server.create, c: client.create },
    faults: [{ type: "reset", from: "s", to: "c", atMs: 10 }],
  });
  world.run();
  expect(kinds(client.told)).toEqual(["connected", "connected", "closed", "closed"]);
  expect(kinds(server.told)).toEqual(["accepted", "accepted", "closed", "closed"]);
});

it("N24: a link's impairments change at their time, in their direction", () => {
  const change: Fault = { type: "link", from: "a", to: "b", atMs: 550, impairments: { latencyMs: 30 } };
  expect(tenDatagrams([change]).times).toEqual([100, 200, 300, 400, 500, 630, 730, 830, 930, 1_030]);
  expect(tenDatagrams([{ ...change, from: "b", to: "a" }]).times.at(-1)).toBe(1_000);
});

it.each<[object, RegExp]>([
  [{ type: "drop", from: "a", to: "x", index: 1 }, /to must name a node, not x/],
  [{ type: "drop", from: "a", to: "b", index: 0 }, /index must be an integer from 1/],
  [{ type: "cut", from: "a", to: "b", atMs: -1 }, /atMs must be a finite number from 0/],
  [{ type: "cut", from: "a", to: "b", atMs: 0, forMs: Number.NaN }, /forMs/],
  [{ type: "crash", node: "a", atMs: 0, durable: "some" }, /durable must be one of kept, lost/],
  [{ type: "crash", atMs: 0 }, /node must name a node/],
  [{ type: "corrupt", from: "a", to: "b", index: 1, byte: 0, mask: 0 }, /mask must be an integer from 1 to 255/],
  [{ type: "drift", node: "a", atMs: 0, rate: 0 }, /rate/],
  [{ type: "link", from: "a", to: "b", atMs: 0, impairments: { drop: 2 } }, /drop must be from 0 to 1/],
  [{ type: "quake", node: "a", atMs: 0 }, /type must be one of/],
])("N19: a wrong fault is refused by its field: %j", (fault, message) => {
  const nodes = { a: probe().create, b: probe().create };
  expect(() => new World({ nodes, faults: [fault as Fault] })).toThrow(message);
  expect(() => new World({ nodes, faults: [fault as Fault] })).toThrow(JSON.stringify(fault));
});
