/** What the campus builds: the words of this repository's documents, counted book by book, and put together. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const DOCUMENTS = new URL("../../../docs/", import.meta.url);
/** Each book has its document so often: enough work to be interrupted. */
const COPIES = 8;
const MOST_FREQUENT = 20;

export interface Library {
  /** The SHA-256 that each artefact must have, found without any of the campus. */
  readonly digests: Readonly<Record<string, string>>;
  /** Of its build. */
  readonly actions: number;
}

interface Book {
  readonly name: string;
  readonly text: string;
}

/**
 * Fills a folder anew with books and a Rakefile.
 * @param edition counted too, so that no two editions come to the same
 */
export function layOutLibrary(folder: string, edition: number): Library {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const books = booksOf(edition);
  for (const { name, text } of books) writeFileSync(join(folder, `${name}.txt`), text);
  writeFileSync(join(folder, "Rakefile"), rakefile(books.map(({ name }) => name)));
  return { digests: digestsOf(books.map(({ text }) => text)), actions: books.length + 2 };
}

function booksOf(edition: number): readonly Book[] {
  const files = readdirSync(DOCUMENTS).filter((name) => name.endsWith(".md"));
  return files.map((file) => {
    const text = readFileSync(new URL(file, DOCUMENTS), "utf8");
    return { name: file.replace(".md", ""), text: "edition ".repeat(edition) + text.repeat(COPIES) };
  });
}

function rakefile(books: readonly string[]): string {
  const counts = books.map((name) => `${name}.counts`);
  const lines = [
    "actionset1:",
    ...books.flatMap((name) => [
      `\tremote-export LC_ALL=C; tr -cs A-Za-z '\\n' <${name}.txt | grep . | tr A-Z a-z | sort | uniq -c | awk '{ print $2, $1 }' >${name}.counts`,
      `\t\trequires ${name}.txt`,
      `\t\tproduces ${name}.counts`,
    ]),
    "actionset2:",
    `\tremote-mkdir -p dist; cat ${counts.join(" ")} | awk '{ n[$1] += $2 } END { for (w in n) print w, n[w] }' | LC_ALL=C sort >dist/words.txt`,
    `\t\trequires ${counts.join(" ")}`,
    "\t\tproduces dist/words.txt",
    "actionset3:",
    `\tremote-LC_ALL=C sort -k2,2nr -k1,1 dist/words.txt | head -n ${MOST_FREQUENT} >dist/top.txt`,
    "\t\trequires dist/words.txt",
    "\t\tproduces dist/top.txt",
  ];
  return `${lines.join("\n")}\n`;
}

function digestsOf(texts: readonly string[]): Readonly<Record<string, string>> {
  const counts = new Map<string, number>();
  for (const [found] of texts.flatMap((text) => [...text.matchAll(/[A-Za-z]+/g)])) {
    counts.set(found.toLowerCase(), (counts.get(found.toLowerCase()) ?? 0) + 1);
  }
  const lines = [...counts].map(([word, count]) => ({ word, count, line: `${word} ${count}\n` }));
  const byText = (one: string, other: string): number => (one < other ? -1 : 1);
  const digest = (some: typeof lines): string => {
    const hash = createHash("sha256");
    for (const { line } of some) hash.update(line);
    return hash.digest("hex");
  };
  const words = digest(lines.sort((one, other) => byText(one.line, other.line)));
  lines.sort((one, other) => other.count - one.count || byText(one.word, other.word));
  return { "words.txt": words, "top.txt": digest(lines.slice(0, MOST_FREQUENT)) };
}
