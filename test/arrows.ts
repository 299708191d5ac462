/**
 * The arrows of the architecture, read from the import graph by TypeScript's own scanner and without the linter:
 * cli/ -> node/ -> core/, and from package to package only where the table below allows it.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import ts from "typescript";

/** The sister packages that the sources of each package may import. A new package is entered here first. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  framing: [],
  hftp: [],
  "stopwait-udp": [],
  election: ["framing"],
  broadcast: ["framing"],
  rake: ["framing"],
  simnet: [],
};

/** The folders of a package's own src/ that each folder may import from; "" is src/ itself, where index.ts stands. */
const folderMayImport: Readonly<Record<string, readonly string[]>> = {
  core: ["core"],
  web: ["core", "web"],
  arbitraries: ["core", "arbitraries"],
  node: ["core", "web", "node"],
  cli: ["core", "web", "node", "cli", ""],
  "": ["core", "web", "node"],
};

/** What web/ may import beside core/: it is bundled with the page. */
const bundledWithPages = /^(?:preact|preact\/hooks|@observablehq\/plot)$/;

/** Every import, re-export, `import()` and `require()` of a source text. */
function importsOf(text: string): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map((file) => file.fileName);
}

/** The names of the folders in packages/ that hold sources. */
export function packageNames(root: string): string[] {
  const folder = join(root, "packages");
  return readdirSync(folder).filter((name) => existsSync(join(folder, name, "src")));
}

/** Every arrow that points the wrong way below `root`, one line each: the file, what it imports, and why not. */
export function wrongArrows(root: string): string[] {
  return packageNames(root).flatMap((name) => {
    const sisters = mayImport[name];
    if (sisters === undefined) return [`packages/${name}: not in the table of test/arrows.ts`];
    const source = join(root, "packages", name, "src");
    const files = readdirSync(source, { recursive: true, encoding: "utf8" }).map((file) => file.replaceAll("\\", "/"));
    return [
      ...wrongDependencies(root, name, sisters),
      ...files
        .filter((file) => /\.[cm]?tsx?$/.test(file))
        .flatMap((file) => {
          const text = readFileSync(join(source, file), "utf8");
          const complaints = importsOf(text).flatMap((wanted) => {
            const why = whyNot(file, wanted, sisters);
            return why === undefined ? [] : [`imports ${wanted}: ${why}`];
          });
          if (file === "index.ts" && !onlyReexports(text)) complaints.push("does more than re-export");
          return complaints.map((complaint) => `packages/${name}/src/${file} ${complaint}`);
        }),
    ];
  });
}

function whyNot(file: string, wanted: string, sisters: readonly string[]): string | undefined {
  const folder = file.includes("/") ? (file.split("/")[0] ?? "") : "";
  const allowed = folderMayImport[folder];
  if (allowed === undefined) return `src/${folder}/ is none of core/, web/, arbitraries/, node/, cli/`;
  if (wanted.startsWith(".")) {
    const target = posix.join(dirname(file), wanted);
    if (target === "../package.json" && folder === "cli") return undefined; // `--version`
    if (target.startsWith("..")) return "outside the package's own src/";
    const targetFolder = target.includes("/") ? (target.split("/")[0] ?? "") : "";
    return allowed.includes(targetFolder) ? undefined : `${folder || "src"}/ may not import ${targetFolder || "src"}/`;
  }
  const [, sister, entry] = /^@lab\/([^/]+)(?:\/(.*))?$/.exec(wanted) ?? [];
  const pure = folder === "core" || folder === "web";
  if (sister === undefined && folder === "web" && bundledWithPages.test(wanted)) return undefined;
  if (sister === undefined) return pure ? `${folder}/ imports no outside package` : undefined;
  if (!sisters.includes(sister)) return "the table of test/arrows.ts does not allow it";
  if (pure && entry !== "core" && entry !== folder) return `${folder}/ imports only the core of a sister package`;
  return undefined;
}

function wrongDependencies(root: string, name: string, sisters: readonly string[]): string[] {
  const path = join(root, "packages", name, "package.json");
  const { dependencies = {}, peerDependencies = {} } = JSON.parse(readFileSync(path, "utf8")) as {
    dependencies?: Record<string, string>;
    peerDependencies?: Record<string, string>;
  };
  return Object.keys({ ...dependencies, ...peerDependencies })
    .filter((dependency) => dependency.startsWith("@lab/") && !sisters.includes(dependency.slice("@lab/".length)))
    .map((dependency) => `packages/${name}/package.json depends on ${dependency}, which the table does not allow`);
}

function onlyReexports(text: string): boolean {
  const { statements } = ts.createSourceFile("index.ts", text, ts.ScriptTarget.Latest);
  return statements.every((one) => ts.isExportDeclaration(one) && one.moduleSpecifier !== undefined);
}
