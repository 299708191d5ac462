/** What is wrong with a Rakefile, where, and what it might say instead (docs/rake.md R5). */
import { describe, expect, it } from "vitest";
import { parseRakefile, renderFaults } from "../../src/core/index.js";
import { at, EDGE, FAULTS, HOST, PATH, PORT, SET, SOME } from "./fault-rows.js";
import { faultsOf } from "./parsed.js";

describe("R5: a fault has a line, a column, what was found and what is accepted", () => {
  it.each(FAULTS)("%s", (_name, text, expected) => {
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
