/**
 * `pnpm release:check [--nodes 20,22]`: publishing works. In a clone of HEAD in a temporary folder it raises the versions by
 * the changesets, builds, packs and lints every package, publishes all with `changeset publish` to a registry of its own
 * on loopback, and uses what is published in empty projects: npm and pnpm, CJS, ESM and TypeScript, and on each version of
 * Node the commands, the examples of the READMEs and the tests of the built files. Nothing of it stays: no bump, no tag,
 * no process, no file. Every check runs; the exit code is 1 when one failed.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readManifest } from "../built/pack.js";
import { Steps } from "../steps.js";
import { temporaryFolder } from "../temporary.js";
import { changes, gitState } from "./git-state.js";
import { wantedMajors } from "./nodes.js";
import { proveRelease } from "./prove.js";

const root = join(import.meta.dirname, "..", "..");
const { values } = parseArgs({ options: { nodes: { type: "string" } } });
const majors = wantedMajors(values.nodes);
const before = await gitState(root);
const folder = temporaryFolder("lab-release-");

const steps = new Steps();
await steps.run(
  "every step was reached",
  async () => {
    const { packageManager } = readManifest(join(root, "package.json")) as unknown as { packageManager: string };
    await proveRelease(steps, { root, folder, majors, packageManager });
  },
  60,
);
await steps.run("the working tree, its tags and branches are as they were", async () => {
  const changed = changes(before, await gitState(root));
  if (changed.length > 0) throw new Error(changed.join("\n"));
});
console.log(`\n${steps.closing()}`);
process.exit(steps.good ? 0 : 1);
