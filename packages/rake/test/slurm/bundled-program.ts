/** A program of these tests as one file that plain Node runs: the compiler would take longer than the rest. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { buildSync } from "esbuild";

/** The words that start it, and what takes it away. */
export interface BundledProgram {
  readonly command: readonly string[];
  remove(): void;
}

/** @param source beside this file; by default the server that pilots start */
export function bundleProgram(source = "serve-program.ts"): BundledProgram {
  const folder = mkdtempSync(join(tmpdir(), "lab-program-"));
  const outfile = join(folder, `${basename(source, ".ts")}.mjs`);
  const into = { platform: "node", target: "node20", format: "esm", outfile } as const;
  buildSync({ entryPoints: [join(import.meta.dirname, source)], bundle: true, ...into, logLevel: "error" });
  return {
    command: [process.execPath, outfile],
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
