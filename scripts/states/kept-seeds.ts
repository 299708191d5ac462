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
  const shown = new Map<number, string[]>();
  const all = new Set<string>();
  for (let seed = 1; seed <= machine.searched; seed++) {
    const changes = singly(record(machine, () => machine.run(seed)));
    shown.set(seed, changes);
    for (const change of changes) all.add(change);
  }
  // Always the one that shows most of what is not yet shown.
  const kept: number[] = [];
  const news = (changes: readonly string[]): number => changes.filter((change) => all.has(change)).length;
  while (all.size > 0) {
    const [best, changes] = [...shown].reduce((a, b) => (news(b[1]) > news(a[1]) ? b : a));
    kept.push(best);
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
