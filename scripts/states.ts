/**
 * `node --import tsx scripts/states.ts [NAME ...]`: draws the states of the machines into docs/images/NAME-states.svg, all of
 * them or those that are named. No table says what a machine does but the machine: it is run, by the simulation of its own
 * tests, and every change of its state is written down. First it searches for the few seeds that show all that many of them
 * do, and keeps those. `--check` changes nothing: it draws by the seeds that are kept, and exits 1 with every difference
 * between machines, pictures and documents.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadMachines, packagesFolder } from "./states/bundle.js";
import { drawStates } from "./states/draw.js";
import { type Drawn, faultsOf } from "./states/faults.js";
import { readSeeds, recordSeeds, searchSeeds, writeSeeds } from "./states/kept-seeds.js";
import { statesInSource } from "./states/source-states.js";

/** Seeds besides those that are kept, which may not do anything else. */
const OTHER_SEEDS = 6;

const { values, positionals } = parseArgs({ options: { check: { type: "boolean" } }, allowPositionals: true });
const all = await loadMachines();
const names = all.machines.map(({ name }) => name);
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0) throw new Error(`no such machine: ${unknown}; there are ${names}`);
const docs = join(import.meta.dirname, "..", "docs");
const images = join(docs, "images");

if (values.check === true) await check();
else await draw();

async function draw(): Promise<void> {
  const before = readSeeds();
  const seeds = Object.fromEntries(
    all.machines.map((machine) => {
      const kept = before[machine.name];
      const isMeant = positionals.length === 0 || positionals.includes(machine.name) || kept === undefined;
      return [machine.name, isMeant ? searchSeeds(all, machine) : kept];
    }),
  );
  writeSeeds(seeds);
  for (const drawn of await drawAll(seeds)) {
    writeFileSync(join(images, `${drawn.name}-states.svg`), drawn.svg);
    console.log(`${drawn.name}: drawn by ${seeds[drawn.name]?.length} seeds`);
  }
}

async function check(): Promise<void> {
  const drawn = await drawAll(readSeeds());
  const texts = (folder: string, ending: string): Map<string, string> =>
    new Map(
      readdirSync(folder)
        .filter((name) => name.endsWith(ending))
        .map((name) => [name, readFileSync(join(folder, name), "utf8")]),
    );
  const faults = faultsOf(drawn, texts(images, "-states.svg"), texts(docs, ".md"));
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exitCode = 1;
  console.log(`${drawn.length} pictures of states, ${faults.length} faults`);
}

function drawAll(seeds: Readonly<Record<string, readonly number[]>>): Promise<Drawn[]> {
  return Promise.all(
    all.machines.map(async (machine) => {
      const { name, title, states, drawnAs = {} } = machine;
      const transitions = recordSeeds(all, machine, seeds[name] ?? []);
      const others = Array.from({ length: values.check === true ? OTHER_SEEDS : 0 }, (_, index) => index + 1);
      const also = all.singly(recordSeeds(all, machine, others));
      const listed = states.flatMap(({ file, type }) =>
        statesInSource(readFileSync(join(packagesFolder, file), "utf8"), type),
      );
      const [first = ""] = transitions.keys();
      const svg = await drawStates(title, first, transitions);
      return { name, svg, changes: all.singly(transitions), also, listed, drawnAs };
    }),
  );
}
