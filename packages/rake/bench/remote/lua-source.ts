/**
 * The sources of Lua 5.4, as Debian packages them: fetched by apt, with lists of their own that know source packages, into an
 * ignored folder, and used only where they are these very bytes.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runHere, whyAbsent } from "./programs.js";

const VERSION = "5.4.4";
const TARBALL = `lua5.4_${VERSION}.orig.tar.gz`;
const SHA256 = "164c7849653b80ae67bec4b7473b884bf5cc8d2dca05653475ec2ed27b9ebf61";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const folder = fileURLToPath(new URL("../../../../.bench/lua", import.meta.url));

/** Why they cannot be had, if so. @param mayFetch else they are there already, or not at all */
export async function whyNoLua(mayFetch: boolean): Promise<string | undefined> {
  const missing = whyAbsent("gcc", "make", "ar", "tar");
  if (missing !== undefined) return missing;
  if (existsSync(`${folder}/lua-${VERSION}/src/lua.c`)) return undefined;
  if (!mayFetch) return "the sources of Lua are not here yet: a run without --smoke fetches them";
  try {
    await fetchLua();
    return undefined;
  } catch (error) {
    return `the sources of Lua cannot be had: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Copies the sources alone into a folder that is not there yet. */
export function copyLua(to: string): void {
  cpSync(`${folder}/lua-${VERSION}/src`, to, { recursive: true });
}

async function fetchLua(): Promise<void> {
  for (const name of ["lists/partial", "cache/archives/partial"]) mkdirSync(`${folder}/${name}`, { recursive: true });
  const signed = existsSync(KEYRING) ? ` [signed-by=${KEYRING}]` : "";
  writeFileSync(`${folder}/sources.list`, `deb-src${signed} ${archive()} main\n`);
  const own = {
    "Dir::Etc::sourcelist": `${folder}/sources.list`,
    "Dir::Etc::sourceparts": "-",
    "Dir::State::lists": `${folder}/lists`,
    "Dir::Cache": `${folder}/cache`,
  };
  const options = Object.entries(own).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  await runHere("apt-get", [...options, "-q", "update"], { cwd: folder });
  await runHere("apt-get", [...options, "-q", "source", "--download-only", "--only-source", "lua5.4"], { cwd: folder });
  if (!existsSync(`${folder}/${TARBALL}`)) throw new Error(`this system's lua5.4 is not version ${VERSION}`);
  const digest = createHash("sha256")
    .update(readFileSync(`${folder}/${TARBALL}`))
    .digest("hex");
  if (digest !== SHA256) throw new Error(`${TARBALL} has the digest ${digest}, not ${SHA256}`);
  await runHere("tar", ["-xzf", TARBALL], { cwd: folder });
}

/** Address and release of the archive that this system's own packages come from. @throws where it has none */
function archive(): string {
  const asked = spawnSync("apt-get", [
    "indextargets",
    "--format",
    "$(SITE) $(RELEASE) $(COMPONENT)",
    "Created-By: Packages",
  ]);
  const lines = asked.error === undefined ? asked.stdout.toString().split("\n") : [];
  // Updates and fixes have releases of their own, with a hyphen in their names.
  const [site, release] =
    lines.map((line) => line.split(" ")).find(([, name, part]) => part === "main" && !name?.includes("-")) ?? [];
  if (site === undefined || release === undefined) throw new Error("this is no Debian");
  return `${site} ${release}`;
}
