/** The packages of this repository, bundled by esbuild and checked: it needs Node alone. */
import { copyFileSync, cpSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type RakeAction, rakefile } from "./rakefile.js";

const root = join(import.meta.dirname, "..", "..", "..");
const PACKAGES = ["broadcast", "election", "framing", "hftp", "rake", "simnet", "stopwait-udp"];
/** It comes to a host once, as an input: nothing is installed there. */
const ESBUILD = "tools/esbuild";

/** Fills an empty folder with sources, checks, esbuild and the Rakefile. */
export function layOutNodeProject(folder: string, hosts: readonly string[]): void {
  mkdirSync(join(folder, "tools"), { recursive: true });
  copyFileSync(esbuildProgram(), join(folder, ESBUILD));
  cpSync(join(import.meta.dirname, "..", "checks"), join(folder, "checks"), { recursive: true });
  for (const name of PACKAGES) {
    cpSync(join(root, "packages", name, "src", "core"), join(folder, "core", name), { recursive: true });
  }
  const project = { hosts, sets: [PACKAGES.map((name) => bundle(folder, name)), PACKAGES.map(check), [together]] };
  writeFileSync(join(folder, "Rakefile"), rakefile(project));
}

function bundle(folder: string, name: string): RakeAction {
  const output = `dist/${name}.mjs`;
  const sources = [name, "framing"].filter((one, index, all) => all.indexOf(one) === index);
  return {
    command: `${ESBUILD} core/${name}/index.ts --bundle --format=esm --platform=neutral --alias:@lab/framing/core=./core/framing/index.ts --log-level=warning --outfile=${output}`,
    requires: [ESBUILD, ...sources.flatMap((one) => filesOf(folder, `core/${one}`))],
    produces: [output],
  };
}

function check(name: string): RakeAction {
  return {
    command: `node checks/${name}.mjs`,
    requires: [
      `checks/${name}.mjs`,
      "checks/garbage.mjs",
      `dist/${name}.mjs`,
      ...(name === "rake" ? ["Rakefile"] : []),
    ],
  };
}

const together: RakeAction = {
  command: "node checks/together.mjs",
  remote: false,
  requires: ["dist/framing.mjs", "dist/election.mjs", "dist/rake.mjs"],
};

function filesOf(folder: string, below: string): string[] {
  return readdirSync(join(folder, below), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** The program itself, without the script around it. */
function esbuildProgram(): string {
  const from = createRequire(createRequire(import.meta.url).resolve("esbuild"));
  return from.resolve(`@esbuild/${process.platform}-${process.arch}/bin/esbuild`);
}
