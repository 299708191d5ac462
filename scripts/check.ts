/**
 * `pnpm check [--sources]`: all that can be seen without running what was written: formatting and lint, types, documents, dead code,
 * duplicated code; and of the packed packages (unless `--sources`), whether they are well-formed for whoever installs them. Every check runs; the
 * exit code is 1 when one failed.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { lintPacked } from "./built/lint.js";
import { buildAndPack, type Packed, publishable } from "./built/pack.js";
import { must } from "./must.js";
import { Steps } from "./steps.js";

const SOURCES: readonly (readonly [title: string, command: string, ...args: string[]])[] = [
  ["formatting and lint", "biome", "check", "."],
  ["types", "tsc", "-p", "tsconfig.json"],
  ["types of every core, without Node", "tsc", "-p", "tsconfig.core.json"],
  ["types of pages", "tsc", "-p", "tsconfig.web.json"],
  ["documents: rules, links, names", process.execPath, "--import", "tsx", "scripts/check-docs.ts"],
  ["dead code", "knip", "--no-progress", "--no-config-hints"],
  ["duplicated code", "jscpd"],
];

const root = join(import.meta.dirname, "..");
const { values } = parseArgs({ options: { sources: { type: "boolean", default: false } } });
const steps = new Steps();
for (const [title, command, ...args] of SOURCES) {
  const tool = command === process.execPath ? command : join(root, "node_modules", ".bin", command);
  await steps.run(title, async () => void (await must(root, tool, args)));
}
if (!values.sources) {
  let packed: Packed[] = [];
  await steps.run("build and pack", async () => {
    packed = await buildAndPack(root, publishable(root, []));
  });
  await lintPacked(steps, root, packed);
}
console.log(`\n${steps.closing()}`);
process.exit(steps.good ? 0 : 1); // what hangs would hold it
