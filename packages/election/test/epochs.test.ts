/** No message uses up all epochs (docs/election.md, E5), and `rejoin` holds up no cluster (E20). */
import { describe, expect, it } from "vitest";
import { Cluster } from "./cluster.js";
import { Solo } from "./solo.js";

const abc = ["a", "b", "c"];
const HALF = 2 ** 47;
const ack = (incarnation: string) =>
  ({
    type: "ack",
    for: incarnation,
    address: "b",
    stamp: { mono: 1, wall: 1 },
    leaseMs: 6_000,
    fallbacks: [],
  }) as const;

describe("E5: an epoch", () => {
  it("above what a node takes is refused, and changes nothing but a counter", () => {
    const solo = new Solo({}, { epoch: 7, holder: "b", id: "a" });
    solo.advance(6_601);
    const { incarnation } = solo.view;
    const outputs = solo.hear({ sender: "b", epoch: HALF + 1 }, ack(incarnation));
    expect(outputs[0]).toMatchObject({ type: "close", why: expect.stringContaining("epoch") });
    solo.hear(
      { sender: "b", epoch: 8 },
      { type: "voteReq", address: "b", proposed: 2 ** 48, stamp: { mono: 1, wall: 1 }, release: undefined },
    );
    solo.hear({ sender: "b", epoch: 8 }, { type: "stale", leaderId: "b", leaderAddress: "b", leaderEpoch: 2 ** 48 });
    expect(solo.view).toMatchObject({ epoch: 7, malformed: 3, leader: undefined });
  });

  it("that is half of all leaves elections to go, and more only step by step", () => {
    const solo = new Solo({}, { epoch: 7, holder: "b", id: "a" });
    solo.advance(6_601);
    const { incarnation } = solo.view;
    solo.hear({ sender: "b", epoch: HALF }, ack(incarnation));
    expect(solo.view.epoch).toBe(HALF);
    solo.hear({ sender: "b", epoch: HALF + 2 ** 16 + 1 }, ack(incarnation));
    expect(solo.view.epoch).toBe(HALF);
    solo.hear({ sender: "b", epoch: HALF + 2 ** 16 }, ack(incarnation));
    expect(solo.view.epoch).toBe(HALF + 2 ** 16);
  });

  it("of a cluster that is above half is taken by a node that has promised nothing", () => {
    const high = { epoch: HALF + 5, holder: "", id: "" };
    const cluster = new Cluster(abc, { mode: "quorum" }, { a: { stored: high }, b: { stored: high } });
    expect(abc).toContain(cluster.settle());
    expect(cluster.view("c").epoch).toBeGreaterThan(HALF);
  });

  it.each(["available", "quorum"] as const)("above 2^48 is never proposed nor stored (%s)", (mode) => {
    const last = { epoch: 2 ** 48, holder: "", id: "" };
    const cluster = new Cluster(["a"], { mode, stored: last });
    cluster.advance(60_000);
    expect(cluster.leaders()).toEqual([]);
    for (const { state } of cluster.outputs("store")) expect(state.epoch).toBeLessThanOrEqual(2 ** 48);
  });
});

it("E20: rejoin is ignored where something is stored, with a warning, and all members can be started with it", () => {
  const cluster = new Cluster(abc, { mode: "quorum" });
  cluster.settle();
  const { epoch } = cluster.view("a");
  const again = new Cluster(abc, { mode: "quorum", rejoin: true, stored: { epoch, holder: "", id: "" } });
  expect(again.machine("a").warnings.join()).toContain("rejoin is ignored");
  again.settle();
  expect(again.view("a").epoch).toBeGreaterThan(epoch);
  expect(new Solo({ rejoin: true }).machine.warnings).toEqual([]);
});
