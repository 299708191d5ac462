/** Three nodes of available mode that start together, on a network with delays (docs/election.md, E31). */
import { Random, World } from "@lab/simnet";
import { expect, it } from "vitest";
import { Rules } from "../../src/core/rules.js";
import { loadOf } from "../cluster.js";
import { electionNode } from "./election-program.js";
import { timesOf } from "./node-options.js";
import { disagreement } from "./run-plan.js";

const names = ["a", "b", "c"];
const runs = Math.ceil(Number(process.env["LAB_RUNS"] ?? 100) / 5);

/** Who was elected in half a minute. */
function electedIn(seed: number, seedsOf: (name: string) => readonly string[]): string[] {
  const random = new Random(`start-up ${seed}`);
  const elected: string[] = [];
  const latencyMs = random.integer(0, 40);
  const reportMs = random.chance(0.5) ? 375 : 1_500;
  const world = new World({ seed, impairments: { latencyMs, jitterMs: 49 - latencyMs } });
  for (const name of names) {
    const create = electionNode({
      options: {
        mode: "available",
        id: name,
        address: name,
        seeds: seedsOf(name),
        reportMs,
        leaseMs: 4 * reportMs,
        ...timesOf({ reportMs }),
      },
      rules: new Rules(),
      driver: {},
      mischief: () => undefined,
      load: () => loadOf(50),
      watch: {
        started: () => {},
        commanded: () => {},
        garbage: () => {},
        arrived: () => {},
        performed: (_node, _now, { type }) => {
          if (type === "elected") elected.push(name);
        },
      },
    });
    world.addNode(name, { create, startAtMs: random.integer(0, 200), disk: { jitterMs: 5 } });
  }
  world.run({ untilMs: 30_000 });
  expect(disagreement(world)).toBeUndefined();
  return elected;
}

it.each<[string, (name: string) => readonly string[]]>([
  ["all know the first", () => ["a"]],
  ["all know all", () => names],
  ["the first has no seeds, and the others know it", (name) => (name === "a" ? [] : ["a"])],
])("E31: started within 200 ms, with delays below 50 ms, the first alone leads: %s", (_name, seedsOf) => {
  for (let seed = 0; seed < runs; seed++) expect(electedIn(seed, seedsOf), `seed ${seed}`).toEqual(["a"]);
});
