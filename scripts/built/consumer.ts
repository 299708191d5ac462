/** An npm project outside the workspace that has installed the tarballs, and what a user would do with them there. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { must } from "../must.js";
import { type Manifest, type Packed, readManifest } from "./pack.js";

/**
 * What a project names that uses packages: these, the types of Node, and the peers that are optional, in the versions
 * that we test with.
 */
export function withPeers(root: string, packed: readonly Packed[], nodeTypes: string): string[] {
  const peers = packed.flatMap(({ folder }) => {
    const { peerDependencies = {}, devDependencies = {} } = readManifest(
      join(root, "packages", folder, "package.json"),
    );
    return Object.keys(peerDependencies).map((peer) => `${peer}@${devDependencies[peer]}`);
  });
  return [...packed.map(({ tarball }) => tarball), `@types/node@${nodeTypes}`, ...new Set(peers)];
}

/** Installs the tarballs into an empty project, with what a project that uses all of them has. */
export async function install(
  root: string,
  project: string,
  packed: readonly Packed[],
  nodeTypes: string,
): Promise<void> {
  const manifest = { name: "consumer", version: "1.0.0", private: true, type: "module" };
  writeFileSync(join(project, "package.json"), JSON.stringify(manifest));
  const wanted = withPeers(root, packed, nodeTypes);
  await must(project, "npm", ["install", "--no-audit", "--no-fund", "--save-exact", "--loglevel=error", ...wanted]);
}

function installed(project: string, name: string): Manifest {
  return readManifest(join(project, "node_modules", name, "package.json"));
}

/** The names under which a package's modules are imported. */
function modules({ name, exports = {} }: Manifest): string[] {
  return Object.keys(exports)
    .filter((entry) => !entry.endsWith(".json"))
    .map((entry) => `${name}${entry.slice(1)}`);
}

/** Imports and requires every entry, which must offer the same names, and runs the package's own consumers. */
export async function checkRuns(root: string, project: string, { folder, name }: Packed): Promise<void> {
  for (const file of ["README.md", "LICENSE", "CHANGELOG.md"]) {
    if (!existsSync(join(project, "node_modules", name, file))) throw new Error(`${name}: the tarball has no ${file}`);
  }
  const wanted = JSON.stringify(modules(installed(project, name)));
  const esm = join(project, `${folder}-entries.mjs`);
  const cjs = join(project, `${folder}-entries.cjs`);
  const show = `console.log(JSON.stringify(names.filter((name) => !/^(default|module\\.exports|__esModule)$/.test(name)).sort()));`;
  writeFileSync(esm, `for (const one of ${wanted}) { const names = Object.keys(await import(one)); ${show} }\n`);
  writeFileSync(cjs, `for (const one of ${wanted}) { const names = Object.keys(require(one)); ${show} }\n`);
  const [imported, required] = [await must(project, "node", [esm]), await must(project, "node", [cjs])];
  if (imported !== required) throw new Error(`${name}: import offers\n${imported}and require\n${required}`);
  if (/^\[\]$/m.test(imported)) throw new Error(`${name}: an entry offers nothing: ${wanted}\n${imported}`);
  const manifest = `require(${JSON.stringify(`${name}/package.json`)}).version`;
  await must(project, "node", ["-e", `if (typeof ${manifest} !== "string") throw new Error("no version")`]);

  const ours = join(root, "packages", folder, "test");
  if (existsSync(join(ours, "consumer.ts"))) {
    const source = readFileSync(join(ours, "consumer.ts"), "utf8");
    const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true };
    const file = join(project, `${folder}-consumer.mjs`);
    writeFileSync(file, ts.transpileModule(source, { compilerOptions: options }).outputText);
    await must(project, "node", [file]);
  }
  if (existsSync(join(ours, "consumer.cjs"))) {
    const file = join(project, `${folder}-consumer.cjs`);
    copyFileSync(join(ours, "consumer.cjs"), file);
    await must(project, "node", [file]);
  }
}

/** Type-checks a use of every entry, in strict mode and with the declaration files of all packages, under both resolutions. */
export async function checkTypes(root: string, project: string, packed: readonly Packed[]): Promise<void> {
  const sources = join(project, "types");
  mkdirSync(sources, { recursive: true });
  for (const { folder, name } of packed) {
    const entries = modules(installed(project, name));
    const use = entries.map((_, index) => `export const names${index}: string[] = Object.keys(entry${index});\n`);
    const esm = entries.map((entry, index) => `import * as entry${index} from ${JSON.stringify(entry)};\n`);
    const cjs = entries.map((entry, index) => `import entry${index} = require(${JSON.stringify(entry)});\n`);
    writeFileSync(join(sources, `${folder}.mts`), [...esm, ...use].join(""));
    writeFileSync(join(sources, `${folder}.cts`), [...cjs, ...use].join(""));
    const own = join(root, "packages", folder, "test", "consumer.ts");
    if (existsSync(own)) copyFileSync(own, join(sources, `${folder}-consumer.ts`));
  }
  const failures: string[] = [];
  for (const [moduleResolution, module] of [
    ["nodenext", "nodenext"],
    ["bundler", "esnext"],
  ]) {
    const config = join(project, `tsconfig.${moduleResolution}.json`);
    const compilerOptions = { module, moduleResolution, target: "es2022", strict: true, skipLibCheck: false };
    const include = moduleResolution === "nodenext" ? ["types"] : ["types/*.ts", "types/*.mts"];
    writeFileSync(config, JSON.stringify({ compilerOptions: { ...compilerOptions, noEmit: true }, include }));
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    await must(project, "node", [tsc, "-p", config]).catch((error: Error) =>
      failures.push(`${moduleResolution}: ${error.message}`),
    );
  }
  if (failures.length > 0) throw new Error(failures.join("\n"));
}

/** Runs every command of a package with --help. */
export async function checkCommands(project: string, { name }: Packed): Promise<void> {
  for (const command of Object.keys(installed(project, name).bin ?? {})) {
    const help = await must(project, join(project, "node_modules", ".bin", command), ["--help"]);
    if (!/usage/i.test(help)) throw new Error(`${command} --help does not show its usage:\n${help}`);
  }
}
