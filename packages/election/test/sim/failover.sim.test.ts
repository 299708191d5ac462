/** How long there is no leader: after a crash, and in a hand-over, of five members on a calm network. */
import { Random, World } from "@lab/simnet";
import { describe, expect, it } from "vitest";
import type { ElectionOptions } from "../../src/core/index.js";
import { Rules } from "../../src/core/rules.js";
import { loadOf } from "../cluster.js";
import { leaderOf } from "./aim.js";
import { electionNode } from "./election-program.js";
import { Oracles } from "./oracles.js";

const names = ["a", "b", "c", "d", "e"];
const members = names.map((id) => ({ id, address: id }));
const runs = Math.ceil(Number(process.env["LAB_RUNS"] ?? 100) / 4);

/** Milliseconds without a leader after `act`, one number per seed, sorted. */
function gaps(options: Partial<ElectionOptions>, act: (world: World, leader: string) => void): number[] {
  const found: number[] = [];
  for (let seed = 1; seed <= runs; seed++) {
    const reportMs = options.preset === "fast" ? 375 : 1_500;
    const oracles = new Oracles({ mode: "quorum", reportMs, tenureMs: 60_000, isEven: true });
    const world = new World({
      seed,
      trace: false,
      impairments: { latencyMs: 5, jitterMs: 5 },
      onStep: (w) => oracles.check(w),
    });
    for (const name of names) {
      const told = { mode: "quorum", id: name, address: name, members, ...options } as const;
      const create = electionNode({
        options: told,
        rules: new Rules(),
        driver: {},
        mischief: () => undefined,
        load: () => loadOf(50),
        watch: oracles,
      });
      world.addNode(name, {
        create,
        disk: { jitterMs: 10 },
        startAtMs: new Random(`${seed} ${name}`).integer(0, 1_000),
      });
    }
    world.run({ untilMs: 20_000 + new Random(seed).integer(0, 3_000) });
    const leader = leaderOf(world);
    if (leader === undefined) throw new Error(`seed ${seed}: no leader`);
    act(world, leader);
    const from = world.now;
    world.run({ untilMs: from + 60_000, until: (w) => leaderOf(w) !== undefined && leaderOf(w) !== leader });
    found.push(world.now - from);
  }
  return found.sort((a, b) => a - b);
}

const at = (sorted: readonly number[], share: number): number => sorted[Math.ceil(share * sorted.length) - 1] as number;

describe("E57: the failover after a crash, five members", () => {
  const kill = (world: World, node: string): void =>
    world.addFault({ type: "crash", node, atMs: world.now, host: "up" });

  it.each([
    ["by default", {}, 6_600, 1_500, 6_600, 7_600],
    ["with the preset fast", { preset: "fast" }, 1_650, 375, 1_700, 2_200],
  ] as const)("%s", (_name, options, promiseMs, reportMs, p50, p99) => {
    const times = gaps(options, kill);
    expect(times[0]).toBeGreaterThan(promiseMs - reportMs - 20);
    expect(at(times, 0.5)).toBeLessThan(p50);
    expect(at(times, 0.99)).toBeLessThan(p99);
  });
});

it("E36: a voluntary hand-over is a matter of round trips", () => {
  const times = gaps({}, (world, leader) => world.command(leader, { type: "resign" }));
  expect(at(times, 0.99)).toBeLessThan(200);
});
