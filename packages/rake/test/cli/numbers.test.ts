/** Numbers and sizes on the command line. */
import { describe, expect, it } from "vitest";
import { size, wholeNumber } from "../../src/cli/numbers.js";

describe("sizes", () => {
  it.for<readonly [text: string, bytes: number]>([
    ["0", 0],
    ["1048576", 1_048_576],
    ["512k", 524_288],
    ["256m", 268_435_456],
    ["512M", 536_870_912],
    ["2g", 2_147_483_648],
    ["1GiB", 1_073_741_824],
    ["4mb", 4_194_304],
    ["1t", 2 ** 40],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
  ])("%j is %j bytes", ([text, bytes], { expect }) => {
    expect(size(0)(text)).toBe(bytes);
  });

  it.for([
    ..."1.5g -1 1e3 0x10 k g1 1kk 1p 1i 9007199254740992 9007199254740991k 99999999999999999".split(" "),
    "",
    "1 g",
  ])("%j is refused with what is accepted", (text, { expect }) => {
    expect(() => size(0)(text)).toThrow(
      "It must be a whole number of bytes, 0 or more, or of k, m, g or t: 512m is 512 MiB.",
    );
  });

  it("are not below the least", () => {
    expect(size(1)("1")).toBe(1);
    expect(() => size(1)("0k")).toThrow("1 or more");
  });
});

describe("whole numbers", () => {
  it("are in their range, and the error says of what they are", () => {
    expect([wholeNumber(1, 3)("1"), wholeNumber(1, 3)("03")]).toEqual([1, 3]);
    for (const text of ["0", "4", "", "2.0", " 2", "two"]) {
      expect(() => wholeNumber(1, 3)(text)).toThrow("It must be a whole number from 1 to 3.");
    }
    expect(() => wholeNumber(1, 3, "seconds")("1h")).toThrow("It must be a whole number of seconds from 1 to 3.");
  });
});
