/** What is wrong with a Rakefile, where, and what it might say instead (docs/rake.md R5). */
import { describe, expect, it } from "vitest";
import { parseRakefile, renderFaults } from "../../src/core/index.js";
import { faultsOf } from "./parsed.js";

const EDGE = "PORT = n, HOSTS = h1 h2, actionsetN:, or an action behind one TAB";
const PORT = "a port from 1 to 65535";
const HOST = "name, name:port, [IPv6 address] or [IPv6 address]:port";
const SET = "actionsetN: with nothing behind it";
const PATH = "a path relative to the Rakefile's folder, below it";
const TIME = "timeout and one time, a whole number and ms, s, m or h, from 1 ms to 2^31-1 ms";
const DETAILS = "requires f1 f2 ..., produces p1 p2 ..., on r1 r2 ..., timeout 30s";
const SOME = "actionset1:\n\tx\n";

type Row = readonly [string, string, string];
const at = (place: string, found: string, accepted: string): string =>
  `${place}: found ${found}; accepted: ${accepted}`;

describe("R5: a fault has a line, a column, what was found and what is accepted", () => {
  it.each<Row>([
    ["another word at the left edge", "all: x", at("1:1", '"all:"', EDGE)],
    ["a lower-case port", "\nport = 7", at("2:1", '"port"', EDGE)],
    ["PORT without =", "PORT 7", at("1:1", '"PORT"', EDGE)],
    ["a blank at the left edge", " PORT = 7", at("1:1", "a blank", "one TAB before an action, two before requires")],
    ["blanks before an action", `${SOME}    y`, at("3:1", "a blank", "one TAB before an action, two before requires")],
    ["a NUL", `${SOME}\ta\0b`, at("3:3", "a NUL", "text")],
    ["R1: no port", "PORT =", at("1:7", "no port", PORT)],
    ["R1: port 0", "PORT = 0", at("1:8", '"0"', PORT)],
    ["R1: port 65536", "PORT = 65536", at("1:8", '"65536"', PORT)],
    ["R1: a port of letters", "PORT = http", at("1:8", '"http"', PORT)],
    ["R1: a negative port", "PORT = -1", at("1:8", '"-1"', PORT)],
    ["R1: two ports", "PORT = 1 2", at("1:10", '"2"', "nothing more on the line")],
    ["R1: no host", "HOSTS = # a", at("1:8", "no host", HOST)],
    ["R1: hosts with commas", "HOSTS = a, b", at("1:9", '"a,"', HOST)],
    ["R1: a host's port 0", "HOSTS = a b:0", at("1:13", '"0"', PORT)],
    ["R1: a host without the port behind its colon", "HOSTS = a:", at("1:11", '""', PORT)],
    ["R1: IPv6 without brackets", "HOSTS = ::1", at("1:9", '"::1"', HOST)],
    ["R1: brackets without an address", "HOSTS = [a]", at("1:9", '"[a]"', HOST)],
    ["R1: no name before the port", "HOSTS = :7", at("1:9", '":7"', HOST)],
    ["R1: a name with a slash", "HOSTS = a/b", at("1:9", '"a/b"', HOST)],
    ["R1: one host twice", "HOSTS = a b\nHOSTS = A", at("2:9", '"A" a second time', "each host and port once")],
    ["R1: and by the PORT", "HOSTS = a a:7\nPORT = 7", at("1:11", '"a:7" a second time', "each host and port once")],
    [
      "R1: PORT behind a set",
      "actionset1:\nPORT = 7",
      at("2:1", "PORT behind an action set", "PORT before the first set"),
    ],
    [
      "R1: HOSTS behind a set",
      "actionset1:\nHOSTS = a",
      at("2:1", "HOSTS behind an action set", "HOSTS before the first set"),
    ],
    ["R1: a set without a colon", "actionset1", at("1:11", "the end of the line", SET)],
    ["R1: a blank before the colon", "actionset1 :", at("1:11", '" :"', SET)],
    ["R1: something behind the colon", "actionset1: a b", at("1:12", '" a b"', SET)],
    [
      "R1: a name used twice",
      "actionset1:\nactionset1:",
      at("2:1", '"actionset1" a second time', "another name than that of line 1"),
    ],
    ["R1: an action before any set", "\tx", at("1:2", "an action", "actionsetN: before the first action")],
    ["R2: no command", "actionset1:\n\tremote- ", at("2:9", "no command", "remote- and a command")],
    [
      "R1: two TABs before any action",
      "actionset1:\n\t\trequires a",
      at("2:3", '"requires"', "an action behind one TAB first"),
    ],
    [
      "R1: behind another set's action",
      `${SOME}actionset2:\n\t\trequires a`,
      at("4:3", '"requires"', "an action behind one TAB first"),
    ],
    ["R1: three TABs", `${SOME}\t\t\trequires a`, at("3:3", "a third TAB", `two TABs and ${DETAILS}`)],
    ["R4: another word", `${SOME}\t\tneeds a`, at("3:3", '"needs"', DETAILS)],
    ["R4: a word of every object", `${SOME}\t\tconstructor a`, at("3:3", '"constructor"', DETAILS)],
    ["R4: requires nothing", `${SOME}\t\trequires`, at("3:11", "nothing", "requires f1 f2 ...")],
    ["R4: produces nothing", `${SOME}\t\tproduces # a`, at("3:11", "nothing", "produces p1 p2 ...")],
    ["R4: on nothing", `${SOME}\t\ton`, at("3:5", "nothing", "on r1 r2 ...")],
    [
      "R4: a resource of 65 bytes",
      `${SOME}\t\ton g ${"r".repeat(65)}`,
      at("3:8", `"${"r".repeat(60)}..."`, "a resource of at most 64 bytes, not 65"),
    ],
    ["R4: no time", `${SOME}\t\ttimeout`, at("3:10", "nothing", TIME)],
    ["R4: a time without unit", `${SOME}\t\ttimeout 30`, at("3:11", '"30"', TIME)],
    ["R4: a time of 0", `${SOME}\t\ttimeout 0s`, at("3:11", '"0s"', TIME)],
    ["R4: a time of 2^31 ms", `${SOME}\t\ttimeout 2147483648ms`, at("3:11", '"2147483648ms"', TIME)],
    ["R4: two times", `${SOME}\t\ttimeout 1m 30s`, at("3:14", '"30s"', TIME)],
    [
      "R4: a second timeout",
      `${SOME}\t\ttimeout 1m\n\t\ttimeout 2m`,
      at("4:3", "a second timeout", "one for an action"),
    ],
    ["R7: an absolute path", `${SOME}\t\trequires a /etc/passwd`, at("3:14", '"/etc/passwd", which is absolute', PATH)],
    ["R7: a path above the folder", `${SOME}\t\trequires ../a`, at("3:12", '"../a", which has the name ".."', PATH)],
    ["R7: and on the way", `${SOME}\t\tproduces a/../../b`, at("3:12", '"a/../../b", which has the name ".."', PATH)],
    ["R7: a dot", `${SOME}\t\trequires ./a`, at("3:12", '"./a", which has the name "."', PATH)],
    ["R7: an empty name", `${SOME}\t\trequires a//b`, at("3:12", '"a//b", which has an empty name', PATH)],
    ["R7: a folder", `${SOME}\t\trequires a/`, at("3:12", '"a/", which has an empty name', PATH)],
    ["R7: a backslash", `${SOME}\t\trequires a\\b`, at("3:12", '"a\\b", which holds a backslash', PATH)],
    ["R7: an absolute pattern", `${SOME}\t\tproduces /tmp/*`, at("3:12", '"/tmp/*", which is absolute', PATH)],
    [
      "columns are characters, not code units",
      `${SOME}\t\trequires \u{1f600}\u{1f600} /a`,
      at("3:15", '"/a", which is absolute', PATH),
    ],
    ["what would turn the line round is shown by its number", "\u202ex\u0007", at("1:1", '"\\u{202e}x\\u{7}"', EDGE)],
  ])("%s", (_name, text, expected) => {
    expect(faultsOf(text)).toEqual([expected]);
  });

  it.each(["produces p", "on g", "timeout 1s"])("R4: --course refuses %s", (line) => {
    const keyword = line.split(" ")[0] as string;
    const expected = at("3:3", `"${keyword}" with --course`, "requires f1 f2 ...");
    expect(faultsOf(`${SOME}\t\t${line}`, { course: true })).toEqual([expected]);
    expect(faultsOf(`${SOME}\t\t${line}`)).toEqual([]);
    expect(faultsOf(`${SOME}\t\tneeds a`, { course: true })).toEqual([at("3:3", '"needs"', "requires f1 f2 ...")]);
  });
});

describe("R5: all faults of a file, in the order of their places", () => {
  it("one behind another, in one line too", () => {
    expect(faultsOf("HOSTS = a, b:0 a\nPORT = x\n\tx\nactionset1\n\ty\n\t\trequires /a ../b")).toEqual([
      at("1:9", '"a,"', HOST),
      at("1:14", '"0"', PORT),
      at("2:8", '"x"', PORT),
      at("3:2", "an action", "actionsetN: before the first action"),
      at("4:11", "the end of the line", SET),
      at("6:12", '"/a", which is absolute', PATH),
      at("6:15", '"../b", which has the name ".."', PATH),
    ]);
  });

  it("a host that is named twice stands at its place, though it is known last", () => {
    expect(faultsOf("HOSTS = a a\nx").map((one) => one.split(":", 2).join(":"))).toEqual(["1:11", "2:1"]);
  });

  it("at most 20", () => {
    const { faults } = parseRakefile("x\n".repeat(21));
    expect(faults).toHaveLength(20);
    expect(faults.at(-1)?.line).toBe(20);
    expect(parseRakefile("x\n".repeat(20)).faults).toHaveLength(20);
    expect(parseRakefile(`HOSTS = ${", ".repeat(30)}`).faults).toHaveLength(20);
  });

  it("with the name of the file, or without", () => {
    const { faults, message } = parseRakefile("x\ny", { file: "sub/Rakefile" });
    expect(message).toBe(
      `sub/Rakefile:1:1: found "x"; accepted: ${EDGE}\nsub/Rakefile:2:1: found "y"; accepted: ${EDGE}`,
    );
    expect(renderFaults(faults.slice(1))).toBe(`Rakefile:2:1: found "y"; accepted: ${EDGE}`);
    expect(parseRakefile("").message).toBe("");
  });
});

describe("R5: limits", () => {
  const bytes = (text: string, ...more: number[]): Uint8Array =>
    Uint8Array.of(...new TextEncoder().encode(text), ...more);

  it.each<readonly [string, string | Uint8Array, string]>([
    ["a file above 1 MiB", " \n".repeat(2 ** 19 + 1), at("1:1", "a file of 1048578 bytes", "at most 1048576 bytes")],
    [
      "a line above 64 KiB",
      `${SOME}\t${"é".repeat(32_768)}`,
      at("3:1", "a line of 65537 bytes", "lines of at most 65536 bytes"),
    ],
    [
      "a comment above 64 KiB",
      `#${"é".repeat(32_768)}`,
      at("1:1", "a line of 65537 bytes", "lines of at most 65536 bytes"),
    ],
    ["bytes that are not UTF-8", bytes(`${SOME}\té`, 0xff, 0x61), at("3:3", "bytes that are not UTF-8", "UTF-8")],
    ["a character cut by a line end", bytes(`${SOME}\tabc`, 0xc3, 10), at("3:5", "bytes that are not UTF-8", "UTF-8")],
  ])("%s", (_name, text, expected) => {
    expect(faultsOf(text)).toEqual([expected]);
  });

  it("a file of 1 MiB and a line of 64 KiB are taken", () => {
    expect(faultsOf(" \n".repeat(2 ** 19))).toEqual([]);
    expect(faultsOf(`${SOME}\t${"x".repeat(65_535)}`)).toEqual([]);
  });

  it("10,000 paths of an action, of both kinds together", () => {
    const lines = (count: number) =>
      Array.from({ length: count }, (_, index) => `\t\t${index % 2 === 0 ? "requires" : "produces"} f${index}`).join(
        "\n",
      );
    expect(faultsOf(`${SOME}${lines(10_000)}\n\t\trequires f0\n\ty\n\t\trequires b`)).toEqual([]);
    const expected = at("10003:12", "path 10001", "at most 10000 paths an action");
    expect(faultsOf(`${SOME}${lines(10_001)}`)).toEqual([expected]);
  });
});
