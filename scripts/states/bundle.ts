/** The machines and what runs them, bundled, with sources that tell (rewrite.ts). */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";
import type * as machines from "./machines.js";
import { rewrite } from "./rewrite.js";
import { toldSources } from "./told-sources.js";

export const packagesFolder: string = join(import.meta.dirname, "..", "..", "packages");

export type Machines = typeof machines;

const telling: Plugin = {
  name: "telling",
  setup({ onLoad, onEnd }) {
    const left = new Set(Object.keys(toldSources));
    onLoad({ filter: /[/\\]src[/\\]core[/\\][\w-]+\.ts$/ }, ({ path }) => {
      const file = relative(packagesFolder, path).split(sep).join("/");
      const told = toldSources[file];
      if (told === undefined) return undefined;
      left.delete(file);
      const contents = rewrite(readFileSync(path, "utf8"), told, join(import.meta.dirname, "telling.ts"));
      return { contents, loader: "ts" };
    });
    onEnd(() => {
      if (left.size > 0) throw new Error(`no machine is made of ${[...left].join(", ")}`);
    });
  },
};

/** Packages that are CommonJS call `require`, which a module has to make for itself. */
const banner = {
  js: 'import { createRequire as forRequire } from "node:module"; const require = forRequire(import.meta.url);',
};

export async function loadMachines(): Promise<Machines> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "machines.ts")],
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "error",
    banner,
    plugins: [telling],
  });
  const file = join(tmpdir(), `lab-states-${process.pid}.mjs`);
  try {
    writeFileSync(file, outputFiles[0]?.contents ?? "");
    return (await import(pathToFileURL(file).href)) as Machines;
  } finally {
    rmSync(file, { force: true });
  }
}
