/** The tables of `pnpm release:check`, and what is over a budget. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { aligned, BUDGETS, judge } from "../../scripts/release/budgets.js";
import { changes } from "../../scripts/release/git-state.js";
import { NODE_MAJORS, wantedMajors } from "../../scripts/release/nodes.js";

describe("budgets", () => {
  const size = { name: "@lab/one", ownBytes: 1_025, installedBytes: 10_240, dependencies: 2 };

  it("a package within its budget is a row of the table", () => {
    expect(judge([size], { "@lab/one": { installedKiB: 10, dependencies: 2 } })).toEqual({
      over: [],
      table: [
        "package   own KiB  installed KiB  budget  dependencies  budget",
        "@lab/one        2             10      10             2       2",
      ],
    });
  });

  it.each([
    ["one byte too many", { ...size, installedBytes: 10_241 }, "@lab/one takes 11 KiB installed, 10 are allowed"],
    ["one dependency too many", { ...size, dependencies: 3 }, "@lab/one brings 3 packages, 2 are allowed"],
    ["no budget", { ...size, name: "@lab/two" }, "@lab/two has no budget in scripts/release/budgets.ts"],
  ])("%s is over it", (_, one, line) => {
    expect(judge([one], { "@lab/one": { installedKiB: 10, dependencies: 2 } }).over).toEqual([line]);
  });

  it("every package has one", () => {
    const folders = readdirSync(join(import.meta.dirname, "..", "..", "packages"));
    expect(Object.keys(BUDGETS).sort()).toEqual(folders.map((folder) => `@lab/${folder}`).sort());
  });

  it("columns are as wide as their widest cell", () => {
    expect(
      aligned([
        ["", "b"],
        ["aa", "ccc"],
        ["a", ""],
      ]),
    ).toEqual(["      b", "aa  ccc", "a"]);
  });
});

describe("what came of a repository", () => {
  const before = { "git status": " M one\n", "git refs": "refs/heads/main 1\n", "git worktrees": "" };

  it("nothing where it is as it was", () => {
    expect(changes(before, { ...before })).toEqual([]);
  });

  it.each([
    ["a version that was raised", { "git status": " M one\n M package.json\n" }, ["git status: +  M package.json"]],
    ["a tag", { "git refs": "refs/heads/main 1\nrefs/tags/v1 1\n" }, ["git refs: + refs/tags/v1 1"]],
    [
      "a commit",
      { "git refs": "refs/heads/main 2\n" },
      ["git refs: - refs/heads/main 1", "git refs: + refs/heads/main 2"],
    ],
    ["a worktree", { "git worktrees": "worktree two\n" }, ["git worktrees: + worktree two"]],
  ])("%s is told", (_, after, lines) => {
    expect(changes(before, { ...before, ...after })).toEqual(lines);
  });
});

describe("--nodes", () => {
  it("names majors; all where it is not given", () => {
    expect([wantedMajors(undefined), wantedMajors("20,26")]).toEqual([[...NODE_MAJORS], [20, 26]]);
  });

  it.each(["18", "20,", "latest", ""])("%j is refused, with what is accepted", (given) => {
    expect(() => wantedMajors(given)).toThrow(/^--nodes .*: accepted are numbers of 20, 22, 24, 26, joined by commas$/);
  });
});
