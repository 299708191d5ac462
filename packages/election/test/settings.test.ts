/** Nodes that were told different things. */
import { describe, expect, it } from "vitest";
import { Cluster } from "./cluster.js";

describe("E5, E15: quorum members with different lists never take part in each other's votes", () => {
  const abc = ["a", "b", "c"].map((id) => ({ id, address: id }));
  const abd = ["a", "b", "d"].map((id) => ({ id, address: id }));

  it("b, which was told of d instead of c, gets no vote, gives none, and a and c go on without it", () => {
    const cluster = new Cluster(["a", "b", "c"], { mode: "quorum" }, { b: { members: abd } });
    cluster.advance(60_000);
    expect(cluster.leaders()).toEqual(["a"]);
    for (const type of ["preVoteReply", "vote", "ack", "redirect"] as const) {
      const others = cluster.messages(type).filter(({ from, to }) => (from === "b") !== (to === "b"));
      expect(others, type).toEqual([]);
    }
    expect(cluster.view("b")).toMatchObject({ epoch: 0, leader: undefined });
    expect(cluster.outputs("close", "a")[0]?.why).toMatch(/its mode, members, lease or promise factor differ/);
    expect(cluster.view("b").malformed).toBeGreaterThan(0);
  });

  it("two halves that were told of the other in different words elect nobody", () => {
    const cluster = new Cluster(["a", "b"], { mode: "quorum" }, { a: { members: abc }, b: { members: abd } });
    cluster.advance(60_000);
    expect(cluster.leaders()).toEqual([]);
    expect(cluster.outputs("elected")).toEqual([]);
  });

  it("the order in which members were listed makes no difference", () => {
    const cluster = new Cluster(["a", "b", "c"], { mode: "quorum" }, { b: { members: [...abc].reverse() } });
    expect(cluster.settle()).toBe("a");
  });
});
