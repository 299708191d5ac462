/** What no file of the repository may say: where it was written, and which registry served its dependencies there. */
import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

const publicRegistry = "registry.npmjs.org";
const sharedFolder = ["..", "shared"].join("/");
// Not in the middle of a longer path, and not after a variable: `${served}/home` is no path of this machine.
const machinePath = /(?:(?<![\w.~/*})\]>-])|(?<=file:\/\/))\/(?:work|root|home)(?![\w.-])/;
const otherRegistry = /registry[\w-]{0,8}["']?\s*[=:]\s*["']?https?:\/\/(?!registry\.npmjs\.org)/i;

/** The registry that npm uses on this machine. */
export function registryInUse(): string {
  return execFileSync("npm", ["config", "get", "registry", "--loglevel=error"], { encoding: "utf8" }).trim();
}

/** Every place below `root` that says too much, as `file:line: what`. */
export function leakFaults(root: string, registry: string): string[] {
  const forbidden: { readonly what: string; readonly found: (line: string) => boolean }[] = [
    { what: "speaks of a folder outside the repository", found: (line) => line.includes(sharedFolder) },
    { what: "holds a path of one machine", found: (line) => machinePath.test(line) },
    { what: "names a registry of its own", found: (line) => otherRegistry.test(line) },
  ];
  const host = registryHost(registry);
  if (host !== undefined) {
    forbidden.push({ what: "names the registry of this machine", found: (line) => line.includes(host) });
  }
  return filesOf(root).flatMap((file) => {
    const text = readFileSync(join(root, file), "utf8");
    if (text.includes("\0")) return []; // not text
    return text.split("\n").flatMap((line, index) => {
      const faults = forbidden.filter(({ found }) => found(line));
      return faults.map(({ what }) => `${file}:${index + 1}: ${what}: ${line.trim().slice(0, 100)}`);
    });
  });
}

/** What to look for, or undefined for the public registry: with its port where the name alone says nothing. */
function registryHost(registry: string): string | undefined {
  if (!URL.canParse(registry)) return undefined;
  const { host, hostname } = new URL(registry);
  if (hostname === publicRegistry) return undefined;
  return /^(localhost|127\..*|\[::1\])$/.test(hostname) ? host : hostname;
}

/** What git has or would take; everything but what is installed or built where there is no git checkout. */
function filesOf(root: string): string[] {
  if (!existsSync(join(root, ".git"))) return walk(root).map((path) => relative(root, path));
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const listed = execFileSync("git", args, { cwd: root, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 }).split("\0");
  return listed.filter((file) => file !== "" && lstatSync(join(root, file), { throwIfNoEntry: false })?.isFile());
}

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return /^(node_modules|dist|\.packed|\.bench)$/.test(entry.name) ? [] : walk(path);
    return entry.isFile() ? [path] : [];
  });
}
