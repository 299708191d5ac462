/**
 * `pnpm test:built [PACKAGE ...]`: what is published works. Builds and packs every package (or those named), lints the
 * tarballs, installs them with npm into an empty project outside the workspace, uses them there from ESM, from CJS and
 * from TypeScript, runs their commands, and then runs the tests in *.built.test.ts with LAB_PACKED naming that project.
 * Every check runs; the exit code is 1 when one failed.
 */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { checkCommands, checkRuns, checkTypes, install, must } from "./built/consumer.js";
import { buildAndPack, inForeground, publishable, readManifest } from "./built/pack.js";
import { sizeTable } from "./built/sizes.js";

const root = join(import.meta.dirname, "..");
const failed: string[] = [];

async function step(title: string, action: () => Promise<void> | void): Promise<void> {
  const began = performance.now();
  let outcome = "ok";
  try {
    await action();
  } catch (error) {
    failed.push(title);
    outcome = `FAILED\n${error instanceof Error ? error.message : error}`;
  }
  console.log(`${title.padEnd(50)} ${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${outcome}`);
}

const packed = buildAndPack(root, publishable(root, process.argv.slice(2)));
const tool = (name: string): string => join(root, "node_modules", ".bin", name);
for (const { name, tarball } of packed) {
  await step(`${name}: publint`, async () => void (await must(root, tool("publint"), ["run", tarball, "--strict"])));
  await step(`${name}: arethetypeswrong`, async () => {
    await must(root, tool("attw"), [tarball, "--profile", "node16", "--format", "ascii", "--no-color", "--no-emoji"]);
  });
}
const project = mkdtempSync(join(realpathSync(tmpdir()), "lab-consumer-"));
process.once("exit", () => rmSync(project, { recursive: true, force: true }));
const { devDependencies } = readManifest(join(root, "package.json")) as unknown as {
  devDependencies: Record<string, string>;
};
await step("npm install of the tarballs", () => install(root, project, packed, devDependencies["@types/node"] ?? ""));
if (failed.at(-1) !== "npm install of the tarballs") {
  for (const one of packed) {
    await step(`${one.name}: import and require`, () => checkRuns(root, project, one));
    await step(`${one.name}: commands`, () => checkCommands(project, one));
  }
  await step("types: nodenext and bundler", () => checkTypes(root, project, packed));
  await step("tests of the installed packages", () => {
    const args = ["run", "--project", "built", "--passWithNoTests"];
    inForeground(tool("vitest"), args, root, { LAB_PACKED: project });
  });
  const names = packed.map(({ name }) => name);
  console.log(`\n${sizeTable(project, names).join("\n")}`);
}
console.log(failed.length === 0 ? "\ntest:built: all passed" : `\ntest:built FAILED: ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
