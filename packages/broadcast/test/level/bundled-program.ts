/** A program of the tests as one file that plain Node runs: started again and again, it would spend most of its time in the compiler. */
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { afterAll } from "vitest";
import { type ProcessOptions, type RunningProcess, start } from "../../../../test/process.js";

const own = join(import.meta.dirname, "..", "..");

export type StartProgram = (args: readonly string[], options?: ProcessOptions) => RunningProcess;

/** Bundles a program, once for a file of tests. */
export function bundleProgram(source: URL): StartProgram {
  const base = mkdtempSync(join(tmpdir(), "lab-program-"));
  afterAll(() => rmSync(base, { recursive: true, force: true }));
  const file = fileURLToPath(source);
  const path = join(base, `${basename(file, ".ts")}.mjs`);
  // Optional, and partly machine code: found where they are installed.
  const external = ["classic-level", "ioredis", "@nats-io/*"];
  symlinkSync(join(own, "node_modules"), join(base, "node_modules"));
  const into = { platform: "node", target: "node20", format: "esm", outfile: path } as const;
  buildSync({ entryPoints: [file], bundle: true, external, ...into, logLevel: "error" });
  return (args, options) => start(process.execPath, [path, ...args], options);
}
