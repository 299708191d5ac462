/** What holds of every history, whatever a node saw and through however many nodes a page looked. */
import fc from "fast-check";
import { expect, it } from "vitest";
import {
  beginHistory,
  type LeadershipEvent,
  type LeadershipHistory,
  mergeHistories,
  recordLeadership,
  shiftHistory,
} from "../../src/core/leadership-history.js";
import { bandsOf } from "../../src/core/leadership-history-bands.js";

const MAX = 6;
const token = fc.record({ id: fc.constantFrom("a", "b", "c"), epoch: fc.integer({ min: 1, max: 5 }) });
const why = fc.constantFrom("lease" as const, "superseded" as const, "renewed" as const, "handedOver" as const);
const event: fc.Arbitrary<LeadershipEvent> = fc.oneof(
  token.map((one): LeadershipEvent => ({ type: "leader", leader: { ...one, address: "x:1" } })),
  fc.constant<LeadershipEvent>({ type: "leader", leader: undefined }),
  token.map((one): LeadershipEvent => ({ type: "elected", token: one })),
  fc.tuple(token, why).map(([one, reason]): LeadershipEvent => ({ type: "stepDown", token: one, why: reason })),
);
/** Times go on, stand still, and are set back. */
const events = fc.array(fc.tuple(fc.integer({ min: -3, max: 20 }), event), { maxLength: 30 });

const history = events.map((list) => {
  let at = 100;
  return list.reduce((seen, [after, one]) => {
    at += after;
    return recordLeadership(seen, at, one, MAX);
  }, beginHistory(at));
});
const merged = fc
  .array(fc.tuple(history, fc.integer({ min: 0, max: 300 })), { minLength: 1, maxLength: 4 })
  .map(([first, ...others]) =>
    others.reduce(
      (all, [one, at]) => mergeHistories(all, shiftHistory(one, at), at + 100, MAX),
      first?.[0] ?? beginHistory(0),
    ),
  );

function check({ terms, watched }: LeadershipHistory): void {
  expect(terms.length).toBeLessThanOrEqual(MAX);
  expect(new Set(terms.map(({ id, epoch }) => `${epoch} ${id}`)).size).toBe(terms.length);
  for (const [index, { from, until, why: reason }] of terms.entries()) {
    expect(until ?? from).toBeGreaterThanOrEqual(from);
    expect(reason === undefined).toBe(until === undefined);
    expect(from).toBeGreaterThanOrEqual(terms[index - 1]?.from ?? from);
  }
  for (const [index, { from }] of watched.entries()) {
    if (index > 0) expect(from).toBeGreaterThan(watched[index - 1]?.until ?? Number.POSITIVE_INFINITY);
  }
}

it("one node sees one leader at a time: its terms are bounded, in order, and do not overlap", () => {
  fc.assert(
    fc.property(history, (seen) => {
      check(seen);
      for (const [index, { from }] of seen.terms.entries()) {
        if (index > 0) expect(from).toBeGreaterThanOrEqual(seen.terms[index - 1]?.until ?? Number.POSITIVE_INFINITY);
      }
    }),
  );
});

it("what is put together of several nodes' histories is bounded and in order, and a node adds nothing twice", () => {
  fc.assert(
    fc.property(merged, fc.integer({ min: 0, max: 500 }), (all, at) => {
      check(all);
      const again = mergeHistories(all, all, at, MAX);
      expect(new Set(again.terms)).toEqual(new Set(all.terms));
      expect(mergeHistories(again, again, at, MAX).terms).toEqual(again.terms);
      expect(again.watched.at(-1)).toEqual(all.watched.at(-1));
    }),
  );
});

it("the page claims no leader that the node which it listens to does not know", () => {
  fc.assert(
    fc.property(history, history, (former, current) => {
      const open = (one: LeadershipHistory): unknown[] => one.terms.filter(({ until }) => until === undefined);
      const told = (one: LeadershipHistory): Set<string> =>
        new Set(one.terms.filter(({ isTold }) => isTold).map(({ id, epoch }) => `${id} ${epoch}`));
      const wanted = open(current).filter((term) => {
        const { id, epoch } = term as { id: string; epoch: number };
        return !told(former).has(`${id} ${epoch}`);
      });
      expect(open(mergeHistories(former, current, 400)).length).toBe(wanted.length);
    }),
  );
});

it("the bands cover the window, each instant either by leaders, by nobody or by nobody having looked", () => {
  fc.assert(
    fc.property(merged, fc.integer({ min: 80, max: 800 }), fc.integer({ min: 1, max: 300 }), (all, now, span) => {
      const bands = bandsOf(all, now, span);
      const edges = [...new Set([now - span, now, ...bands.flatMap(({ from, until }) => [from, until])])].sort(
        (a, b) => a - b,
      );
      expect(edges[0]).toBe(now - span);
      expect(edges.at(-1)).toBe(now);
      for (const [index, from] of edges.slice(0, -1).entries()) {
        const middle = (from + (edges[index + 1] ?? from)) / 2;
        const here = bands.filter((band) => band.from <= middle && middle < band.until);
        const led = here.filter(({ kind }) => kind === "leader");
        expect(here.length).toBe(led.length > 0 ? led.length : 1);
        const lanes = led.map((band) => (band.kind === "leader" ? band.lane : -1));
        expect(new Set(lanes).size).toBe(lanes.length);
      }
    }),
  );
});
