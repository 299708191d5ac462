/** The numbered rules of docs/<package>.md against the numbers that the package's test titles cite. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** The letter of each package's rules. A new package is entered here. */
export const letters: Readonly<Record<string, string>> = {
  framing: "F",
  hftp: "H",
  "stopwait-udp": "S",
  election: "E",
  broadcast: "B",
  rake: "R",
  simnet: "N",
};

/** Every fault of the documents below `root`, a line each; an empty list when all is well. */
export function ruleFaults(root: string): string[] {
  return readdirSync(join(root, "packages"))
    .filter((name) => existsSync(join(root, "packages", name, "src")))
    .flatMap((name) => packageFaults(root, name));
}

function packageFaults(root: string, name: string): string[] {
  const letter = letters[name];
  if (letter === undefined) return [`packages/${name}: its rules have no letter in scripts/check-docs/rules.ts`];
  const path = join(root, "docs", `${name}.md`);
  if (!existsSync(path)) return [`docs/${name}.md: missing; it states the rules of packages/${name} (${letter}1, ...)`];
  const document = readFileSync(path, "utf8");
  const rules = definedRules(document, letter);
  const faults: string[] = [];
  if (rules.length === 0) faults.push(`docs/${name}.md: no rule begins a line with **${letter}1.**`);
  for (const rule of new Set(rules.filter((one, index) => rules.indexOf(one) !== index))) {
    faults.push(`docs/${name}.md: ${rule} is defined more than once`);
  }
  const defined = new Set(rules);
  for (const rule of new Set(mentions(withoutCode(document), letter))) {
    if (!defined.has(rule)) faults.push(`docs/${name}.md: speaks of ${rule}, which it does not define`);
  }
  const cited = new Set<string>();
  for (const file of testFiles(join(root, "packages", name, "test"))) {
    for (const { rule, line } of citations(readFileSync(join(root, "packages", name, "test", file), "utf8"), letter)) {
      cited.add(rule);
      if (!defined.has(rule)) {
        faults.push(`packages/${name}/test/${file}:${line}: cites ${rule}, which docs/${name}.md does not define`);
      }
    }
  }
  for (const rule of defined) if (!cited.has(rule)) faults.push(`docs/${name}.md: no test title names ${rule}`);
  return faults;
}

/** The numbers that begin a line in bold, in order: `**F1.** The length is ...`. */
function definedRules(document: string, letter: string): string[] {
  return [...document.matchAll(new RegExp(`^(?:[-*] )?\\*\\*(${letter}\\d+)\\.`, "gm"))].map((match) => match[1] ?? "");
}

function mentions(text: string, letter: string): string[] {
  return [...text.matchAll(new RegExp(`\\b${letter}\\d+\\b`, "g"))].map((match) => match[0]);
}

function withoutCode(document: string): string {
  return document.replace(/^(```+|~~~+)[\s\S]*?^\1/gm, "").replace(/`[^`\n]*`/g, "");
}

function testFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
}

const titled = /^(it|test|describe|itWith|bench)$/;

/**
 * The rules that a test file cites: anywhere in a title (the strings handed to it, test, describe, itWith and what
 * hangs on them: it.each, it.prop, ...), and in any other string, such as a row of a table of cases, where the number
 * is followed by `:`, `,` or a space, or is the whole string.
 */
export function citations(text: string, letter: string): { rule: string; line: number }[] {
  const source = ts.createSourceFile("test.ts", text, ts.ScriptTarget.Latest, true);
  const found: { rule: string; line: number }[] = [];
  const followed = new RegExp(`\\b${letter}\\d+(?=[:, ]|$)`, "g");
  const visit = (node: ts.Node): void => {
    const words = ts.isStringLiteralLike(node) || ts.isTemplateHead(node) ? node.text : undefined;
    if (words !== undefined && !/^[0-9A-Fa-f\s]+$/.test(words) /* bytes in hexadecimal: F0 9F is no rule */) {
      const rules = isTitle(node) ? mentions(words, letter) : (words.match(followed) ?? []);
      const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
      for (const rule of rules) found.push({ rule, line });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isTitle(node: ts.Node): boolean {
  const call = ts.isTemplateHead(node) ? node.parent.parent : node.parent;
  if (!ts.isCallExpression(call)) return false;
  let callee: ts.Node = call.expression;
  while (ts.isCallExpression(callee) || ts.isPropertyAccessExpression(callee)) callee = callee.expression;
  return ts.isIdentifier(callee) && titled.test(callee.text);
}
