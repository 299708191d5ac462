/**
 * `pnpm test:built [--no-build] [PACKAGE ...]`: what is published works. Builds and packs every package (or those named; `--no-build` takes
 * what `pnpm check` has packed), installs the tarballs with npm into an empty project outside the workspace, uses them there from ESM, from CJS
 * and from TypeScript, runs their commands, and then runs the tests in *.built.test.ts with LAB_PACKED naming that project.
 * Every check runs; the exit code is 1 when one failed.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkCommands, checkRuns, checkTypes, install } from "./built/consumer.js";
import { alreadyPacked, buildAndPack, inForeground, publishable, readManifest } from "./built/pack.js";
import { sizeTable } from "./built/sizes.js";
import { Steps } from "./steps.js";
import { temporaryFolder } from "./temporary.js";

const root = join(import.meta.dirname, "..");
const { values, positionals } = parseArgs({
  options: { "no-build": { type: "boolean", default: false } },
  allowPositionals: true,
});
const folders = publishable(root, positionals);
const packed = values["no-build"] ? alreadyPacked(root, folders) : await buildAndPack(root, folders);
const project = temporaryFolder("lab-consumer-");
const { devDependencies } = readManifest(join(root, "package.json")) as unknown as {
  devDependencies: Record<string, string>;
};
const steps = new Steps();
const isInstalled = await steps.run("npm install of the tarballs", () =>
  install(root, project, packed, devDependencies["@types/node"] ?? ""),
);
if (isInstalled) {
  for (const one of packed) {
    await steps.run(`${one.name}: import and require`, () => checkRuns(root, project, one));
    await steps.run(`${one.name}: commands`, () => checkCommands(project, one));
  }
  await steps.run("types: nodenext and bundler", () => checkTypes(root, project, packed));
  await steps.run("tests of the installed packages", () => {
    const args = ["run", "--project", "built", "--passWithNoTests"];
    inForeground(join(root, "node_modules", ".bin", "vitest"), args, root, { LAB_PACKED: project });
  });
  const names = packed.map(({ name }) => name);
  console.log(`\n${sizeTable(project, names).join("\n")}`);
}
console.log(`\n${steps.closing()}`);
process.exit(steps.good ? 0 : 1); // what hangs would hold it
