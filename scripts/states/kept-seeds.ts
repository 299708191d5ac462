/** Seeds that are kept, since they show everything that many more of them do (seeds.json). */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Machines } from "./bundle.js";
import type { DrawnMachine } from "./drawn-machine.js";
import type { Transitions } from "./recorder.js";

const file = join(import.meta.dirname, "seeds.json");

export type KeptSeeds = Record<string, readonly number[]>;

export function readSeeds(): KeptSeeds {
  return JSON.parse(readFileSync(file, "utf8")) as KeptSeeds;
}

export function writeSeeds(seeds: KeptSeeds): void {
  const lines = Object.entries(seeds).map(([name, kept]) => `  ${JSON.stringify(name)}: [${kept.join(", ")}]`);
  writeFileSync(file, `{\n${lines.join(",\n")}\n}\n`);
}

/** Those of the first `machine.searched` that are needed. */
export function searchSeeds({ record, singly }: Machines, machine: DrawnMachine): number[] {
  const runs: { readonly seed: number; readonly changes: readonly string[]; readonly steps: number }[] = [];
  const all = new Set<string>();
  for (let seed = 1; seed <= machine.searched; seed++) {
    let steps = 0;
    const state: DrawnMachine["state"] = (...given) => {
      steps++;
      return machine.state(...given);
    };
    const changes = singly(record({ ...machine, state }, () => machine.run(seed)));
    runs.push({ seed, changes, steps });
    for (const change of changes) all.add(change);
  }
  // Always the one that shows most of what is not yet shown, for how long it runs.
  const kept: number[] = [];
  const worth = ({ changes, steps }: (typeof runs)[number]): number =>
    changes.filter((change) => all.has(change)).length / Math.max(1, steps);
  while (all.size > 0) {
    const { seed, changes } = runs.reduce((best, one) => (worth(one) > worth(best) ? one : best));
    kept.push(seed);
    for (const change of changes) all.delete(change);
  }
  return kept.sort((a, b) => a - b);
}

export function recordSeeds({ record, merge }: Machines, machine: DrawnMachine, seeds: readonly number[]): Transitions {
  const transitions: Transitions = new Map();
  for (const seed of seeds) {
    merge(
      transitions,
      record(machine, () => machine.run(seed)),
    );
  }
  return transitions;
}
