// Ranges that come in any order add up to what was covered.
import assert from "node:assert/strict";
import { Ranges } from "../dist/hftp.mjs";

let state = 7;
const below = (limit) => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return (state >>> 8) % limit;
};
for (let round = 0; round < 500; round++) {
  const ranges = new Ranges();
  const covered = new Set();
  for (let i = 0; i < 20; i++) {
    const start = below(200);
    const end = start + 1 + below(20);
    ranges.add(start, end);
    for (let at = start; at < end; at++) covered.add(at);
  }
  assert.equal(ranges.total, covered.size);
}
console.log("hftp: 500 sets of 20 ranges");
