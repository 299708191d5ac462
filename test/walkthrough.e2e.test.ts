/** Whoever works through "how to write a protocol this way", from the page alone, ends with tests that pass. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type CodeBlock, codeBlocks } from "./markdown.js";
import { scratchFolder } from "./scratch.js";
import { mustHavePrinted, workThrough } from "./walkthrough.js";

const root = join(import.meta.dirname, "..");
const page = readFileSync(join(root, "docs", "how-to-write-a-protocol.md"), "utf8");

it("docs/how-to-write-a-protocol.md leads to passing tests, and shows what is printed on the way", async () => {
  await workThrough(root, scratchFolder(), codeBlocks(page));
}, 180_000);

it("docs/how-to-write-a-protocol.md names each file to a reader, who does not see what stands behind a fence", () => {
  const lines = page.split("\n");
  for (const { info, line, text } of codeBlocks(page)) {
    const name = /^(?:file|append)=(.+)$/.exec(info[1] ?? "")?.[1];
    if (name !== undefined) expect(`${lines.slice(line - 4, line - 1).join(" ")}\n${text}`).toContain(name);
  }
});

describe("a page", () => {
  const blocks = (...all: readonly [info: string, text: string][]): CodeBlock[] =>
    all.map(([info, text], index) => ({ info: info.split(" "), text, line: index + 1 }));

  it("writes, adds to and changes files, and shows what a step prints", async () => {
    const folder = scratchFolder();
    await workThrough(
      root,
      folder,
      blocks(
        ["json file=deep/a.json", "[\n1,\n2\n]\n"],
        ["diff file=deep/a.json", " 1,\n-2\n+3\n"],
        ["text append=deep/a.json", "end\n"],
        ["sh step", "cat deep/a.json\n"],
        ["text output", "[\n1,\n3\n…\nen…\n"],
        ["sh step fails", "echo no; false\n"],
        ["sh install", "npm install --save-dev @lab/framing fast-check@4.10.2\n"],
        ["sh step", "test -e node_modules/@lab/framing/package.json\n"],
        ["sh", "false\n"],
      ),
    );
    expect(readFileSync(join(folder, "deep", "a.json"), "utf8")).toBe("[\n1,\n3\n]\nend\n");
  });

  it.each<[title: string, wrong: [string, string], message: RegExp]>([
    ["a step that fails", ["sh step", "echo why; false\n"], /^line 2: .*exited with 1\nwhy/s],
    ["a step that should fail", ["sh step fails", "true\n"], /^line 2: true exited with 0/],
    ["what was not printed", ["text output", "one\n"], /^line 2: this was not printed/],
    ["a change of what is not there", ["diff file=a", "-no\n+yes\n"], /0 times/],
    ["a file that is there", ["ts file=a", "x\n"], /EEXIST/],
    ["another version", ["sh install", "npm install fast-check@1.0.0\n"], /is not the version that is tested here/],
  ])("is wrong with %s", async (_title, wrong, message) => {
    const steps = workThrough(root, scratchFolder(), blocks(["text file=a", "here\n"], wrong));
    await expect(steps).rejects.toThrow(message);
  });

  it.each<[printed: string, expected: string, right: boolean]>([
    ["a\nb\nc\n", "a\n…\nc\n", true],
    ["a\nb\nc\n", "b\n", true],
    ["a\nb\nc\n", "a\nc\n", false],
    ["one 17 ms\n", "one … ms\n", true],
    ["one 17 ms\n", "one …", true],
    ["c\na\n", "a\n…\nc\n", false],
    ["a.b\n", "a+b\n", false],
  ])("printed %j and shows %j: %s", (printed, expected, right) => {
    const look = expect(() => mustHavePrinted(printed, expected));
    if (right) look.not.toThrow();
    else look.toThrow("this was not printed");
  });
});
