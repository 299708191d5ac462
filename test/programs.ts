/**
 * TypeScript programs as single files that plain Node runs: compiling would be most of the time of a short one. Each is
 * bundled once for a whole run of the tests, into a folder that is made and removed with the run (programs-setup.ts), so
 * that no bundle is older than its sources; outside of one, once for the process that asks.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type ProcessOptions, type RunningProcess, start } from "./process.js";

const root = join(import.meta.dirname, "..");

/** Optional, and partly machine code: found where the package of the program has them installed. */
const INSTALLED = ["classic-level", "ioredis", "@nats-io/*", "systeminformation"];

/** Packages that are CommonJS call `require`, which a module has to make for itself. */
const banner = {
  js: 'import { createRequire as forRequire } from "node:module"; const require = forRequire(import.meta.url);',
};

let ownFolder: string | undefined;

function folderOfRun(): string {
  const given = process.env["LAB_PROGRAMS"];
  if (given !== undefined) return given;
  if (ownFolder === undefined) {
    const made = mkdtempSync(join(tmpdir(), "lab-programs-"));
    process.once("exit", () => rmSync(made, { recursive: true, force: true }));
    ownFolder = made;
  }
  return ownFolder;
}

/**
 * The file of a program, as JavaScript that `node` runs.
 *
 * @param source in a package or an example; it may not look for files beside itself, for it is somewhere else then
 * @param external what it imports and is left out: such a program has to do without
 */
export function bundled(source: string | URL, external: readonly string[] = []): string {
  const file = source instanceof URL ? fileURLToPath(source) : source;
  const path = relative(root, file);
  const folder = join(folderOfRun(), [path, ...external].join(" ").replaceAll(/[^\w.-]+/g, "-"));
  const program = join(folder, `${basename(file, ".ts")}.mjs`);
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  const installed = join(folder, "node_modules");
  const [kind = "", name = ""] = path.split("/");
  try {
    symlinkSync(join(root, kind, name, "node_modules"), installed);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const own = join(folder, `${process.pid}.mjs`);
  // Loaded only here: most files of tests find what they start.
  const { buildSync } = createRequire(import.meta.url)("esbuild") as typeof import("esbuild");
  const into = { platform: "node", target: "node20", format: "esm", outfile: own } as const;
  buildSync({
    entryPoints: [file],
    bundle: true,
    external: [...INSTALLED, ...external],
    banner,
    ...into,
    logLevel: "error",
  });
  renameSync(own, program); // another file of tests may start it meanwhile
  return program;
}

/** Starts a TypeScript program of a package or an example, bundled. */
export function startBundled(
  source: string | URL,
  args: readonly string[] = [],
  options: ProcessOptions = {},
): RunningProcess {
  return start(process.execPath, [bundled(source), ...args], options);
}
