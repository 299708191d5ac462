/** Empty projects outside the workspace that install what was published, by name, with npm and with pnpm. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkCommands, checkRuns, checkTypes, withPeers } from "../built/consumer.js";
import { type Packed, readManifest } from "../built/pack.js";
import { type Size, sizesOf } from "../built/sizes.js";
import { must } from "../must.js";
import type { Steps } from "../steps.js";

export type Manager = "npm" | "pnpm";
export const MANAGERS: readonly Manager[] = ["npm", "pnpm"];

const ADD: Readonly<Record<Manager, readonly string[]>> = {
  npm: ["install", "--save-exact", "--loglevel=error"],
  // Without hoisting a package finds what it depends on itself, and nothing else.
  pnpm: ["add", "--save-exact", "--reporter=silent", "--config.hoist=false"],
};

/** Makes an empty project and installs these packages there, as a user would: by name. */
async function installAlone(project: string, manager: Manager, packed: readonly Packed[]): Promise<void> {
  mkdirSync(project, { recursive: true });
  const manifest = { name: "consumer", version: "1.0.0", private: true, type: "module" };
  writeFileSync(join(project, "package.json"), JSON.stringify(manifest));
  await must(project, manager, [...ADD[manager], ...packed.map(({ name }) => name)]);
}

/** Adds the types of Node and the optional peers, which examples, tests and the types of all entries need. */
async function addPeers(root: string, project: string, manager: Manager, packed: readonly Packed[]): Promise<void> {
  const { devDependencies = {} } = readManifest(join(root, "package.json"));
  const named = packed.map((one) => ({ ...one, tarball: one.name }));
  const wanted = withPeers(root, named, devDependencies["@types/node"] ?? "").slice(packed.length);
  await must(project, manager, [...ADD[manager], ...wanted]);
}

/** Installs a package alone, and uses it; its size, where npm installed it. */
export async function checkAlone(
  steps: Steps,
  root: string,
  project: string,
  manager: Manager,
  one: Packed,
): Promise<Size[]> {
  const titled = (title: string): string => `${one.name}: ${manager}: ${title}`;
  let sizes: Size[] = [];
  const good = await steps.run(titled("install"), async () => {
    await installAlone(project, manager, [one]);
    if (manager === "npm") sizes = sizesOf(project, [one.name]); // before the peers come
    await addPeers(root, project, manager, [one]);
  });
  if (!good) return sizes;
  // What npm installed is imported and required with every version of Node (node-runs.ts).
  if (manager === "pnpm") {
    await steps.run(titled("ESM and CJS"), () => checkRuns(root, project, one));
    // Where nothing is hoisted, types come from what the package itself names.
    await steps.run(titled("TypeScript, nodenext and bundler"), () => checkTypes(root, project, [one]));
  }
  await steps.run(titled("commands"), () => checkCommands(project, one));
  return sizes;
}

/** Installs all packages into one project, and uses them from TypeScript: each entry, and each package's own consumer. */
export async function checkTogether(
  steps: Steps,
  root: string,
  project: string,
  manager: Manager,
  packed: readonly Packed[],
): Promise<void> {
  const good = await steps.run(`all packages: ${manager}: install`, async () => {
    await installAlone(project, manager, packed);
    await addPeers(root, project, manager, packed);
  });
  const title = `all packages: ${manager}: TypeScript, nodenext and bundler`;
  if (good) await steps.run(title, () => checkTypes(root, project, packed));
}
