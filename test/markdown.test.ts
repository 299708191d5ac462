import { expect, it } from "vitest";
import { anchors, codeBlocks, links } from "./markdown.js";

const document = `# The title: \`f()\` & more

See [one](a.md), [two](<b.md#part> "title"), ![three](c.png) and [four][ref].
\`[not](code.md)\` and [five](d(1).md).

\`\`\`ts no-run
const a = 1; // [not](either.md)
\`\`\`

1. A step

   ~~~~sh run
   echo \`\`\`
     echo 2
   ~~~~

## The title: \`f()\` & more

[ref]: ../e.md
`;

it("finds fenced blocks with their words, their text without the indent, and their line", () => {
  expect(codeBlocks(document)).toEqual([
    { info: ["ts", "no-run"], text: "const a = 1; // [not](either.md)\n", line: 6 },
    { info: ["sh", "run"], text: "echo ```\n  echo 2\n", line: 12 },
  ]);
});

it("finds the targets of links, images and definitions, and none in code", () => {
  expect(links(document)).toEqual(["a.md", "b.md#part", "c.png", "d(1).md", "../e.md"]);
});

it("makes anchors of headings, with a number for a second one of the same name", () => {
  expect([...anchors(document)]).toEqual(["the-title-f--more", "the-title-f--more-1"]);
});

it("refuses a block that is never closed", () => {
  expect(() => codeBlocks("```ts\nx")).toThrow("the block of line 1 is never closed");
});
