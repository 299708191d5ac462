/** The pages of the site that are not made of comments: which files, under which heading of the navigation, at which address. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** The headings, in their order; what is made of comments stands under the last. */
export const HEADINGS = [
  "Start here",
  "Protocols",
  "Packages",
  "Examples and tools",
  "The project",
  "API reference",
] as const;

export interface Page {
  /** The file, from the root of the repository. */
  readonly source: string;
  readonly heading: (typeof HEADINGS)[number];
  /** Where it stands in the site, without `.html`. */
  readonly address: string;
}

const FIRST = ["how-to-write-a-protocol.md", "teachers.md", "machine.md"];
const PROJECT = ["docs/progress.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md"];

/** The pages of the tree at `root`: what a newcomer wants first, a document per protocol, and what all parts say of themselves. */
export function pages(root: string): Page[] {
  const documents = namesIn(root, "docs").filter((name) => name.endsWith(".md"));
  const readmesIn = (folder: string): string[] => namesIn(root, folder).map((name) => `${folder}/${name}/README.md`);
  const files: readonly (readonly [Page["heading"], readonly string[]])[] = [
    ["Start here", FIRST.map((name) => `docs/${name}`)],
    ["Protocols", documents.filter((name) => !FIRST.includes(name)).map((name) => `docs/${name}`)],
    ["Packages", readmesIn("packages")],
    ["Examples and tools", [...readmesIn("examples"), "wireshark/README.md"]],
    ["The project", PROJECT],
  ];
  return files.flatMap(([heading, sources]) =>
    sources
      .filter((source) => existsSync(join(root, source)) && (heading === "The project" || !PROJECT.includes(source)))
      .map((source) => ({ source, heading, address: source.replace(/(\/README)?\.md$/, "") })),
  );
}

function namesIn(root: string, folder: string): string[] {
  return existsSync(join(root, folder)) ? readdirSync(join(root, folder)).sort() : [];
}
