/** Makes the site with TypeDoc, which reads the sources and the pages alike. */
import { join } from "node:path";
import { instance, type Viz } from "@viz-js/viz";
import {
  Application,
  type DocumentReflection,
  KindRouter,
  LogLevel,
  type ProjectReflection,
  type Reflection,
  ReflectionCategory,
} from "typedoc";
import { type EntryPoint, entryPoints } from "./entry-points.js";
import { drawFlowchart } from "./flowchart.js";
import { HEADINGS, type Page, pages } from "./pages.js";
import { startPage } from "./start.js";

/** Renders all of it into `target`; what TypeDoc has to complain about, a line each. */
export async function buildSite(root: string, target: string): Promise<string[]> {
  const points = entryPoints(root);
  const all = pages(root);
  const faults: string[] = [];
  const viz = await instance();
  const app = await Application.bootstrapWithPlugins({
    name: "Lab",
    entryPoints: points.map(({ source }) => join(root, source)),
    tsconfig: join(root, "tsconfig.json"),
    basePath: root,
    displayBasePath: root,
    readme: join(root, "README.md"),
    projectDocuments: all.map(({ source }) => join(root, source)),
    router: ROUTER,
    customCss: join(import.meta.dirname, "style.css"),
    markdownItLoader: (parser: MarkdownParser) => drawDiagrams(parser, viz, faults),
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
    highlightLanguages: ["bash", "css", "diff", "html", "javascript", "json", "markdown", "python", "sh", "typescript"],
    navigation: { includeCategories: true, includeGroups: false, includeFolders: false },
    searchInDocuments: true,
    searchGroupBoosts: { Documents: 3 },
    visibilityFilters: {},
    logLevel: LogLevel.Warn,
  });
  const log = app.logger;
  log.log = (message, level) => {
    if (level >= LogLevel.Warn) faults.push(message);
  };
  const project = await app.convert();
  if (project === undefined) return [...faults, "the sources could not be read"];
  const placed = placePages(project, root, all);
  giveNames(project, points);
  arrange(project, placed);
  app.renderer.defineRouter(ROUTER, routerFor(placed));
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

/** Which page each document is. */
function placePages(project: ProjectReflection, root: string, all: readonly Page[]): Map<Reflection, Page> {
  const bySource = new Map(all.map((page) => [join(root, page.source), page]));
  return new Map(
    (project.documents ?? []).map((document) => {
      const path = project.files.getReflectionPath(document);
      const page = path === undefined ? undefined : bySource.get(join(path));
      if (page === undefined) throw new Error(`of no page: ${path}`);
      return [document, page];
    }),
  );
}

/** The navigation by headings, and a start page that leads to what is read first. */
function arrange(project: ProjectReflection, placed: ReadonlyMap<Reflection, Page>): void {
  const documents = project.documents ?? [];
  const under = (heading: string): DocumentReflection[] =>
    documents.filter((document) => placed.get(document)?.heading === heading);
  project.categories = HEADINGS.map((heading) => {
    const category = new ReflectionCategory(heading);
    category.children = heading === "API reference" ? [...(project.children ?? [])] : under(heading);
    return category;
  }).filter(({ children }) => children.length > 0);
  project.readme = startPage(project.readme ?? [], [
    {
      title: "Protocols",
      says: "A document each, enough to implement it from: messages in hexadecimal, numbered rules, pictures of the states.",
      pages: under("Protocols"),
    },
    {
      title: "Start here",
      says: "How all of it is made, and what a course can do with it.",
      pages: under("Start here"),
    },
  ]);
}

const ROUTER = "as-in-the-repository";

/** A page stands where its file stands, so that its address stays when its title changes. */
function routerFor(placed: ReadonlyMap<Reflection, Page>): typeof KindRouter {
  return class extends KindRouter {
    override getIdealBaseName(reflection: Reflection): string {
      return placed.get(reflection)?.address ?? super.getIdealBaseName(reflection);
    }
  };
}

/** As much of markdown-it as is needed. */
type Fence = (tokens: readonly { info: string; content: string }[], index: number, ...rest: unknown[]) => string;
interface MarkdownParser {
  readonly renderer: { readonly rules: { fence?: Fence } };
}

function drawDiagrams({ renderer: { rules } }: MarkdownParser, viz: Viz, faults: string[]): void {
  const { fence } = rules;
  rules.fence = (tokens, index, ...rest) => {
    const block = tokens[index];
    if (block?.info.trim() !== "mermaid") return fence?.(tokens, index, ...rest) ?? "";
    try {
      return `<figure class="diagram">${drawFlowchart(viz, block.content)}</figure>\n`;
    } catch (error) {
      faults.push(String(error));
      return "";
    }
  };
}
