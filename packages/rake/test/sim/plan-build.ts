/** The Rakefile of a run: sets of commands of the simulation (`command.ts`), and the files that are there before. */
import type { Action, Plan as RakePlan } from "../../src/core/index.js";
import type { Draw, Plan } from "./plan.js";
import { PORT } from "./server-program.js";

export interface PlannedInput {
  readonly path: string;
  readonly size: number;
  readonly mode: number;
}

export interface PlannedAction {
  readonly remote: boolean;
  readonly command: string;
  readonly requires: readonly string[];
  readonly produces: readonly string[];
  readonly on: readonly string[];
  readonly timeoutMs: number | undefined;
}

interface Drawn {
  readonly inputs: readonly PlannedInput[];
  readonly sets: readonly (readonly PlannedAction[])[];
}

export function drawSets(draw: Draw): Drawn {
  const { random, pick, has } = draw;
  const sizes = has("big files") ? [0, 3, 70_000, 270_000] : [0, 1, 40, 700, 5_000];
  const inputs = Array.from({ length: random.integer(1, 4) }, (_, index): PlannedInput => {
    return { path: pick([`f${index}.c`, `src/f${index}.c`]), size: pick(sizes), mode: pick([0o644, 0o755]) };
  });
  const there = inputs.map(({ path }) => path);
  const sets: PlannedAction[][] = [];
  let index = 0;
  for (let left = random.integer(1, 3); left > 0; left--) {
    const made: string[] = [];
    const changed = new Set<string>();
    const read = new Set<string>();
    const actions: PlannedAction[] = [];
    for (let count = random.integer(1, 5); count > 0; count--, index++) {
      const required = there.filter((path) => random.chance(0.4) && !changed.has(path));
      const mayChange = required.filter((path) => !read.has(path));
      const change = random.chance(0.15) ? mayChange.slice(0, 1) : [];
      for (const path of change) changed.add(path);
      for (const path of required) read.add(path);
      const outputs = Array.from({ length: pick([0, 1, 1, 2, 3]) }, (_, at) => `o${index}/${pick(["", "d/"])}${at}.o`);
      made.push(...outputs);
      actions.push(drawAction(draw, index, { required, change, outputs, sizes }));
    }
    there.push(...made);
    sets.push(actions);
  }
  return { inputs, sets };
}

interface Files {
  readonly required: readonly string[];
  readonly change: readonly string[];
  readonly outputs: readonly string[];
  readonly sizes: readonly number[];
}

function drawAction({ random, pick, has, hosts }: Draw, index: number, files: Files): PlannedAction {
  const { required, change, outputs, sizes } = files;
  const fails = has("failing actions") && random.chance(0.15);
  const hangs = has("timeouts") && random.chance(0.15);
  const prints = has("big files") && random.chance(0.15) ? 270_000 : pick([0, 0, 20, 3_000]);
  const words = [
    pick(["cc", "ld", "gen"]),
    hangs ? 1_000_000_000 : pick([1, 20, 100, 400, 2_000]),
    `a/${index}`,
    ...required.filter((path) => !change.includes(path)).map((path) => `i:${path}`),
    ...change.map((path) => `u:${path}`),
    ...outputs.map((path) => `o:${path}:${pick(sizes)}:${pick([0o644, 0o755])}`),
    `p:${prints}:${pick([0, 0, 30])}`,
    ...(fails ? [pick(["x:1", "x:5", "s:9", "s:11"])] : []),
    ...(random.chance(0.2) ? ["stubborn"] : []),
    ...(has("cache") ? ["toolchain"] : []),
  ];
  // Who keeps outputs back and says so is found out by what was asked for alone.
  const mustDeclare = hosts.some(({ lie }) => lie?.kind === "no outputs");
  const declares = mustDeclare || (has("patterns") && random.chance(0.6));
  const patterns = outputs.length > 0 && random.chance(0.5) ? [`o${index}/**`] : outputs;
  return {
    remote: !(has("local actions") && random.chance(0.3)),
    command: words.join(" "),
    requires: required,
    produces: declares && !mustDeclare ? [...patterns, ...change] : declares ? [...outputs, ...change] : [],
    on: has("resources") && random.chance(0.3) ? ["gpu"] : [],
    timeoutMs: hangs ? pick([100, 1_000]) : random.chance(0.1) ? 200_000 : undefined,
  };
}

/** As the parser would make it. */
export function rakePlanOf({ hosts, sets }: Pick<Plan, "hosts" | "sets">): RakePlan {
  let index = 0;
  return {
    hosts: hosts.map(({ node }) => ({ host: node, port: PORT })),
    sets: sets.map((actions, set) => ({
      name: `actionset${set + 1}`,
      line: index + set + 1,
      actions: actions.map(({ timeoutMs, ...action }): Action => {
        const at = index++;
        return { ...action, index: at, line: at + 1, ...(timeoutMs === undefined ? undefined : { timeoutMs }) };
      }),
    })),
  };
}
