/** What the READMEs show runs, and what the documents link to exists. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { beside } from "./beside.js";
import { deadLinks } from "./dead-links.js";
import { type CodeBlock, codeBlocks } from "./markdown.js";
import { blockTimeoutMs, fate, runBlock } from "./readme-blocks.js";

const root = join(import.meta.dirname, "..");

/** The READMEs and docs/, each with the folder whose dependencies its blocks may import. */
const shown = [
  { path: join(root, "README.md"), owner: root },
  ...["packages", "examples"].flatMap((kind) =>
    namesIn(join(root, kind))
      .map((name) => join(root, kind, name))
      .map((owner) => ({ path: join(owner, "README.md"), owner })),
  ),
  ...namesIn(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => ({ path: join(root, "docs", name), owner: root })),
];
function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

for (const { path, owner } of shown) {
  if (!existsSync(path)) continue;
  for (const block of codeBlocks(readFileSync(path, "utf8"))) {
    const title = `${relative(root, path)}: the ${block.info[0]} block of line ${block.line} runs`;
    const what = fate(block);
    if (what === "run") {
      const run = beside(async () => void (await runBlock(root, owner, block)));
      it.concurrent(title, run, blockTimeoutMs + 5_000);
    }
    if (what === "skip") it.skip(`${title} (fenced no-run)`);
  }
}

/** Every Markdown file of the repository, without what is installed or built, and without the copies that packing makes. */
function documents(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    const hidden = entry.name.startsWith(".") && entry.name !== ".changeset" && entry.name !== ".github";
    const isMade = /^(node_modules|dist)$/.test(entry.name) || /^packages\/[^/]+\/docs$/.test(relative(root, path));
    if (entry.isDirectory()) return hidden || isMade ? [] : documents(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

it.each(documents(root).map((path) => relative(root, path)))("the links of %s lead somewhere", (name) => {
  expect(deadLinks(join(root, name), root)).toEqual([]);
});

describe("a block", () => {
  const block = (info: string, text: string): CodeBlock => ({ info: info.split(" "), text, line: 1 });

  it.each([
    ["ts", "run"],
    ["js", "run"],
    ["cjs", "run"],
    ["ts no-run", "skip"],
    ["sh", "show"],
    ["sh run", "run"],
    ["json", "show"],
    ["", "show"],
  ])("fenced `%s`: %s", (info, what) => {
    expect(fate(block(info, ""))).toBe(what);
  });

  it.each([
    ["ts", 'import "@lab/framing/core";\nconst x: number = await Promise.resolve(7);\nconsole.log(x);', "7\n"],
    ["js", "console.log(import.meta.filename.endsWith('.js'));", "true\n"],
    ["cjs", "console.log(typeof require);", "function\n"],
    ["sh run", "echo one | tr a-z A-Z", "ONE\n"],
  ])("of %s that is right passes", async (info, text, output) => {
    expect(await runBlock(root, root, block(info, text))).toBe(output);
  });

  it.each([
    ["ts", "throw new Error('wrong default');", /exited with 1[\s\S]*wrong default/],
    ["ts", 'import { noSuchExport } from "@lab/framing/core";\nconsole.log(noSuchExport);', /noSuchExport/],
    ["ts", 'import "@lab/no-such-package";', /no-such-package/],
    ["sh run", "false | true\necho not reached", /exited with 1/],
  ])("of %s that is wrong fails", async (info, text, message) => {
    await expect(runBlock(root, root, block(info, text))).rejects.toThrow(message);
  });
});
