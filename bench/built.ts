/**
 * The built files of a package, which benchmarks measure instead of the sources. Typed by the sources:
 * `await built<typeof import("../src/index.js")>("framing")`.
 */
import { existsSync } from "node:fs";

export async function built<Module>(name: string, entry = "index"): Promise<Module> {
  return (await import(builtFile(name, entry).href)) as Module;
}

/** Where a built file is: for a benchmark that starts it as a process, or imports it in one. */
export function builtFile(name: string, entry = "index"): URL {
  const file = new URL(`../packages/${name}/dist/${entry}.js`, import.meta.url);
  if (!existsSync(file))
    throw new Error(`packages/${name} is not built: run pnpm build, or pnpm bench without --no-build`);
  return file;
}
