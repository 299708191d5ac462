/** Builds the publishable packages and makes their tarballs, as publishing would. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

export interface Packed {
  /** The folder in packages/. */
  readonly folder: string;
  /** The published name. */
  readonly name: string;
  readonly tarball: string;
}

/** The folders in packages/ that are published, all or those asked for. */
export function publishable(root: string, wanted: readonly string[]): string[] {
  const folders = readdirSync(join(root, "packages")).filter((folder) => {
    const manifest = join(root, "packages", folder, "package.json");
    return existsSync(manifest) && readManifest(manifest).private !== true;
  });
  const unknown = wanted.filter((folder) => !folders.includes(folder));
  if (unknown.length > 0) throw new Error(`no such package: ${unknown.join(", ")}; there are ${folders.join(", ")}`);
  return wanted.length === 0 ? folders : folders.filter((folder) => wanted.includes(folder));
}

export function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(path, "utf8")) as Manifest;
}

/** Runs a command in the foreground; throws unless it exits 0. */
export function inForeground(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): void {
  const { status, signal, error } = spawnSync(command, args, {
    cwd,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...env },
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${signal ?? status}`);
}

/** The pnpm that runs this script, or else the one that package.json names. */
function pnpm(root: string, args: readonly string[], cwd: string): void {
  const own = process.env["npm_execpath"] ?? "";
  if (/pnpm\.[cm]?js$/.test(own)) return inForeground(process.execPath, [own, ...args], cwd);
  const { packageManager } = readManifest(join(root, "package.json")) as Manifest & { packageManager: string };
  inForeground("npx", ["--yes", packageManager, ...args], cwd);
}

export function buildAndPack(root: string, folders: readonly string[]): Packed[] {
  const target = join(root, ".packed");
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target);
  pnpm(root, ["-r", ...folders.map((folder) => `--filter=./packages/${folder}`), "build"], root);
  return folders.map((folder) => {
    const source = join(root, "packages", folder);
    const { name, version } = readManifest(join(source, "package.json"));
    pnpm(root, ["pack", "--pack-destination", target], source);
    const tarball = join(target, `${name.replace("@", "").replace("/", "-")}-${version}.tgz`);
    if (!existsSync(tarball)) throw new Error(`pnpm pack made no ${tarball}`);
    return { folder, name, tarball };
  });
}
