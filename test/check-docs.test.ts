/** The check of the documents bites: each fault in a small tree of its own. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { leakFaults } from "../scripts/check-docs/leaks.js";
import { citations, ruleFaults } from "../scripts/check-docs/rules.js";
import { run } from "./process.js";
import { scratchFolder } from "./scratch.js";

const slash = "/"; // so that this file holds none of what it looks for
const publicRegistry = "https://registry.npmjs.org/";

/** A tree with one package of two rules, both cited; `files` replaces or adds. */
function tree(files: Readonly<Record<string, string>> = {}): string {
  return scratchFolder({
    "packages/hftp/src/index.ts": "",
    "docs/hftp.md": "# HFTP\n\n**H1.** The first rule.\n\n- **H2.** The second, by H1.\n\n```text\nH77\n```\n",
    "packages/hftp/test/a.test.ts": 'it("H1: says", () => {});',
    "packages/hftp/test/deep/b.test.ts": 'const rows = [["H2: row", 1]];\nit.each(rows)("%s", () => {});',
    ...files,
  });
}

describe("rules", () => {
  it("are all cited in a sound tree", () => {
    expect(ruleFaults(tree())).toEqual([]);
  });

  it.each<[title: string, files: Record<string, string>, faults: (RegExp | string)[]]>([
    ["one that no test names", { "packages/hftp/test/a.test.ts": "// H1: a comment" }, [/^docs\/hftp.md: no .* H1$/]],
    [
      "all that no test names",
      { "packages/hftp/test/a.test.ts": "", "packages/hftp/test/deep/b.test.ts": "" },
      [/no test title names H1$/, /no test title names H2$/],
    ],
    [
      "one that does not exist",
      { "packages/hftp/test/c.test.ts": '\nit("says H3", () => {});' },
      [/^packages\/hftp\/test\/c.test.ts:2: cites H3, which docs\/hftp.md does not define$/],
    ],
    ["one defined twice", { "docs/hftp.md": "**H1.** A\n\n**H2.** B\n\n**H1.** C" }, [/H1 is defined more than once/]],
    ["a mention of none", { "docs/hftp.md": "**H1.** See H9.\n\n**H2.** B" }, [/speaks of H9/]],
    [
      "no rules at all",
      { "docs/hftp.md": "# HFTP", "packages/hftp/test/a.test.ts": "" },
      [/no rule begins/, /cites H2/],
    ],
    ["no document", { "packages/framing/src/index.ts": "" }, [/docs\/framing.md: missing/]],
    ["an unknown package", { "packages/gossip/src/index.ts": "" }, [/no letter/]],
  ])("%s", (_title, files, faults) => {
    const found = ruleFaults(tree(files));
    expect(found).toHaveLength(faults.length);
    for (const fault of faults) expect(found.join("\n")).toMatch(new RegExp(fault, "m"));
  });

  it.each([
    ['it("a title, H1", f)', ["H1"]],
    ['describe("of H1 and H2", f)', ["H1", "H2"]],
    ['itWith("python3", "H1 with a peer", f)', ["H1"]],
    ['it.prop([x])("H1-H3", f)', ["H1", "H3"]],
    ['test.each(rows)("H1/%s", f)', ["H1"]],
    [["it(`(H1)$", "{x}`, f)"].join(""), ["H1"]],
    ['const row = ["H1, H2: a case"]', ["H1", "H2"]],
    ['const row = { rule: "H12" }', ["H12"]],
    ['const text = "xH1 (H2) H3-"', []],
    ['const hex = "B5 E2 82 AC"', []],
    ["// H1: said, not tested", []],
  ])("cited by %s: %j", (text, rules) => {
    expect(citations(text, "H").map(({ rule }) => rule)).toEqual(rules);
  });

  it("are not mistaken for bytes in hexadecimal", () => {
    expect(citations('it("F2: x", f); const bytes = "F0 9F 98 80";', "F").map(({ rule }) => rule)).toEqual(["F2"]);
  });
});

describe("files", () => {
  const says = (line: string, registry = publicRegistry): string[] =>
    leakFaults(scratchFolder({ "a.txt": `one\n${line}\n` }), registry);

  it.each([
    ["a folder outside", `see ..${slash}shared/notes.md`],
    ["a machine path", `cd ${slash}work/main`],
    ["a machine path in quotes", `"${slash}root"`],
    ["a home", `HOME=${slash}home/ann`],
    ["a file URL", `file://${slash}work/x`],
    ["a registry setting", `registry=http:${slash}/npm.example:4873/`],
    ["a registry setting in YAML", `  registry-url: "https:${slash}/npm.example"`],
  ])("that hold %s are refused, with the line", (_title, line) => {
    expect(says(line)).toEqual([expect.stringMatching(/^a\.txt:2: /)]);
  });

  it.each([
    ["a path elsewhere", "/usr/work and ./work/x and examples/home/ and a/root"],
    ["a URL", `https:${slash}/example.org/home and https:${slash}/work/`],
    ["a variable before it", `{folder}${slash}home`],
    ["a longer name", `${slash}workers and ${slash}home-page and ${slash}root.txt`],
    ["the public registry", "registry-url: https://registry.npmjs.org"],
    ["a registry of metrics", "registry: new Registry()"],
  ])("that hold %s pass", (_title, line) => {
    expect(says(line)).toEqual([]);
  });

  it("that name the registry of this machine are refused, whatever it is", () => {
    expect(says("from npm.corp.example today", "https://npm.corp.example:8443/path/")).toHaveLength(1);
    expect(says("from 127.0.0.1:4873 today", "http://127.0.0.1:4873/")).toHaveLength(1);
    expect(says("listening on 127.0.0.1:19500", "http://127.0.0.1:4873/")).toEqual([]);
    expect(says("from registry.npmjs.org today", publicRegistry)).toEqual([]);
  });
});

it("the script lists every fault and exits 1, or 0 when there is none", async () => {
  const script = join(import.meta.dirname, "..", "scripts", "check-docs.ts");
  const check = (folder: string) => run(process.execPath, ["--import", import.meta.resolve("tsx"), script, folder]);
  expect(await check(tree())).toMatchObject({ code: 0, stderr: "" });
  const broken = tree({ "packages/hftp/test/a.test.ts": "", "notes.md": `..${slash}shared` });
  const { code, stderr } = await check(broken);
  expect(code).toBe(1);
  expect(stderr.trim().split("\n")).toHaveLength(2);
}, 20_000);
