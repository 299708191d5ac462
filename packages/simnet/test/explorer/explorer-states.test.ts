import { expect, it } from "vitest";
import { StateHash } from "../../src/core/explore-hash.js";
import { StateTable } from "../../src/core/explore-states.js";

it("N38: hashes of 200,000 small values all differ", () => {
  const table = new StateTable();
  let clashes = 0;
  for (let value = 0; value < 200_000; value++) {
    const hash = new StateHash();
    hash.word(value >>> 10);
    hash.word(value & 1023);
    if (table.findOrAdd(...hash.digest(), value) !== -1) clashes++;
  }
  expect(clashes).toBe(0);
  const first = new StateHash();
  first.word(0);
  first.word(0);
  expect(table.findOrAdd(...first.digest(), 7)).toBe(0);
});
