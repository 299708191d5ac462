// One seed, one sequence: on every machine.
import assert from "node:assert/strict";
import { Random } from "../dist/simnet.mjs";

const draw = (seed) => {
  const random = new Random(seed);
  return Array.from({ length: 1_000 }, () => random.uint32());
};
assert.deepEqual(draw("rake"), draw("rake"));
assert.notDeepEqual(draw("rake"), draw("make"));
console.log("simnet: a seed is a sequence");
