/** A quiet tail, in which what went wrong is over, and kinds of faults drawn for each run. */
import { expect, it } from "vitest";
import { drawSwarm, type Fault, Random, SimnetError, settle, World } from "../src/core/index.js";
import { datagramProbe, payload, probe } from "./probe.js";

it("N76: in the calm cuts heal, links lose nothing, and whoever was paused, asleep or to be started again goes on", () => {
  const names = ["a", "b", "c", "d"] as const;
  const probes = Object.fromEntries(names.map((name) => [name, datagramProbe()]));
  const faults: Fault[] = [
    { type: "cut", from: "a", to: "b", atMs: 100 },
    { type: "pause", node: "b", atMs: 100, forMs: 9_000 },
    { type: "suspend", node: "c", atMs: 100, forMs: 9_000 },
    { type: "crash", node: "d", atMs: 100, restartAfterMs: 9_000 },
    { type: "link", from: "a", to: "c", atMs: 100, impairments: { latencyMs: 900, drop: 1 } },
    { type: "drop", from: "a", to: "d", index: 1 },
  ];
  const world = new World({
    nodes: Object.fromEntries(names.map((name) => [name, probes[name]?.create ?? probe().create])),
    impairments: { latencyMs: 20, drop: 1 },
    links: [{ from: "a", to: "d", impairments: { latencyMs: 30, drop: 0.5, duplicate: 1 } }],
    faults,
    calmAtMs: 1_000,
  });
  for (const to of ["b", "c", "d"]) world.command("a", { to, bytes: payload(1) }, 2_000);
  world.run();
  const arrived = Object.entries(probes).map(([name, { told }]) => [
    name,
    ...told.flatMap(({ now, input }) => (input.type === "datagram" ? [now] : [])),
  ]);
  expect(arrived).toEqual([["a"], ["b", 2_020], ["c", 1_120], ["d", 2_030]]); // c has slept for 900 ms
  expect(names.map((name) => world.node(name).state)).toEqual(["up", "up", "up", "up"]);
});

it("N76: what would have ended later does no harm when its time comes", () => {
  const node = probe();
  const faults: Fault[] = [
    { type: "cut", from: "a", to: "b", atMs: 10, forMs: 5_000 },
    { type: "pause", node: "a", atMs: 10, forMs: 5_000 },
    { type: "suspend", node: "b", atMs: 10, forMs: 5_000 },
    { type: "crash", node: "c", atMs: 10, restartAfterMs: 5_000 },
  ];
  const nodes = { a: node.create, b: node.create, c: node.create };
  const world = new World({ nodes, faults, calmAtMs: 100 });
  world.run();
  expect([world.now, world.node("c").incarnation, world.clockOf("b")]).toEqual([5_010, 2, 4_920]);
});

it("N76: a fault that begins in the calm is refused", () => {
  const world = new World({ nodes: { a: probe().create }, calmAtMs: 500 });
  world.addFault({ type: "pause", node: "a", atMs: 499, forMs: 1 });
  expect(() => world.addFault({ type: "pause", node: "a", atMs: 500, forMs: 1 })).toThrow(RangeError);
});

/** Notes "up" and "down" at the times given. */
function flickering(...atMs: readonly number[]): World {
  const world = new World({ nodes: { a: probe(() => [{ type: "note", text: "turns" }]).create } });
  for (const at of atMs) world.command("a", "turn", at);
  world.run({ untilMs: 0 });
  return world;
}

/** After the start it is down, then up and down in turns. */
const down = ({ trace }: World): string | undefined =>
  trace.filter(({ type }) => type === "note").length % 2 === 0 ? undefined : "it is down";

it("N77: what must become true within a bound, and stay so", () => {
  expect(settle(flickering(300), { missing: down, withinMs: 300, staysMs: 1_000 })).toBe(300);
  expect(() => settle(flickering(301), { missing: down, withinMs: 300 })).toThrow(SimnetError);
  expect(() => settle(flickering(300, 900), { missing: down, withinMs: 300, staysMs: 1_000 })).toThrow(
    "at 900 ms, 600 ms after all was well: it is down",
  );
});

it("N78: a swarm has a single kind in some runs, all in others, and some in the rest", () => {
  const kinds = ["drop", "cut", "crash", "pause"];
  const drawn = Array.from({ length: 400 }, (_, seed) => drawSwarm(new Random(seed), kinds).join());
  expect(drawn).toEqual(Array.from({ length: 400 }, (_, seed) => drawSwarm(new Random(seed), kinds).join()));
  for (const kind of kinds) expect(drawn.filter((one) => one === kind).length).toBeGreaterThan(10);
  expect(drawn.filter((one) => one === kinds.join()).length).toBeGreaterThan(80);
  expect(new Set(drawn).size).toBe(16); // every subset, the empty one too
});
