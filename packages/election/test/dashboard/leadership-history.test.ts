/** What the event log says for each way in which a lead begins and ends. */
import { describe, expect, it } from "vitest";
import {
  beginHistory,
  type LeadershipEvent,
  type LeadershipHistory,
  mergeHistories,
  recordLeadership,
  shiftHistory,
} from "../../src/core/leadership-history.js";
import { bandsOf } from "../../src/core/leadership-history-bands.js";

const leads = (id: string, epoch: number): LeadershipEvent => ({
  type: "leader",
  leader: { id, epoch, address: `${id}:1` },
});
const nobody: Extract<LeadershipEvent, { type: "leader" }> = { type: "leader", leader: undefined };
const elected = (id: string, epoch: number): LeadershipEvent => ({ type: "elected", token: { id, epoch } });
type Why = Extract<LeadershipEvent, { type: "stepDown" }>["why"];
const stepsDown = (id: string, epoch: number, why: Why): LeadershipEvent => ({
  type: "stepDown",
  token: { id, epoch },
  why,
});

/** Begins at 0; the n-th event happens at n. */
function seen(...events: LeadershipEvent[]): LeadershipHistory {
  return events.reduce((history, event, index) => recordLeadership(history, index + 1, event), beginHistory(0));
}

const told = (history: LeadershipHistory): string[] =>
  history.terms.map((term) => `${term.id}${term.epoch} ${term.from}-${term.until ?? ""} ${term.why ?? ""}`.trim());

describe("the terms that a node sees", () => {
  it.each<[string, LeadershipEvent[], string[]]>([
    ["a leader is heard, and then not any more", [leads("a", 1), nobody], ["a1 1-2 unheard"]],
    ["heard again in the same epoch: it led all the time", [leads("a", 1), nobody, leads("a", 1)], ["a1 1-"]],
    ["another takes over", [leads("a", 1), leads("b", 2)], ["a1 1-2 superseded", "b2 2-"]],
    [
      "another claims to lead while the leader is not silent",
      [leads("a", 1), { ...nobody, isClaimed: true }, leads("b", 2)],
      ["a1 1-2 superseded", "b2 3-"],
    ],
    [
      "a leader offers the lead to this node, which stores its epoch first",
      [leads("a", 1), { ...nobody, isOffered: true }, elected("b", 2), leads("b", 2)],
      ["a1 1-2 handedOver", "b2 3-"],
    ],
    [
      "a leader offers the lead to this node, which leads at once",
      [leads("a", 1), { type: "elected", token: { id: "b", epoch: 2 }, isOffered: true }, leads("b", 2)],
      ["a1 1-2 handedOver", "b2 2-"],
    ],
    ["a leader goes on in a new epoch", [leads("a", 1), leads("a", 2)], ["a1 1-2 renewed", "a2 2-"]],
    ["its own lead, told twice", [elected("a", 1), leads("a", 1)], ["a1 1-"]],
    [
      "its own lead ends: its own reason, whichever event comes first",
      [elected("a", 1), nobody, stepsDown("a", 1, "handedOver"), leads("b", 2)],
      ["a1 1-2 handedOver", "b2 4-"],
    ],
    [
      "its own lead in a new epoch",
      [elected("a", 1), stepsDown("a", 1, "renewed"), elected("a", 2), leads("a", 2)],
      ["a1 1-2 renewed", "a2 3-"],
    ],
    ["what a leader told stands", [elected("a", 1), stepsDown("a", 1, "lease"), leads("a", 1)], ["a1 1-2 lease"]],
    ["an end of what was never seen", [stepsDown("a", 1, "lease"), nobody], []],
  ])("%s", (_title, events, expected) => {
    expect(told(seen(...events))).toEqual(expected);
  });

  it("a wall clock that is set back does not reorder them", () => {
    const first = recordLeadership(beginHistory(0), 100, leads("a", 1));
    expect(told(recordLeadership(first, 50, nobody))).toEqual(["a1 100-100 unheard"]);
  });

  it("the oldest are forgotten beyond the bound", () => {
    let history = beginHistory(0);
    for (let epoch = 1; epoch <= 5; epoch++) history = recordLeadership(history, epoch, leads("a", epoch), 2);
    expect(told(history)).toEqual(["a4 4-5 renewed", "a5 5-"]);
  });
});

describe("a page that moves from one node to another", () => {
  it("believes the node that it listens to now", () => {
    const former = seen(leads("a", 1));
    const current = seen(leads("a", 1), nobody, leads("b", 2));
    expect(told(mergeHistories(former, current, 9))).toEqual(["a1 1-2 unheard", "b2 3-"]);
  });

  it("ends a lead that only the former node knew when that was last heard", () => {
    const merged = mergeHistories(seen(leads("a", 1)), beginHistory(20), 9);
    expect(told(merged)).toEqual(["a1 1-9 unheard"]);
    expect(merged.watched).toEqual([
      { from: 0, until: 9 },
      { from: 20, until: undefined },
    ]);
  });

  it("keeps what a leader told of its own end", () => {
    const former = seen(elected("a", 1), stepsDown("a", 1, "stopped"));
    const current = shiftHistory(seen(leads("a", 1), nobody), 5);
    expect(told(mergeHistories(former, current, 3))).toEqual(["a1 1-2 stopped"]);
  });
});

describe("the bands of the timeline", () => {
  it("are who led, when nobody did, and when nobody looked", () => {
    const history = seen(leads("a", 1), nobody, leads("b", 2));
    expect(bandsOf(history, 10, 12)).toEqual([
      { kind: "leader", id: "a", epoch: 1, lane: 0, from: 1, until: 2 },
      { kind: "leader", id: "b", epoch: 2, lane: 0, from: 3, until: 10 },
      { kind: "nobody", from: 0, until: 1 },
      { kind: "nobody", from: 2, until: 3 },
      { kind: "unknown", from: -2, until: 0 },
    ]);
  });

  it("are brief, without a lane, for leads that ended sooner than can be seen", () => {
    const history = seen(leads("a", 1), leads("b", 2), leads("c", 3)); // a from 1 to 2, b from 2 to 3, c from 3
    const instant = recordLeadership(history, 3, leads("d", 4)); // c not at all
    expect(bandsOf(instant, 10, 10, 0, 1)).toEqual([
      { kind: "leader", id: "a", epoch: 1, lane: 0, from: 1, until: 2 },
      { kind: "leader", id: "b", epoch: 2, lane: 0, from: 2, until: 3 },
      { kind: "leader", id: "d", epoch: 4, lane: 0, from: 3, until: 10 },
      { kind: "brief", id: "c", epoch: 3, from: 3, until: 3 },
      { kind: "nobody", from: 0, until: 1 },
    ]);
    // Not even where it is the last, and leads yet.
    expect(bandsOf(history, 3.5, 2, 0, 1).map(({ kind }) => kind)).toEqual(["leader", "leader", "leader"]);
  });

  it("have a lane for each of two that led at once", () => {
    const b = recordLeadership(beginHistory(0), 5, leads("b", 1));
    const split = mergeHistories(seen(elected("a", 1), nobody, stepsDown("a", 1, "superseded")), b, 9);
    expect(bandsOf(split, 10, 10).map((band) => ("lane" in band ? band.lane : band.kind))).toEqual([
      0,
      0,
      "nobody",
      "nobody",
    ]);
    const both = mergeHistories(shiftHistory(split, 4), b, 9);
    expect(bandsOf(both, 10, 10).flatMap((band) => ("lane" in band ? band.lane : []))).toEqual([0, 1]);
  });
});
