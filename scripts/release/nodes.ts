/** The versions of Node that packages are tried on, got as a user would: from the registry, as the package `node`. */
import { mkdirSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { run } from "../../test/process.js";

export const NODE_MAJORS: readonly number[] = [20, 22, 24, 26];

export type FoundNode =
  | { readonly major: number; readonly version: string; readonly folder: string }
  | { readonly major: number; readonly reason: string };

/** The majors that `--nodes 20,22` names; all where it is not given. */
export function wantedMajors(given: string | undefined): number[] {
  if (given === undefined) return [...NODE_MAJORS];
  const majors = given.split(",").map(Number);
  if (majors.every((major) => NODE_MAJORS.includes(major))) return majors;
  throw new RangeError(`--nodes ${given}: accepted are numbers of ${NODE_MAJORS.join(", ")}, joined by commas`);
}

/** Finds a Node: the one that runs this, or one that is installed into the folder. */
export async function findNode(major: number, folder: string): Promise<FoundNode> {
  if (process.versions.node.startsWith(`${major}.`)) {
    return { major, version: process.version, folder: dirname(process.execPath) };
  }
  const at = join(folder, `node-${major}`);
  mkdirSync(at, { recursive: true });
  // Its install script fetches the program for this machine.
  const got = await run("npm", ["install", "--prefix", at, "--no-audit", "--no-fund", `node@${major}`], { cwd: at });
  const bin = join(at, "node_modules", "node", "bin");
  const said = await run(join(bin, "node"), ["--version"]).catch((error: Error) => ({
    code: 1,
    stdout: error.message,
  }));
  if (said.code === 0) return { major, version: said.stdout.trim(), folder: bin };
  return { major, reason: `npm install node@${major}: ${got.stderr.trim().split("\n")[0] || said.stdout.trim()}` };
}

/** Runs an action with a Node as the `node` of all that it starts. */
export async function withNode<Result>(folder: string, action: () => Promise<Result>): Promise<Result> {
  const before = process.env["PATH"] ?? "";
  process.env["PATH"] = `${folder}${delimiter}${before}`;
  try {
    return await action();
  } finally {
    process.env["PATH"] = before;
  }
}
