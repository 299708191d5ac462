import { expect, it } from "vitest";
import { Random } from "../src/core/index.js";

// From vectors/xoshiro128starstar.c, which has none of our code in it. The first row agrees with the vector that Rust's
// rand_xoshiro publishes for the same state.
const ofState = [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804];
const ofSeed: readonly (readonly [seed: number, first: readonly number[]])[] = [
  [0, [1789933344, 44971166, 2521392804, 3836935353, 2740083721, 1685820610]],
  [1, [393288148, 2174103013, 3814759091, 2092745082, 1865176206, 2179171167]],
  [42, [660444221, 3652823732, 77678286, 922035873, 3922690323, 3648917349]],
  [0xffff_ffff, [4104197751, 1825856343, 1152209388, 2427537429, 3685145430, 609215610]],
];

it("N3: the generator is xoshiro128**", () => {
  const random = Random.ofState(1, 2, 3, 4);
  expect(ofState.map(() => random.uint32())).toEqual(ofState);
});

it.each(ofSeed)("N3: seed %i", (seed, first) => {
  const random = new Random(seed);
  expect(first.map(() => random.uint32())).toEqual(first);
});

it("N2: a fork depends on the seed and the label alone, not on what was drawn", () => {
  const fresh = new Random(7);
  const used = new Random(7);
  used.bytes(100);
  const draws = (random: Random): number[] => Array.from({ length: 8 }, () => random.uint32());
  expect(draws(used.fork("a"))).toEqual(draws(fresh.fork("a")));
  expect(draws(fresh.fork("b"))).not.toEqual(draws(fresh.fork("a")));
  expect(draws(new Random(8).fork("a"))).not.toEqual(draws(fresh.fork("a")));
  expect(draws(fresh.fork("a").fork("b"))).not.toEqual(draws(fresh.fork("b").fork("a")));
});

it("N3: integers reach both ends and nothing beyond, chances are what they say", () => {
  const random = new Random("dice");
  const counts = new Map<number, number>();
  for (let roll = 0; roll < 60_000; roll++) {
    const face = random.integer(1, 6);
    counts.set(face, (counts.get(face) ?? 0) + 1);
  }
  expect([...counts.keys()].sort()).toEqual([1, 2, 3, 4, 5, 6]);
  for (const count of counts.values()) expect(Math.abs(count - 10_000)).toBeLessThan(500); // 5 standard deviations
  let hits = 0;
  for (let toss = 0; toss < 60_000; toss++) if (random.chance(0.1)) hits++;
  expect(Math.abs(hits - 6_000)).toBeLessThan(370);
  expect(random.chance(0)).toBe(false);
  expect(random.chance(1)).toBe(true);
});
