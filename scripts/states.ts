/**
 * `node --import tsx scripts/states.ts [NAME ...]`: draws the states of the machines into docs/images/NAME-states.svg, all of
 * them or those that are named. No table says what a machine does but the machine: it is run, by the simulation of its own
 * tests, and every change of its state is written down. `--check` runs a few seeds instead, and exits 1 where a machine does what
 * its picture does not show.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { arrowsIn, drawStates } from "./states/draw.js";
import { type DrawnMachine, machines } from "./states/machines.js";
import { record, type Transitions } from "./states/recorder.js";

const { values, positionals } = parseArgs({ options: { check: { type: "boolean" } }, allowPositionals: true });
const unknown = positionals.filter((name) => !machines.some((machine) => machine.name === name));
if (unknown.length > 0) throw new Error(`no such machine: ${unknown}; there are ${machines.map(({ name }) => name)}`);

for (const machine of machines) {
  if (positionals.length > 0 && !positionals.includes(machine.name)) continue;
  const path = join(import.meta.dirname, "..", "docs", "images", `${machine.name}-states.svg`);
  const transitions = recordSeeds(machine, values.check === true ? machine.fewSeeds : machine.seeds);
  const arrows = [...transitions].flatMap(([from, targets]) => [...targets.keys()].map((to) => `${from} -> ${to}`));
  if (values.check === true) {
    const drawn = arrowsIn(readFileSync(path, "utf8"));
    const missing = arrows.filter((arrow) => !drawn.has(arrow));
    for (const arrow of missing) console.error(`${machine.name}: ${arrow} is not drawn`);
    if (missing.length > 0) process.exitCode = 1;
  } else {
    const [first = ""] = transitions.keys();
    writeFileSync(path, await drawStates(machine.title, first, transitions));
  }
  console.log(`${machine.name}: ${arrows.length} changes of state`);
}

function recordSeeds(machine: DrawnMachine, seeds: number): Transitions {
  return record(machine, () => {
    for (let seed = 1; seed <= seeds; seed++) machine.run(seed);
  });
}
