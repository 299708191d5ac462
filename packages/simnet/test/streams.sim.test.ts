import { expect, it } from "vitest";
import { type Fault, type NodeOutput, type StreamOptions, World, type WorldOptions } from "../src/core/index.js";
import { kinds, payload, probe } from "./probe.js";
import { client, type Side, type SideOptions, server } from "./transfer.js";

interface Outcome {
  readonly world: World;
  readonly c: Side;
  readonly s: Side;
}

function transfer(c: Partial<SideOptions>, s: Partial<SideOptions>, options: WorldOptions = {}): Outcome {
  const sides = { c: client({ writes: [], ...c }), s: server({ writes: [], ...s }) };
  const nodes = { server: sides.s.probe.create, client: sides.c.probe.create };
  return { world: new World({ nodes, impairments: { latencyMs: 50 }, ...options }), ...sides };
}

/** When a side was first told something of a kind, by its own clock. */
function toldAt(side: Side, kind: string): number | undefined {
  return side.probe.told.find(({ input }) => input.type === kind)?.now;
}

it("N12: connecting takes a journey there and back, and the server learns of it another one later", () => {
  const { world, c, s } = transfer({}, {});
  world.run();
  expect([toldAt(c, "connected"), toldAt(s, "accepted")]).toEqual([100, 150]);
  expect(s.probe.told.find(({ input }) => input.type === "accepted")?.input).toEqual({
    type: "accepted",
    connection: -1,
    from: { node: "client", port: 49_152 },
    port: 80,
  });
});

it.each([
  ["nobody listens", {}, "refused", 100],
  ["the host is down", { faults: [{ type: "crash", node: "other", atMs: 0 }] }, "timeout", 10_000],
  ["the link is cut", { faults: [{ type: "cut", from: "client", to: "other", atMs: 0 }] }, "timeout", 10_000],
  [
    "no answer comes back",
    { faults: [{ type: "cut", from: "other", to: "client", atMs: 0, oneWay: true }] },
    "timeout",
    10_000,
  ],
  [
    "the limit is two seconds",
    { faults: [{ type: "crash", node: "other", atMs: 0 }], streams: { connectTimeoutMs: 2_000 } },
    "timeout",
    2_000,
  ],
] as [string, { faults?: Fault[]; streams?: StreamOptions }, string, number][])(
  "N12: a connection fails where %s",
  (_, options, why, at) => {
    const c = client({ writes: [payload(3)] }, "other");
    const world = new World({
      nodes: { other: probe().create, client: c.probe.create },
      impairments: { latencyMs: 50 },
      ...options,
    });
    expect(world.run()).toBe("idle");
    expect(c.probe.told.at(-1)).toMatchObject({ now: at, input: { type: "failed", connection: 1, why } });
  },
);

it("N12: a lost opening is sent again", () => {
  const { world, c } = transfer({}, {}, { faults: [{ type: "drop", from: "client", to: "server", index: 1 }] });
  world.run();
  expect([toldAt(c, "connected"), c.closed]).toEqual([1_100, "ended"]); // the first timeout is a second
});

it("N12: who asks takes no later word for the answer: a server that dies before its answer arrives refuses", () => {
  // The answer, its repetition and the reset are lost; what else the server says arrives.
  const faults: Fault[] = [
    ...[1, 2, 3].map((index) => ({ type: "drop", from: "server", to: "client", index }) as const),
    { type: "crash", node: "server", atMs: 1_800, restartAfterMs: 5, host: "up" },
  ];
  const { world, c } = transfer({}, {}, { faults });
  world.run({ untilMs: 60_000 });
  expect(c.probe.told.at(-1)).toMatchObject({ input: { type: "failed", why: "refused" } });
});

it("N13: who has ended may still read", () => {
  const { world, c, s } = transfer({ writes: [payload(10)] }, { writes: [payload(2_000)], endsLast: true });
  world.run();
  expect(c.received).toEqual([...payload(2_000)]);
  expect([c.closed, s.closed]).toEqual(["ended", "ended"]);
});

it("N13: a side that does not end leaves the other open", () => {
  const s = server({ writes: [], endsLast: true });
  const c = probe((input) =>
    input.type === "start" ? [{ type: "connect", connection: 1, to: { node: "server", port: 80 } }] : undefined,
  );
  const world = new World({ nodes: { server: s.probe.create, c: c.create } });
  expect(world.run()).toBe("idle");
  expect([kinds(c.told), kinds(s.probe.told)]).toEqual([["connected"], ["accepted"]]);
});

it("N11: a lost segment holds up what is behind it, and nothing is lost", () => {
  const arrivals = (faults: Fault[]): (readonly [number, number])[] => {
    const { world, s } = transfer({ writes: [payload(500, 1), payload(500, 2)] }, {}, { faults });
    world.run();
    expect(s.received).toEqual([...payload(500, 1), ...payload(500, 2)]);
    return s.probe.told.flatMap(({ now, input }) =>
      input.type === "bytes" ? [[now, input.bytes.length] as const] : [],
    );
  };
  expect(arrivals([])).toEqual([
    [150, 500],
    [150, 500],
  ]);
  // The opening is packet 1; the round trip is 100 ms, so the timer is at 100 + 4 * 50.
  expect(arrivals([{ type: "drop", from: "client", to: "server", index: 2 }])).toEqual([
    [450, 500],
    [450, 500],
  ]);
});

it("N11: a corrupted segment is never seen", () => {
  const faults: Fault[] = [{ type: "corrupt", from: "client", to: "server", index: 2, byte: 0, mask: 255 }];
  const { world, s } = transfer({ writes: [payload(500)] }, {}, { faults });
  world.run();
  expect(s.received).toEqual([...payload(500)]);
  expect(world.trace).toContainEqual(expect.objectContaining({ type: "stream-lost", why: "corrupt", at: 150 }));
});

it("N14: a reset loses what was not read, and only the other side is told", () => {
  const c = probe((input) => {
    if (input.type === "start") return [{ type: "connect", connection: 1, to: { node: "server", port: 80 } }];
    if (input.type !== "command") return undefined;
    return [
      { type: "write", connection: 1, bytes: payload(10) },
      { type: "reset", connection: 1 },
      { type: "write", connection: 1, bytes: payload(1) },
    ];
  });
  const s = server({ writes: [payload(10)], endsLast: true });
  const world = new World({ nodes: { server: s.probe.create, c: c.create }, impairments: { latencyMs: 50 } });
  world.command("c", "reset", 1_000);
  world.run();
  expect(kinds(c.told)).toEqual(["connected", "bytes", "command"]);
  expect(s.probe.told.at(-1)).toMatchObject({ now: 1_050, input: { type: "closed", connection: -1, why: "reset" } });
});

it("N15: a receiver that pauses fills its buffer, then the sender's, and loses nothing when it reads again", () => {
  const whole = payload(10_000);
  const s = probe((input) => {
    if (input.type === "start") return [{ type: "listen", port: 80 }];
    if (input.type === "accepted") return [{ type: "pause", connection: input.connection }];
    if (input.type === "command") return [{ type: "resume", connection: -1 }];
    return undefined;
  });
  const c = client({ writes: [whole] });
  const streams = { receiveBufferBytes: 1_000, sendBufferBytes: 3_000, timeoutMs: 5_000 };
  const world = new World({
    nodes: { server: s.create, client: c.probe.create },
    impairments: { latencyMs: 50 },
    streams,
  });
  world.run({ untilMs: 100_000 });
  expect(kinds(s.told)).toEqual(["accepted"]);
  expect(world.unsentBytes("client", 1)).toBe(9_000); // the other side has told of no more room
  world.command("server", "resume");
  world.run();
  const bytes = s.told.flatMap(({ input }) => (input.type === "bytes" ? [...input.bytes] : []));
  expect(bytes).toEqual([...whole]);
  expect(kinds(s.told).slice(-1)).toEqual(["end"]);
});

it("N15: no more than the send buffer is on its way", () => {
  const { world, s } = transfer({ writes: [payload(10_000)] }, {}, { streams: { sendBufferBytes: 3_000 } });
  world.run({ untilMs: 149 });
  expect(world.unsentBytes("client", 1)).toBe(7_000);
  world.run();
  expect(s.received).toHaveLength(10_000);
});

it.each([
  [0, [5], 1],
  [0, [5, 5], 1],
  [4, [5], 1],
  [5, [5], 0],
  [5_000, [20_000], 1],
])(
  "N15: with a high-water mark of %i, writes of %j are followed by so many drained: %i",
  (highWaterBytes, lengths, count) => {
    const { world, c } = transfer(
      { writes: lengths.map((length) => payload(length)) },
      {},
      { streams: { highWaterBytes, sendBufferBytes: 4_000 } },
    );
    world.run();
    const drained = c.probe.told.filter(({ input }) => input.type === "drained");
    expect(drained).toHaveLength(count);
    if (lengths[0] === 20_000) expect(drained[0]?.now).toBe(500); // the last 4,000 leave with the fourth round trip
  },
);

it("N16: a partition that heals in time delays, one that does not ends in a timeout", () => {
  const cut = (forMs: number): Outcome => {
    const faults: Fault[] = [{ type: "cut", from: "client", to: "server", atMs: 90, forMs }];
    const outcome = transfer({ writes: [payload(100)] }, {}, { faults, streams: { timeoutMs: 8_000 } });
    outcome.world.run();
    return outcome;
  };
  const short = cut(5_000);
  expect(short.s.received).toEqual([...payload(100)]);
  expect([short.c.closed, short.s.closed]).toEqual(["ended", "ended"]);
  const long = cut(60_000);
  expect(long.c.closed).toBe("timeout");
  expect(long.c.probe.told.at(-1)?.now).toBe(8_100);
});

it("N16: a side that waits for nothing notices nothing of a partition", () => {
  const { world, c } = transfer(
    { writes: [payload(10)], endsLast: true },
    { endsLast: true },
    {
      faults: [{ type: "cut", from: "client", to: "server", atMs: 1_000 }],
    },
  );
  expect(world.run()).toBe("idle");
  expect(c.closed).toBeUndefined();
});

it.each([
  ["at once where the host goes on", { host: "up" }, "reset", 1_050],
  ["with its next segment once the host is back", { restartAfterMs: 3_000 }, "reset", 5_100],
  ["not at all while the host is away, but for the timeout", {}, "timeout", 65_000],
] as const)("N17: of a crash the other side hears %s", (_, how, why, at) => {
  let now = 0;
  const c = probe((input, at) => {
    now = at;
    if (input.type === "start") return [{ type: "connect", connection: 1, to: { node: "server", port: 80 } }];
    if (input.type === "command") return [{ type: "write", connection: 1, bytes: payload(1) }];
    return undefined;
  });
  const world = new World({
    nodes: { server: server({ writes: [], endsLast: true }).probe.create, client: c.create },
    impairments: { latencyMs: 50 },
    faults: [{ type: "crash", node: "server", atMs: 1_000, ...how }],
  });
  world.command("client", "write", 5_000);
  world.run();
  expect(c.told.find(({ input }) => input.type === "closed")).toMatchObject({ now: at, input: { why } });
  expect(now).toBeGreaterThanOrEqual(at);
});

it("N18: the third repetition of an acknowledgement repairs a loss without waiting for the timer", () => {
  const writes = Array.from({ length: 6 }, (_, index) => payload(100, index));
  const { world, s } = transfer({ writes }, {}, { faults: [{ type: "drop", from: "client", to: "server", index: 2 }] });
  world.run();
  expect(toldAt(s, "bytes")).toBe(250); // sent at 100, missed at 150, sent again at 200; the timer would fire at 400
});

it("N18: the timer doubles up to its bound and follows the round trip", () => {
  const faults: Fault[] = [{ type: "cut", from: "client", to: "server", atMs: 90, forMs: 9_000 }];
  const { world } = transfer({ writes: [payload(1)] }, {}, { faults, streams: { maxRetransmitMs: 2_000 } });
  world.run();
  const sent = world.trace.flatMap((event) =>
    event.type === "stream-sent" && event.from.node === "client" ? [event.at] : [],
  );
  expect(sent).toEqual([100, 400, 1_000, 2_200, 4_200, 6_200, 8_200, 10_200]);
});

it.each<[string, NodeOutput[]]>([
  ["an unknown connection", [{ type: "write", connection: 9, bytes: payload(1) }]],
  [
    "a number that is taken",
    [1, 1].map((connection) => ({ type: "connect", connection, to: { node: "a", port: 80 } })),
  ],
  ["a negative number", [{ type: "connect", connection: -1, to: { node: "a", port: 80 } }]],
  [
    "a write after the end",
    [
      { type: "connect", connection: 1, to: { node: "a", port: 80 } },
      { type: "end", connection: 1 },
      { type: "write", connection: 1, bytes: payload(1) },
    ],
  ],
  ["a port that is not bound", [{ type: "datagram", port: 7, to: { node: "a", port: 80 }, bytes: payload(1) }]],
  ["an impossible port", [{ type: "bind", port: 0 }]],
])("N4: %s is an error of the program, which names the node", (_, outputs) => {
  const world = new World({ nodes: { a: probe((input) => (input.type === "start" ? outputs : undefined)).create } });
  expect(() => world.run()).toThrow(/\ba\b/);
});
