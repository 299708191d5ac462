import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { faultSchedule, impairments } from "../src/arbitraries/index.js";
import { type CreateProgram, type FaultSchedule, type Impairments, renderTrace, World } from "../src/core/index.js";
import { datagramProbe, kinds, payload, probe } from "./probe.js";
import { client, server } from "./transfer.js";

// Far more than they need: a machine that others use as well may be ten times slower.
vi.setConfig({ testTimeout: 600_000 });

interface Run {
  readonly seed: number;
  readonly impairments: Impairments;
  readonly faults: FaultSchedule;
}

/** Datagrams with drawn contents and connections, in one world. */
function busyWorld({ seed, impairments, faults }: Run, trace: boolean | number = true): World {
  const chatter: CreateProgram = ({ name, randomBytes }) => {
    const inner = probe((input, now) => {
      const to = { node: name === "client" ? "server" : "client", port: 9 };
      const again = { type: "later", afterMs: 100, token: "say" } as const;
      if (input.type === "start") return [{ type: "bind", port: 9 }, again];
      return input.type === "later" && input.token === "say" && now < 2_000 ? [say(to), again] : undefined;
    });
    const say = (to: { node: string; port: number }) =>
      ({ type: "datagram", port: 9, to, bytes: randomBytes(12) }) as const;
    const transfer = name === "client" ? client({ writes: [payload(3_000)] }) : server({ writes: [payload(2_000)] });
    const parts = [inner.create, transfer.probe.create].map((create) =>
      create({ name, incarnation: 1, boot: 1, randomBytes, durable: new Map(), wallClock: () => 0 }),
    );
    return {
      handle: (now, input) => parts.flatMap((part) => part.handle(now, input)),
      nextDeadline: () => undefined,
    };
  };
  const world = new World({
    seed,
    impairments,
    faults,
    trace,
    nodes: { server: chatter, client: chatter },
    streams: { segments: "random", reads: "random", timeoutMs: 10_000 },
  });
  world.run({ untilMs: 60_000 });
  return world;
}

const runs = fc.record({
  seed: fc.integer(),
  impairments: impairments(),
  faults: faultSchedule({ nodes: ["client", "server"], durationMs: 2_000 }),
});

it("N2, N19: the same seed gives the same trace, byte for byte, also from faults that were written down", () => {
  fc.assert(
    fc.property(runs, (run) => {
      const first = busyWorld(run);
      const again = busyWorld(JSON.parse(JSON.stringify(run)) as Run);
      expect(renderTrace(again.trace)).toBe(renderTrace(first.trace));
      expect(isDeepStrictEqual(again.trace, first.trace)).toBe(true); // toEqual is slow on so many bytes
      expect(again.counts).toEqual(first.counts);
    }),
  );
});

it("N2: another seed gives another trace", () => {
  const at = (seed: number): string =>
    renderTrace(busyWorld({ seed, impairments: { jitterMs: 10 }, faults: [] }).trace);
  expect(new Set([1, 2, 3, 4].map(at)).size).toBe(4);
});

it("N25: without a trace, or with a part of it, a run is the same run", () => {
  const run = { seed: 5, impairments: { drop: 0.2, jitterMs: 5, latencyMs: 10 }, faults: [] };
  const whole = busyWorld(run);
  const part = busyWorld(run, 10);
  const none = busyWorld(run, false);
  expect(part.trace).toEqual(whole.trace.slice(0, 10));
  expect(part.traceOmitted).toBe(whole.trace.length - 10);
  expect(none.trace).toEqual([]);
  expect([part.counts, none.counts, part.events, none.events]).toEqual([
    whole.counts,
    whole.counts,
    whole.events,
    whole.events,
  ]);
});

it("N2: a link that is used draws nothing that another link or node would have drawn", () => {
  const arrivals = (withOthers: boolean): number[] => {
    const [a, b, c] = [datagramProbe(), datagramProbe(), datagramProbe()];
    const others = { c: c.create };
    const world = new World({
      nodes: { a: a.create, b: b.create, ...others },
      impairments: { jitterMs: 50, drop: 0.3 },
    });
    for (let index = 0; index < 20; index++) {
      if (withOthers) world.command("c", { to: "b", bytes: payload(5) }, index * 100);
      world.command("a", { to: "b", bytes: payload(1) }, index * 100 + 1);
    }
    world.run();
    return b.told.flatMap(({ now, input }) => (input.type === "datagram" && input.bytes.length === 1 ? [now] : []));
  };
  expect(arrivals(true)).toEqual(arrivals(false));
});

it("N1: one event at a time, each with at most one input, and time only goes on", () => {
  const seen: number[] = [];
  let inputs = 0;
  const world = new World({
    nodes: {
      server: server({ writes: [payload(5_000)] }).probe.create,
      client: counting(client({ writes: [] }).probe.create),
    },
    onStep: (now) => seen.push(now.now),
  });
  function counting(create: CreateProgram): CreateProgram {
    return (environment) => {
      const program = create(environment);
      const handle: typeof program.handle = (now, input) => {
        inputs++;
        return program.handle(now, input);
      };
      return { ...program, handle };
    };
  }
  for (let before = 0; world.step(); before = inputs) expect(inputs - before).toBeLessThanOrEqual(1);
  expect(seen).toHaveLength(world.events);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(inputs).toBeGreaterThan(5);
});

it("N1: a run stops at its time, at its condition, or when nothing is left to happen", () => {
  const node = probe();
  node.deadline = 1_000;
  const world = new World({ nodes: { a: node.create } });
  expect([world.run({ untilMs: 400 }), world.now]).toEqual(["time", 400]);
  world.command("a", "x", 500);
  expect([world.run({ until: () => kinds(node.told).length > 0 }), world.now]).toEqual(["until", 500]);
  node.deadline = undefined;
  world.command("a", "y");
  expect([world.run(), world.now]).toEqual(["idle", 500]);
  expect(kinds(node.told)).toEqual(["command", "command"]);
});

it("N1: a node may be added, and started, later", () => {
  const node = probe();
  const world = new World();
  world.run({ untilMs: 100 });
  world.addNode("late", { create: node.create, startAtMs: 300, skewMs: -50, rate: 2 });
  world.run();
  expect(node.told).toMatchObject([{ now: 550, input: { type: "start" } }]);
  expect(() => world.addNode("late", node.create)).toThrow(RangeError);
});

it("N4: a program that is never content with its ticks is an error", () => {
  const node = probe();
  node.deadline = 70;
  const world = new World({ nodes: { stuck: node.create } });
  expect(() => world.run()).toThrow(
    expect.objectContaining({ code: "LIVELOCK", message: expect.stringContaining("stuck") }),
  );
  expect(world.now).toBe(70);
});

it("N4: programs that answer each other without end at one instant are an error, and so are too many events", () => {
  const pong = probe((input) => {
    if (input.type === "start")
      return [
        { type: "bind", port: 1 },
        { type: "datagram", port: 1, to: { node: "a", port: 1 }, bytes: payload(0) },
      ];
    return [{ type: "datagram", port: 1, to: { node: "a", port: 1 }, bytes: payload(0) }];
  });
  const make = (impairments: Impairments): World =>
    new World({ nodes: { a: pong.create }, links: [{ from: "a", to: "a", impairments }], trace: false });
  expect(() => make({}).run()).toThrow(expect.objectContaining({ code: "LIVELOCK" }));
  const bounded = make({ latencyMs: 1 });
  expect(() => bounded.run({ maxEvents: 500 })).toThrow(expect.objectContaining({ code: "TOO_MANY_EVENTS" }));
  expect(bounded.events).toBe(500);
});

it("N4: what a program throws ends the run, with the node, the input and the time", () => {
  const cause = new Error("boom");
  const node = probe((input) => {
    if (input.type === "command") throw cause;
    return undefined;
  });
  const world = new World({ nodes: { fragile: node.create } });
  world.command("fragile", "x", 30);
  expect(() => world.run()).toThrow(
    expect.objectContaining({
      code: "PROGRAM_THREW",
      cause,
      message: 'the program of fragile threw on "command" at 30 ms: boom',
    }),
  );
});

it("N5: nodes read clocks of their own, and no tick comes before its deadline", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.3, max: 3, noNaN: true }),
      fc.integer({ min: -5_000, max: 5_000 }),
      (rate, skewMs) => {
        const node = probe((input, now) => {
          if (input.type === "tick") expect(now).toBeGreaterThanOrEqual(node.deadline ?? 0);
          node.deadline = node.told.length < 20 ? now + 33.3 : undefined;
          return undefined;
        });
        const world = new World({ nodes: { a: { create: node.create, rate, skewMs } } });
        world.run();
        expect(node.told[0]?.now).toBe(skewMs);
        expect(world.now).toBeCloseTo((33.3 * 19) / rate, 3);
        expect(world.events).toBe(20);
      },
    ),
  );
});

it("N1: what onStep throws ends the run", () => {
  const world = new World({
    nodes: { a: probe().create },
    onStep: () => {
      throw new Error("invariant");
    },
  });
  expect(() => world.run()).toThrow("invariant");
});
