/** The way of a release from HEAD to its users, in one temporary folder. */
import { mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { lintPacked } from "../built/lint.js";
import { buildAndPack, type Packed, publishable } from "../built/pack.js";
import type { Size } from "../built/sizes.js";
import { must } from "../must.js";
import type { Steps } from "../steps.js";
import { aligned, BUDGETS, judge } from "./budgets.js";
import { checkAlone, checkTogether, MANAGERS } from "./consumers.js";
import { enter, throwawayEnvironment, withoutSettings } from "./environment.js";
import { runWithNode, TESTS } from "./node-runs.js";
import { type FoundNode, findNode, withNode } from "./nodes.js";
import { logIn, startRegistry } from "./registry.js";
import { cloneHead, publish, raiseVersions } from "./workspace-copy.js";

export interface Release {
  readonly root: string;
  /** Temporary: everything is done here. */
  readonly folder: string;
  readonly majors: readonly number[];
  /** The pnpm that publishes, as package.json names it. */
  readonly packageManager: string;
}

export async function proveRelease(steps: Steps, release: Release): Promise<void> {
  const { folder, majors } = release;
  const settings = await enterWithPnpm(release);
  const nodes: FoundNode[] = [];
  for (const major of majors) nodes.push(await findNode(major, folder));
  const copy = join(folder, "workspace");
  const packed = await packHead(steps, release.root, copy);
  await steps.run("dead code", async () => {
    await must(copy, join(copy, "node_modules", ".bin", "knip"), ["--no-progress", "--no-config-hints"]);
  });
  await lintPacked(steps, copy, packed);

  const { url, program } = await startRegistry({ folder, ...settings });
  await using _ = program;
  enter(throwawayEnvironment(process.env, url, folder));
  await logIn(url, join(folder, "npmrc"));
  await orThrow(steps, "changeset publish to the throwaway registry", () => publish(copy, url, packed));
  const sizes = await install(steps, folder, copy, packed);
  const columns = await runEverywhere(steps, folder, copy, packed, nodes);
  await conclude(steps, packed, sizes, columns);
}

/** The tarballs of HEAD, with the versions that the changesets give it. */
async function packHead(steps: Steps, root: string, copy: string): Promise<Packed[]> {
  let packed: Packed[] = [];
  await orThrow(steps, "a clone of HEAD, with its dependencies", () => cloneHead(root, copy));
  const folders = publishable(copy, []);
  await orThrow(steps, "changeset version", async () => {
    console.log((await raiseVersions(copy, folders)).join("\n"));
  });
  await orThrow(steps, "build and pack", async () => {
    packed = await buildAndPack(copy, folders);
  });
  return packed;
}

/** Leaves the settings of whoever runs this, but for the registry; makes a place for temporary files; puts pnpm on the PATH. */
async function enterWithPnpm({ root, folder, packageManager }: Release): Promise<{ uplink: string; ca?: string }> {
  const uplink = (await must(root, "npm", ["config", "get", "registry"])).trim();
  const ca = (await must(root, "npm", ["config", "get", "cafile"])).trim();
  // What examples and tools leave in the folder for temporary files goes with the rest.
  const temporary = join(folder, "tmp");
  mkdirSync(temporary);
  enter({ ...withoutSettings(process.env), npm_config_registry: uplink, TMPDIR: temporary });
  const tools = join(folder, "tools");
  mkdirSync(tools);
  await must(tools, "npm", ["install", "--prefix", tools, "--no-audit", "--no-fund", packageManager]);
  enter({ PATH: [join(tools, "node_modules", ".bin"), process.env["PATH"]].join(delimiter) });
  return ["", "null", "undefined"].includes(ca) ? { uplink } : { uplink, ca };
}

/** A step without which the others make no sense. */
async function orThrow(steps: Steps, title: string, action: () => Promise<void> | void): Promise<void> {
  if (!(await steps.run(title, action))) throw new Error(`not without: ${title}`);
}

const projectOf = (folder: string, name: string): string => join(folder, "consumers", name);

async function install(steps: Steps, folder: string, copy: string, packed: readonly Packed[]): Promise<Size[]> {
  const sizes: Size[] = [];
  for (const manager of MANAGERS) {
    for (const one of packed) {
      const project = projectOf(folder, `${one.folder}-${manager}`);
      sizes.push(...(await checkAlone(steps, copy, project, manager, one)));
    }
    await checkTogether(steps, copy, projectOf(folder, `together-${manager}`), manager, packed);
  }
  return sizes;
}

/** What a version of Node, or the want of it, came to: a cell for each package. */
type Column = readonly [title: string, cells: ReadonlyMap<string, string>];

async function runEverywhere(
  steps: Steps,
  folder: string,
  copy: string,
  packed: readonly Packed[],
  nodes: readonly FoundNode[],
): Promise<Column[]> {
  const places = {
    copy,
    together: projectOf(folder, "together-npm"),
    projectOf: (one: Packed) => projectOf(folder, `${one.folder}-npm`),
    scratch: join(folder, "empty"),
  };
  const columns: Column[] = [];
  for (const node of nodes) {
    if ("reason" in node) {
      const title = `Node ${node.major}`;
      if (process.env["CI"] === undefined) steps.skip(title, node.reason);
      else await steps.run(title, () => Promise.reject(new Error(node.reason))); // in CI nothing is skipped
      columns.push([title, new Map()]);
    } else {
      const title = `Node ${node.version}`;
      columns.push([title, await withNode(node.folder, () => runWithNode(steps, title, packed, places))]);
    }
  }
  return columns;
}

/** The tables; and the budgets are kept. */
async function conclude(
  steps: Steps,
  packed: readonly Packed[],
  sizes: readonly Size[],
  columns: readonly Column[],
): Promise<void> {
  const { table, over } = judge(sizes, BUDGETS);
  const names = [...packed.map(({ name }) => name), TESTS];
  const rows = names.map((name) => [name, ...columns.map(([, cells]) => cells.get(name) ?? "skipped")]);
  const runs = aligned([["", ...columns.map(([title]) => title)], ...rows]);
  console.log(`\n${table.join("\n")}\n\n${runs.join("\n")}\n`);
  await steps.run("every package is within its budget", () => {
    if (over.length > 0) throw new Error(over.join("\n"));
  });
}
