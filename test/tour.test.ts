/** The demo's tour: what becomes of a chapter that fails, says nothing, or is not there. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { CHAPTERS } from "../scripts/chapters.js";
import { type Chapter, tour } from "../scripts/tour.js";

const good: Chapter = { title: "one", proves: ["a", "b"], run: async () => "it holds" };

async function toured(chapters: readonly Chapter[], wanted: readonly string[]): Promise<[boolean, string]> {
  const lines: string[] = [];
  const isGreen = await tour(chapters, wanted, { print: (line) => lines.push(line), isColored: false, chapterMs: 50 });
  return [isGreen, lines.join("\n")];
}

it("a tour of which every chapter proves something is green", async () => {
  const [isGreen, text] = await toured([good], ["a", "b"]);
  expect(isGreen).toBe(true);
  expect(text.replace(/\d+\.\d s/, "0.0 s")).toBe(`
=== 1 of 1. one


=== What was shown

 1  it holds (0.0 s)

of  state    in chapter
a   proven   1
b   proven   1

2 of 2 proven, in 0 s`);
});

it.each<[string, Chapter["run"], string]>([
  ["rejects", () => Promise.reject(new Error("no leader")), "Error: no leader"],
  ["says nothing", async () => " ", "without saying what it proved"],
  ["never ends", () => new Promise(() => {}), "not over after 50 ms"],
])("a chapter that %s is red, and so is whatever it was to prove", async (_what, run, said) => {
  const [isGreen, text] = await toured([good, { title: "two", proves: ["b"], run }], ["a", "b"]);
  expect(isGreen).toBe(false);
  expect(text).toContain(said);
  expect(text).toContain(" 2  FAILED: two");
  expect(text).toMatch(/^a +proven +1$/m);
  expect(text).toMatch(/^b +FAILED +2$/m);
  expect(text).toContain("1 of 2 proven");
});

it("a package of which no chapter proves anything is red", async () => {
  const [isGreen, text] = await toured([good], ["a", "c"]);
  expect(isGreen).toBe(false);
  expect(text).toMatch(/^c +MISSING +none$/m);
});

it("of what a chapter proves, its example is made", () => {
  for (const { title, example, proves } of CHAPTERS) {
    const manifest = readFileSync(new URL(`../examples/${example}/package.json`, import.meta.url), "utf8");
    const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> };
    const packages = proves.filter((name) => name !== example).map((name) => `@lab/${name}`);
    expect(Object.keys(dependencies), title).toEqual(expect.arrayContaining(packages));
  }
});

it("on a terminal what is proven is green, and what is missing red", async () => {
  const lines: string[] = [];
  await tour([good], ["a", "c"], { print: (line) => lines.push(line), isColored: true });
  expect(lines.join("\n")).toContain("a   \u001b[32mproven \u001b[39m  1");
  expect(lines.join("\n")).toContain("c   \u001b[31mMISSING\u001b[39m  none");
});
