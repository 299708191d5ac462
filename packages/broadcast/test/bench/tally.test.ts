/** What the bench of fan-out counts with: it must find what is lost, repeated, out of order or changed. */
import { expect, it } from "vitest";
import { payload, stamp } from "../../bench/fan-out/peer.js";
import { CountingTally } from "../../bench/fan-out/tally.js";

function setUp(perRound: number, times = false) {
  const state = { rounds: 0 };
  const tally = new CountingTally(perRound, times, () => state.rounds++);
  return { tally, state };
}

const hear = (indices: readonly number[]) => {
  const { tally } = setUp(10);
  for (const index of indices) tally.message(payload(index));
};

it("a round is over when its last message came, and the next begins with the first", () => {
  const { tally, state } = setUp(3);
  for (const index of [0, 1]) tally.message(payload(index));
  expect(state.rounds).toBe(0);
  for (const index of [2, 0, 1, 2]) tally.message(payload(index));
  expect(state.rounds).toBe(2);
});

it("a lost, a repeated and an exchanged message are refused", () => {
  expect(() => hear([0, 1, 3])).toThrow("message 2 was expected, 3 of 128 bytes came");
  expect(() => hear([0, 1, 1])).toThrow("message 2 was expected, 1 of");
  expect(() => hear([0, 2, 1])).toThrow("message 1 was expected, 2 of");
  expect(() => hear([1])).toThrow("message 0 was expected");
  expect(() => hear([0, 1, 2])).not.toThrow();
});

it("a message of another length is refused, and one whose number is high is not mistaken", () => {
  const { tally } = setUp(10);
  expect(() => tally.message(payload(0).subarray(1))).toThrow("of 127 bytes came");
  const high = payload(0);
  high[0] = 0x80;
  expect(() => setUp(10).tally.message(high)).toThrow("message 0 was expected, 2147483648 of");
});

it("latencies are those since the stamp, in microseconds, of chunks that carry several messages too", () => {
  const { tally, state } = setUp(2, true);
  const chunk = new Uint8Array(2 * (8 + 128));
  for (const index of [0, 1]) {
    const one = payload(index);
    stamp(one);
    chunk.set(one, index * 136 + 8);
  }
  tally.raw(chunk, 8);
  expect(state.rounds).toBe(1);
  expect(tally.latenciesUs).toHaveLength(2);
  for (const one of tally.latenciesUs) expect(one).toBeGreaterThan(0);
  expect(Math.max(...tally.latenciesUs)).toBeLessThan(60e6);
});

it("the floor's rounds end with their last byte, however the bytes are cut", () => {
  const { tally, state } = setUp(4);
  const all = 4 * 136;
  tally.raw(new Uint8Array(all - 1), 8);
  expect(state.rounds).toBe(0);
  tally.raw(new Uint8Array(1 + all / 2), 8);
  expect(state.rounds).toBe(1);
  tally.raw(new Uint8Array(all / 2), 8);
  expect(state.rounds).toBe(2);
});
