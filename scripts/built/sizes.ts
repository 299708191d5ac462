/** What a user installs with each package: its size, the size with all dependencies, and how many these are. */
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Size {
  readonly name: string;
  /** Bytes of the package itself. */
  readonly ownBytes: number;
  /** Bytes with all its dependencies. */
  readonly installedBytes: number;
  /** How many packages these are. */
  readonly dependencies: number;
}

/** What npm has installed into a project for each of these packages. */
export function sizesOf(project: string, names: readonly string[]): Size[] {
  const lock = JSON.parse(readFileSync(join(project, "package-lock.json"), "utf8")) as {
    packages: Record<string, Locked>;
  };
  return names.map((name) => {
    const own = `node_modules/${name}`;
    const all = closure(lock.packages, own);
    const installedBytes = [...all].reduce((sum, path) => sum + folderBytes(join(project, path)), 0);
    return { name, ownBytes: folderBytes(join(project, own)), installedBytes, dependencies: all.size - 1 };
  });
}

/** Lines of a table, its heading first. */
export function sizeTable(project: string, names: readonly string[]): string[] {
  const rows = sizesOf(project, names).map(
    (size) => [size.name, kib(size.ownBytes), kib(size.installedBytes), String(size.dependencies)] as const,
  );
  return [["package", "own KiB", "installed KiB", "dependencies"] as const, ...rows].map(
    ([name, own, total, count]) => `${name.padEnd(24)} ${own.padStart(9)} ${total.padStart(14)} ${count.padStart(13)}`,
  );
}

/** The lock file's paths of a package and of everything that it needs, found as Node finds them. */
function closure(packages: Readonly<Record<string, Locked>>, start: string): Set<string> {
  const found = new Set<string>();
  const pending = [start];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    const { dependencies, optionalDependencies } = packages[path] ?? {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const target = resolve(packages, path, name);
      if (target !== undefined) pending.push(target);
    }
  }
  return found;
}

function resolve(packages: Readonly<Record<string, Locked>>, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = folder === "." ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (packages[candidate] !== undefined) return candidate;
    if (folder === ".") return undefined;
  }
}

/** The bytes of the files of a package, without the packages installed inside it. */
function folderBytes(folder: string): number {
  let total = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) total += entry.name === "node_modules" ? 0 : folderBytes(path);
    else total += lstatSync(path).size;
  }
  return total;
}

function kib(bytes: number): string {
  return (bytes / 1024).toFixed(0);
}
