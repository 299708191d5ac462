/** A TypeScript program as one file that plain Node runs: most of the time of a short one would be the compiler's. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { afterAll } from "vitest";
import { type Exit, run } from "../../../test/process.js";

export interface BundledProgram {
  /** Runs it to its end, with options for Node and its own arguments. */
  readonly run: (nodeOptions: readonly string[], args: readonly string[]) => Promise<Exit>;
}

/** Bundles a program, once for a file of tests. */
export function bundleProgram(source: URL): BundledProgram {
  const base = mkdtempSync(join(tmpdir(), "lab-program-"));
  afterAll(() => rmSync(base, { recursive: true, force: true }));
  const path = join(base, "program.mjs");
  const into = { platform: "node", target: "node20", format: "esm", outfile: path } as const;
  buildSync({ entryPoints: [fileURLToPath(source)], bundle: true, ...into, logLevel: "error" });
  return { run: async (nodeOptions, args) => await run(process.execPath, [...nodeOptions, path, ...args]) };
}
