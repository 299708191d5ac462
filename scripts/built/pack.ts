/** Builds the publishable packages and makes their tarballs, as publishing would. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { must } from "../must.js";

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
    timeout: 15 * 60_000,
    env: { ...process.env, ...env },
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${signal ?? status}`);
}

/** The pnpm that runs this script, or else the one that package.json names. */
async function pnpm(root: string, args: readonly string[], cwd: string): Promise<void> {
  const own = process.env["npm_execpath"] ?? "";
  const { packageManager } = readManifest(join(root, "package.json")) as Manifest & { packageManager: string };
  if (/pnpm\.[cm]?js$/.test(own)) await must(cwd, process.execPath, [own, ...args]);
  else await must(cwd, "npx", ["--yes", packageManager, ...args]);
}

/** @throws Error with all that was said where a package cannot be built or packed */
export async function buildAndPack(root: string, folders: readonly string[]): Promise<Packed[]> {
  rmSync(packedFolder(root), { recursive: true, force: true });
  mkdirSync(packedFolder(root));
  await pnpm(root, ["-r", ...folders.map((folder) => `--filter=./packages/${folder}`), "build"], root);
  for (const folder of folders) {
    await pnpm(root, ["pack", "--pack-destination", packedFolder(root)], join(root, "packages", folder));
  }
  return alreadyPacked(root, folders);
}

/** The tarballs that `buildAndPack` has left. */
export function alreadyPacked(root: string, folders: readonly string[]): Packed[] {
  return folders.map((folder) => {
    const { name, version } = readManifest(join(root, "packages", folder, "package.json"));
    const tarball = join(packedFolder(root), `${name.replace("@", "").replace("/", "-")}-${version}.tgz`);
    if (!existsSync(tarball)) throw new Error(`there is no ${tarball}: pnpm check makes it`);
    return { folder, name, tarball };
  });
}

const packedFolder = (root: string): string => join(root, ".packed");
