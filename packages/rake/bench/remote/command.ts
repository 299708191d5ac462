/**
 * The built `rake` command in one file, with the packages that it depends on: in this workspace those are sources, and the
 * loader that they would need is memory that no user's server has.
 */
import { pathToFileURL } from "node:url";
import { buildSync } from "esbuild";
import { builtFile } from "../../../../bench/built.js";
import { newFolder } from "./folders.js";

let bundled: string | undefined;

/** Its path. */
export function rakeCommand(): string {
  if (bundled !== undefined) return bundled;
  const outfile = `${newFolder()}/rake.mjs`;
  buildSync({
    entryPoints: [builtFile("rake", "cli/main").pathname],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    alias: {
      "@lab/framing/core": builtFile("framing", "core").pathname,
      "@lab/framing": builtFile("framing").pathname,
    },
    // Dependencies that are CommonJS ask for Node's modules by `require`.
    banner: {
      js: `import { createRequire } from "node:module"; const require = createRequire(${JSON.stringify(pathToFileURL(outfile))});`,
    },
    logLevel: "error",
  });
  bundled = outfile;
  return outfile;
}
