/**
 * Programs of many processes, compiled once: tsx would spend half a second of a core on each start, and nodes that all
 * start slowly are a test of the machine.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const compiled = new Map<string, string>();
let folder: string | undefined;

/** The file of a program beside this one, as JavaScript that `node` runs. */
export function compiledProgram(name: "asking-node.ts" | "asking-candidate.ts" | "resource.ts"): string {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), "lab-programs-"));
    process.once("exit", () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  const outfile = join(folder, `${basename(name, ".ts")}.mjs`);
  buildSync({
    entryPoints: [fileURLToPath(new URL(name, import.meta.url))],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    external: ["systeminformation"], // loaded only where a load is measured
    logLevel: "error",
  });
  compiled.set(name, outfile);
  return outfile;
}
