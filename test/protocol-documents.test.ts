/** What a document of a protocol must have, beside its rules (scripts/check-docs.ts). */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { arrowsIn, drawStates } from "../scripts/states/draw.js";

const docs = join(import.meta.dirname, "..", "docs");
const protocols = ["framing", "hftp", "stopwait-udp", "election", "broadcast", "rake"];

describe.each(protocols)("docs/%s.md", (name) => {
  const document = readFileSync(join(docs, `${name}.md`), "utf8");

  it.each(["Security considerations", "Interoperability", "Known limits"])("has a section: %s", (title) => {
    expect(document).toMatch(new RegExp(`^#{1,2} ${title}$`, "m"));
  });

  it("shows a message of the wire, with its bytes", () => {
    expect(document).toMatch(/`?(?:[0-9a-f]{2} ){3,}|\b[0-9a-f]{16,}\b/);
  });
});

it("every picture of states stands in a document", () => {
  const all = protocols.map((name) => readFileSync(join(docs, `${name}.md`), "utf8")).join("\n");
  const pictures = readdirSync(join(docs, "images")).filter((name) => name.endsWith("-states.svg"));
  expect(pictures.length).toBeGreaterThan(0);
  for (const picture of pictures) {
    expect(all).toContain(`](images/${picture})`);
    expect(existsSync(join(docs, "images", picture))).toBe(true);
    expect(arrowsIn(readFileSync(join(docs, "images", picture), "utf8")).size, picture).toBeGreaterThan(1);
  }
});

it("states are drawn the same from the same transitions, in whatever order they were found", async () => {
  const one = new Map([
    ["between frames", new Map([["in-between", new Set(["b", "a"])]])],
    ["in-between", new Map([["between frames", new Set(["c"])]])],
  ]);
  const other = new Map([...one].reverse());
  const svg = await drawStates("A title", "between frames", one);
  expect(await drawStates("A title", "between frames", other)).toBe(svg);
  expect(arrowsIn(svg)).toEqual(new Set(["between frames -> in-between", "in-between -> between frames"]));
});
