/** Who leads when nodes start, together or again (docs/election.md, E31). */
import { describe, expect, it } from "vitest";
import { Cluster } from "./cluster.js";
import { bodiesOf, OTHER, Solo } from "./solo.js";

const abc = ["a", "b", "c"];

describe("E31: available: who asked while nobody led is told at once", () => {
  const alone = (): Solo => new Solo({ mode: "available", seeds: [] });
  const asks = (solo: Solo, link: number, sender = `h${link}`): void => {
    solo.hear({ sender }, { type: "hello", address: "nowhere" }, link);
  };

  it("on the connection on which it asked, without dialing", () => {
    const solo = alone();
    solo.advance(1_000);
    asks(solo, 7);
    const outputs = solo.advance(3_500);
    const told = outputs.filter((output) => output.type === "send" && "link" in output.to);
    expect(told.map((output) => output.type === "send" && output.to)).toEqual([{ link: 7 }]);
    expect(bodiesOf(told, "redirect")).toMatchObject([{ for: OTHER, leaderId: "a", leaderEpoch: 1 }]);
    expect(outputs.filter((output) => output.type === "send")).toHaveLength(1);
  });

  it("and is given an id, where it has none", () => {
    const solo = alone();
    asks(solo, 7, "");
    expect(bodiesOf(solo.advance(4_500), "redirect")[0]?.givenId).toMatch(/^a\..*\.1$/);
  });

  it("but not on one that is closed, nor after 3 R and 2 S; the newest 64, each once", () => {
    const solo = alone();
    for (let link = 1; link <= 70; link++) asks(solo, link);
    asks(solo, 10);
    solo.feed({ type: "linkClosed", link: 20 });
    expect(bodiesOf(solo.advance(4_500), "redirect")).toHaveLength(63);
    const late = new Solo(
      { mode: "available", seeds: [], leaseMs: 4_500, probeMs: 60_000 },
      { epoch: 1, holder: "", id: "" },
    );
    asks(late, 1);
    expect(bodiesOf(late.advance(61_500), "redirect")).toEqual([]);
    expect(late.isLeader).toBe(true);
  });
});

describe("E31: available: nodes that start within S have one leader", () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ["all know the first", ["a"], ["a"]],
    ["all know all", abc, abc],
    ["the first has no seeds", [], ["a"]],
  ])("%s", (_name, first, others) => {
    for (const order of [abc, ["b", "c", "a"], ["c", "a", "b"]]) {
      const isLate = true;
      const own = { a: { seeds: first, isLate }, b: { isLate }, c: { isLate } };
      const cluster = new Cluster(abc, { mode: "available", seeds: others }, own);
      for (const name of order) {
        cluster.start(name);
        cluster.advance(700);
      }
      expect(cluster.settle()).toBe("a");
      cluster.advance(60_000);
      expect(cluster.outputs("elected")).toHaveLength(1);
    }
  });

  it("who hears a leader announce itself waits until it takes its report", () => {
    const solo = new Solo({ mode: "available", seeds: ["a"] });
    solo.advance(4_499);
    solo.hear({ sender: "b", epoch: 1 }, { type: "announce", address: "b" });
    solo.advance(4_499);
    expect(solo.view.role).toBe("leaderless");
    solo.advance(1);
    expect(solo.isLeader).toBe(true);
  });
});

describe("E31: available: a node that is back does not depose who leads since", () => {
  it("that the leader's probe finds it, even if it knows none but itself", () => {
    const cluster = new Cluster(abc, { mode: "available", seeds: ["a"] });
    expect(cluster.settle()).toBe("a");
    cluster.advance(10_000);
    cluster.crash("a");
    const leader = cluster.settle();
    cluster.advance(10_000);
    const elected = cluster.outputs("elected").length;
    cluster.start("a");
    expect(cluster.settle()).toBe(leader);
    cluster.advance(60_000);
    expect(cluster.outputs("elected")).toHaveLength(elected);
    expect(cluster.outputs("stepDown")).toEqual([]);
  });

  it("alone, it leads after probeMs + R", () => {
    const solo = new Solo({ mode: "available", seeds: ["a"] }, { epoch: 3, holder: "a", id: "a" });
    solo.advance(7_499);
    expect(solo.isLeader).toBe(false);
    solo.advance(1);
    expect(solo.isLeader).toBe(true);
  });
});
