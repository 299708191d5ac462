/**
 * Programs of many processes, compiled once: tsx would spend half a second of a core on each start, and nodes that all
 * start slowly are a test of the machine.
 */
import { mkdirSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

/** Not under version control. */
const FOLDER = fileURLToPath(new URL("../../node_modules/.test-programs/", import.meta.url));

const compiled = new Map<string, string>();

/** A path from this file. */
export type Program =
  | "asking-node.ts"
  | "asking-candidate.ts"
  | "resource.ts"
  | "../etcd/candidate.ts"
  | "../node/file-lock-rounds.ts"
  | "../node/start-and-stop.ts"
  | "../overlap/report.ts"
  | "../sim/simulate.ts";

/** The file of a program, as JavaScript that `node` runs. */
export function compiledProgram(name: Program): string {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  mkdirSync(FOLDER, { recursive: true });
  const file = join(FOLDER, `${basename(name, ".ts")}.mjs`);
  const own = `${file}.${process.pid}`;
  buildSync({
    entryPoints: [fileURLToPath(new URL(name, import.meta.url))],
    outfile: own,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    external: ["systeminformation"], // loaded only where a load is measured
    logLevel: "error",
  });
  renameSync(own, file); // another run may start it meanwhile
  compiled.set(name, file);
  return file;
}
