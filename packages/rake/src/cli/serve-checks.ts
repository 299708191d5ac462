/** What `rake serve` looks at before it starts: options that would do nothing, or not what was meant. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { usageError } from "./exit-codes.js";

/** A host alone: the port is another option's. @throws RakeError `USAGE` */
export function checkHost(host: string): void {
  const [, name, port] = /^([^:]+|\[.*\]):(\d+)$/.exec(host) ?? [];
  if (name !== undefined)
    throw usageError(`--host is ${host}: a name or an address alone; --host ${name} --port ${port}`);
}

/** The paths from the root. @throws RakeError `USAGE` that names one that is not there */
export function readablePaths(paths: readonly string[]): readonly string[] {
  for (const path of paths) {
    if (path === "" || !existsSync(path)) throw usageError(`--readable: there is no ${path === "" ? '""' : path}`);
  }
  return paths.map((path) => resolve(path));
}

/** @throws RakeError `USAGE` that names a charge of what the server has not */
export function checkCharges(charges: Readonly<Record<string, number>>, resources: readonly string[]): void {
  const unknown = Object.keys(charges).find((name) => !resources.includes(name));
  if (unknown === undefined) return;
  const known = resources.length === 0 ? "this server has none" : `this server has ${resources.join(", ")}`;
  throw usageError(`--charge ${unknown}: there is no --resource ${unknown}; ${known}`);
}
