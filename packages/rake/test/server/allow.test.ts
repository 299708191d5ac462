import { describe, expect, it, test } from "vitest";
import { allowedWords, parseAllowed, refusalText, splitCommand } from "../../src/core/allow.js";

describe("R44: a command is split at blanks, and refused where a shell would do something with it", () => {
  it.each([
    ["cc -c a.c", ["cc", "-c", "a.c"]],
    ["  cc \t -c   a.c ", ["cc", "-c", "a.c"]],
    ["cc -std=c99 -DX=1 -O2 a_b/c-d.c,e@f:g%h+i", ["cc", "-std=c99", "-DX=1", "-O2", "a_b/c-d.c,e@f:g%h+i"]],
    ["gcc", ["gcc"]],
    ["", undefined],
    [" \t ", undefined],
    ["/bin/cc a.c", undefined],
    ["./cc a.c", undefined],
    ["bin/cc a.c", undefined],
  ])("%j", (command, words) => {
    expect(splitCommand(command)).toEqual(words);
  });

  it.each([..."|&;<>()$`\\\"'*?[]{}#~!^\n\r\0\x07\x1b\x7f\v\f"])("%j", (character) => {
    expect(splitCommand(`cc a${character}b`)).toBeUndefined();
    expect(splitCommand(`${character}cc`)).toBeUndefined();
    expect(splitCommand(`cc ${character}`)).toBeUndefined();
  });
});

describe("R44: a command is run where its words match a pattern", () => {
  it.each([
    ["cc *", "cc", true],
    ["cc *", "cc -c a.c", true],
    ["cc *", "ccc -c a.c", false],
    ["cc *", "gcc cc", false],
    ["cc", "cc", true],
    ["cc", "cc -c", false],
    ["cc -c *.c", "cc -c a.c", true],
    ["cc -c *.c", "cc -c a.c b.c", false],
    ["cc -c *.c", "cc -c a.cc", false],
    ["cc -c *.c", "cc -c", false],
    ["cc -c *.c", "cc -c .c", true],
    ["cc -c *.c *", "cc -c a.c -o x", true],
    ["g*c-* *", "gxcc-12 a", true],
    ["g*c-* *", "gcc", false],
    ["a*b*c", "abc", true],
    ["a*b*c", "aXbYbZc", true],
    ["a*b*c", "acb", false],
    ["a*a", "a", false],
    ["a*a", "aa", true],
    ["ab*ab", "ab", false],
    ["a*bc*cd", "abcd", false],
    ["**", "cc", true],
    ["*", "anything at all", true],
    ["  cc\t * ", "cc a", true],
    ["a.c", "abc", false],
  ])("%j and %j: %s", (pattern, command, isAllowed) => {
    expect(allowedWords([parseAllowed(pattern)], command) !== undefined).toBe(isAllowed);
  });

  test("R44: any of several patterns is enough, none allows nothing", () => {
    const patterns = ["cc *", "ld *"].map(parseAllowed);
    expect(allowedWords(patterns, "ld a.o")).toEqual(["ld", "a.o"]);
    expect(allowedWords(patterns, "rm a.o")).toBeUndefined();
    expect(allowedWords([], "cc")).toBeUndefined();
    expect(allowedWords([parseAllowed("*")], "cc a; rm b")).toBeUndefined();
  });

  it.each(["", "  ", "* cc", "cc * a", "* *"])("R44: %j is no pattern", (pattern) => {
    expect(() => parseAllowed(pattern)).toThrow(RangeError);
  });
});

test("R44: a refusal says why, and what is allowed", () => {
  const patterns = ["cc *", "ar rcs *.a *"].map(parseAllowed);
  const allowed = '; allowed: "cc *", "ar rcs *.a *"';
  expect(refusalText(patterns, "rm a")).toBe(`no pattern allows the command${allowed}`);
  expect(refusalText(patterns, "cc a; rm b")).toBe(
    `the command holds ";", which is for a shell, and is run without one${allowed}`,
  );
  expect(refusalText(patterns, "/bin/cc a")).toBe(`the command does not begin with the name of a program${allowed}`);
  expect(refusalText([], "cc")).toBe("no pattern allows the command; allowed: nothing");
  expect(refusalText(Array(1_000).fill(patterns[1]), "x").length).toBeLessThan(700);
});
