import { describe, expect, it } from "vitest";
import { DISPUTED, FURTHER, WITHOUT_DIRECTORY } from "./cases.js";
import { MemoryDirectory } from "./memory-directory.js";
import { expected, runCase } from "./run-case.js";

describe("H41: the disputed inputs, row by row", () => {
  for (const one of DISPUTED) it(`${one.rules}: ${one.name}`, () => expect(runCase(one)).toEqual(expected(one)));
});

describe("the other rules", () => {
  for (const one of FURTHER) it(`${one.rules}: ${one.name}`, () => expect(runCase(one)).toEqual(expected(one)));
});

describe("a missing directory", () => {
  for (const one of WITHOUT_DIRECTORY) {
    it(`${one.rules}: ${one.name}`, () => {
      const directory = new MemoryDirectory([]);
      directory.files = undefined;
      expect(runCase(one, undefined, directory)).toEqual(expected(one));
    });
  }
});

describe("H11: the chunking of the input changes nothing", () => {
  for (const one of [...DISPUTED, ...FURTHER]) {
    it(`${one.name}, byte by byte`, () => {
      expect(runCase(one, undefined, undefined, (segment) => segment.split(""))).toEqual(expected(one));
    });
  }
});
