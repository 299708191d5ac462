/** Paths, patterns and kinds (docs/rake.md R4, R7, R30). */

import { it as property } from "@fast-check/vitest";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, isDigest, kindOf, matches, pathFault, toHex } from "../../src/core/index.js";

describe("R7: what a path may be", () => {
  it.each(["a", "a/b.c", ".hidden", "..a", "a..", "...", "a b", "-", "*", "é", "a/.git/b", "C:", "a".repeat(4_096)])(
    "%s is one",
    (path) => {
      expect(pathFault(path)).toBeUndefined();
    },
  );

  it.each([
    ["", "is empty"],
    ["/", "is absolute"],
    ["/etc", "is absolute"],
    ["//a", "is absolute"],
    [".", 'has the name "."'],
    ["..", 'has the name ".."'],
    ["../a", 'has the name ".."'],
    ["a/..", 'has the name ".."'],
    ["a/./b", 'has the name "."'],
    ["a//b", "has an empty name"],
    ["a/", "has an empty name"],
    ["a\0", "holds a NUL"],
    ["a\\..\\b", "holds a backslash"],
    ["a".repeat(4_097), "is longer than 4,096 bytes"],
    [`${"é".repeat(2_048)}a`, "is longer than 4,096 bytes"],
  ])("%j is none", (path, fault) => {
    expect(pathFault(path)).toBe(fault);
  });
});

describe("R4: what a pattern means", () => {
  it.each<readonly [string, readonly string[], readonly string[]]>([
    ["a.o", ["a.o"], ["a.o2", "b/a.o", "axo"]],
    ["*.o", ["a.o", ".o", ".a.o", "a.b.o"], ["a.c", "b/a.o", "a.o/b"]],
    ["dir/*.o", ["dir/a.o"], ["a.o", "dir/sub/a.o", "dir2/a.o"]],
    ["*/a", ["b/a"], ["a", "c/b/a"]],
    ["**/*.o", ["a.o", "b/a.o", "c/b/a.o"], ["a.c", "a.o/b"]],
    ["dir/**", ["dir/a", "dir/b/c"], ["dir", "dirx/a", "a/dir/b"]],
    ["dir/**/a", ["dir/a", "dir/b/a", "dir/b/c/a"], ["a", "dir/b", "x/dir/a"]],
    ["**", ["a", "a/b", ".a"], []],
    ["**/**", ["a", "a/b", "a/b/c"], []],
    ["a**b", ["ab", "acb"], ["a/b", "a/c/b"]],
    ["*a*b*", ["ab", "xaxbx", "aab"], ["ba", "a/b"]],
    ["[a].?", ["[a].?"], ["a.x"]],
    ["a/**/b/**/c", ["a/b/c", "a/x/b/y/z/c", "a/b/b/c"], ["a/c", "a/b", "b/c"]],
  ])("%s", (pattern, those, others) => {
    expect(those.filter((path) => !matches(pattern, path))).toEqual([]);
    expect(others.filter((path) => matches(pattern, path))).toEqual([]);
  });

  it("no pattern takes more than the product of the lengths", () => {
    expect(matches(`${"*a".repeat(1_000)}b`, "a".repeat(4_000))).toBe(false);
    expect(matches(`${"**/a/".repeat(500)}b`, "a/".repeat(1_500).concat("a"))).toBe(false);
  });

  const name = fc.string({ unit: fc.constantFrom("a", "b", "."), minLength: 1, maxLength: 4 });
  const part = fc.oneof(
    name,
    fc.string({ unit: fc.constantFrom("a", "b", "*"), minLength: 1, maxLength: 4 }),
    fc.constant("**"),
  );

  property.prop([fc.array(part, { minLength: 1, maxLength: 4 }), fc.array(name, { minLength: 1, maxLength: 4 })])(
    "is what a regular expression says that is made of it",
    (parts, names) => {
      const source = parts.map((one, at) => {
        const isLast = at === parts.length - 1;
        if (one === "**") return isLast ? "[^/]+(/[^/]+)*" : "([^/]+/)*";
        return one.replaceAll(".", "\\.").replaceAll(/\*+/g, "[^/]*") + (isLast ? "" : "/");
      });
      const expected = new RegExp(`^${source.join("")}$`).test(names.join("/"));
      expect(matches(parts.join("/"), names.join("/"))).toBe(expected);
    },
  );
});

describe("R30: the kind of a command", () => {
  it.each<readonly [string, readonly string[], string]>([
    ["cc -c a.c", ["a.c"], "cc -c %"],
    ["cc -O2 -c  sub/a.c -o a.o", [], "cc -O2 -c % -o %"],
    ["cp Makefile copy", ["Makefile"], "cp % copy"],
    ["sleep 30", [], "sleep #"],
    ["run --shard=3/8", [], "run %"],
    ["run --shard=3 --of=12,13", [], "run --shard=# --of=#,#"],
    ["./gen 5", ["gen"], "./gen #"],
    ["", [], ""],
    ["true", [], "true"],
  ])("%s", (command, inputs, expected) => {
    expect(kindOf(command, inputs)).toBe(expected);
  });

  property.prop([fc.string({ unit: "binary", maxLength: 60 }), fc.array(fc.string(), { maxLength: 3 })])(
    "is never longer than the command, and the kind of itself",
    (command, inputs) => {
      const kind = kindOf(command, inputs);
      expect(new TextEncoder().encode(kind).length).toBeLessThanOrEqual(new TextEncoder().encode(command).length);
      expect(kindOf(kind, [])).toBe(kind);
    },
  );
});

describe("R12: digests as texts", () => {
  property.prop([fc.uint8Array({ minLength: 32, maxLength: 32 })])("go there and back", (bytes) => {
    expect(isDigest(toHex(bytes))).toBe(true);
    expect(fromHex(toHex(bytes))).toEqual(bytes);
  });

  it("63 digits, upper case and other letters are none", () => {
    const digest = "a".repeat(64);
    expect([digest, digest.slice(1), digest.toUpperCase(), digest.replace("a", "g")].map(isDigest)).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(() => fromHex("0g")).toThrow(RangeError);
    expect(() => fromHex("abc")).toThrow(RangeError);
  });
});
