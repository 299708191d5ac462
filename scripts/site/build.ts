/** Makes the site with TypeDoc, which reads the sources and the pages alike. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Application, LogLevel, type ProjectReflection } from "typedoc";
import { type EntryPoint, entryPoints } from "./entry-points.js";

/** Renders all of it into `target`; what TypeDoc has to complain about, a line each. */
export async function buildSite(root: string, target: string): Promise<string[]> {
  const points = entryPoints(root);
  const app = await Application.bootstrapWithPlugins({
    name: "Lab",
    entryPoints: points.map(({ source }) => join(root, source)),
    tsconfig: join(root, "tsconfig.json"),
    basePath: root,
    displayBasePath: root,
    readme: join(root, "README.md"),
    projectDocuments: pages(root).map((page) => join(root, page)),
    excludePrivate: true,
    excludeInternal: true,
    disableGit: true,
    disableSources: true,
    githubPages: false,
    cleanOutputDir: true,
    skipErrorChecking: true, // `pnpm check` compiles
    validation: { invalidLink: true, invalidPath: true, notExported: false, notDocumented: true },
    requiredToBeDocumented: ["Class", "Function", "Interface", "TypeAlias", "Variable", "Enum", "Namespace"],
    externalSymbolLinkMappings: { "@types/node": nodeLinks },
    highlightLanguages: [
      "bash",
      "css",
      "diff",
      "html",
      "javascript",
      "json",
      "markdown",
      "mermaid",
      "python",
      "sh",
      "typescript",
    ],
    navigation: { includeGroups: false },
    visibilityFilters: {},
    logLevel: LogLevel.Warn,
  });
  const faults: string[] = [];
  const log = app.logger;
  log.log = (message, level) => {
    if (level >= LogLevel.Warn) faults.push(message);
  };
  const project = await app.convert();
  if (project === undefined) return [...faults, "the sources could not be read"];
  giveNames(project, points);
  app.validate(project);
  await app.generateDocs(project, target);
  return faults;
}

/** What comments of ours link to in Node itself. */
const nodeStreams = "https://nodejs.org/docs/latest-v20.x/api/stream.html";
const nodeLinks = {
  "Stream.Writable.write": `${nodeStreams}#writablewritechunk-encoding-callback`,
  "Stream.Writable.end": `${nodeStreams}#writableendchunk-encoding-callback`,
};

/** A module is called as it is imported, not by its path; a page by its heading. */
function giveNames(project: ProjectReflection, points: readonly EntryPoint[]): void {
  for (const module of project.children ?? []) {
    const point = points.find(({ source }) => source.replace(/(\/index)?\.ts$/, "") === module.name);
    if (point !== undefined) module.name = point.name;
  }
  for (const page of project.documents ?? []) {
    const heading =
      page.content
        .map((part) => part.text)
        .join("")
        .match(/^# (.+)$/m)?.[1] ?? page.name;
    page.name = heading.startsWith("@") ? `Package ${heading}` : heading;
  }
}

/** The pages, from the root: what a newcomer wants first, then docs/, then what the packages and examples say of themselves. */
export function pages(root: string): string[] {
  const first = ["how-to-write-a-protocol.md", "teachers.md", "machine.md"];
  const all = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  const documents = [
    ...first.filter((name) => all.includes(name)),
    ...all.filter((name) => !first.includes(name)).sort(),
  ];
  const readmes = ["packages", "examples"].flatMap((kind) =>
    readdirSync(join(root, kind)).map((folder) => join(kind, folder, "README.md")),
  );
  const others = [...readmes, "CONTRIBUTING.md"].filter((path) => existsSync(join(root, path)));
  return [...documents.map((name) => join("docs", name)), ...others];
}
