/** A clone of HEAD in a temporary folder, where versions are raised, tags are made, and from which is published. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Packed, readManifest } from "../built/pack.js";
import { must } from "../must.js";
import { mustGoTo } from "./loopback.js";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly publishConfig?: Readonly<Record<string, unknown>>;
}

/** Clones HEAD into a folder and installs what the lock file says. */
export async function cloneHead(root: string, copy: string): Promise<void> {
  await must(root, "git", ["clone", "--quiet", "--no-tags", ".", copy]);
  await must(copy, "git", ["config", "user.name", "release:check"]);
  await must(copy, "git", ["config", "user.email", "release-check@localhost"]);
  await must(copy, "pnpm", ["install", "--frozen-lockfile", "--prefer-offline"]);
}

const manifestPath = (copy: string, folder: string): string => join(copy, "packages", folder, "package.json");
const manifestOf = (copy: string, folder: string): Manifest => readManifest(manifestPath(copy, folder));
const changesets = (copy: string): string => join(copy, "node_modules", "@changesets", "cli", "bin.js");

/**
 * Raises the versions as the changesets say, and proves that each package has one and a chapter of its changelog. What is
 * published from here has no provenance: only a CI service can sign where a package comes from.
 */
export async function raiseVersions(copy: string, folders: readonly string[]): Promise<string[]> {
  await must(copy, "node", [changesets(copy), "version"]);
  return folders.map((folder) => {
    const manifest = manifestOf(copy, folder);
    const { name, version } = manifest;
    if (version === "0.0.0") throw new Error(`${name}: no changeset gives it a version`);
    const changelog = join(copy, "packages", folder, "CHANGELOG.md");
    const text = existsSync(changelog) ? readFileSync(changelog, "utf8") : "";
    if (!text.split("\n").includes(`## ${version}`)) throw new Error(`${name}: CHANGELOG.md has no chapter ${version}`);
    const publishConfig = { ...manifest.publishConfig, provenance: false };
    writeFileSync(manifestPath(copy, folder), `${JSON.stringify({ ...manifest, publishConfig }, undefined, 2)}\n`);
    return `${name}@${version}`;
  });
}

/** Publishes all packages by `changeset publish`, once it is proven that each goes to this registry. */
export async function publish(copy: string, registry: string, packed: readonly Packed[]): Promise<void> {
  for (const { folder, name } of packed) {
    const at = join(copy, "packages", folder);
    const [scope = ""] = name.split("/");
    for (const manager of ["npm", "pnpm"]) {
      const said = {
        registry: (await must(at, manager, ["config", "get", "registry"])).trim(),
        scope: (await must(at, manager, ["config", "get", `${scope}:registry`])).trim(),
      };
      mustGoTo(registry, said, manifestOf(copy, folder));
    }
  }
  await must(copy, "node", [changesets(copy), "publish"]);
  for (const one of packed) await mustBePublished(copy, registry, one);
}

/** What the registry has is, byte for byte, the tarball that was packed and linted. */
async function mustBePublished(copy: string, registry: string, { folder, name, tarball }: Packed): Promise<void> {
  const { version } = manifestOf(copy, folder);
  const answer = await must(copy, "npm", ["view", `${name}@${version}`, "dist", "--json"]);
  const dist = JSON.parse(answer) as { integrity: string; tarball: string };
  if (!dist.tarball.startsWith(registry)) throw new Error(`${name}: its tarball is at ${dist.tarball}`);
  const packed = `sha512-${createHash("sha512").update(readFileSync(tarball)).digest("base64")}`;
  if (dist.integrity !== packed) throw new Error(`${name}: published is ${dist.integrity}, packed was ${packed}`);
  const tags = await must(copy, "git", ["tag", "--list", `${name}@${version}`]);
  if (tags.trim() === "") throw new Error(`${name}: changesets made no tag in the copy`);
}
