/** The server that pilots of these tests start, as one file that plain Node runs. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";

/** The words that start it, and what takes it away. */
export interface BundledServer {
  readonly command: readonly string[];
  remove(): void;
}

export function bundleServer(): BundledServer {
  const folder = mkdtempSync(join(tmpdir(), "lab-program-"));
  const outfile = join(folder, "serve-program.mjs");
  const into = { platform: "node", target: "node20", format: "esm", outfile } as const;
  buildSync({ entryPoints: [join(import.meta.dirname, "serve-program.ts")], bundle: true, ...into, logLevel: "error" });
  return {
    command: [process.execPath, outfile],
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
