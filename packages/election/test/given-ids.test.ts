/** Ids that leaders give, and two that lead under one id (docs/election.md, E7, E8, E40). */
import { describe, expect, it } from "vitest";
import { Cluster } from "./cluster.js";

/** 24 bytes: where ids are cut. */
const long = "web-frontend-eu-central-";

/** x and y lead, each on its side; p asks x, and q asks y. */
function parted(x: string, y: string, host?: string): Cluster {
  const cluster = new Cluster(["x", "y", "p", "q"], { mode: "available", id: host } as never, {
    x: { id: x, seeds: ["x", "y"] },
    y: { id: y, seeds: ["y", "x"] },
    p: { seeds: ["x", "q"], isLate: true },
    q: { seeds: ["y", "p"], isLate: true },
  });
  const side = (name: string): boolean => name === "x" || name === "p";
  cluster.isCut = (from, to) => side(from) !== side(to);
  cluster.advance(10_000);
  return cluster;
}

describe("two leaders", () => {
  it("E8: do not give the same id, even if theirs begin alike", () => {
    const cluster = parted(`${long}1`, `${long}2`);
    cluster.start("p");
    cluster.start("q");
    cluster.advance(10_000);
    const [p, q] = [cluster.view("p").id, cluster.view("q").id];
    expect(p.slice(0, 25)).toBe(`${long}.`);
    expect(p).not.toBe(q);
  });

  it("E7: of the same configured id heal: one leads, the other says why it does not", () => {
    const cluster = parted("same", "same");
    expect(cluster.leaders()).toEqual(["x", "y"]);
    cluster.isCut = () => false;
    cluster.advance(10_000);
    expect(cluster.leaders()).toHaveLength(1);
    cluster.advance(60_000);
    expect(cluster.leaders()).toHaveLength(1);
    const [winner = ""] = cluster.leaders();
    const loser = winner === "x" ? "y" : "x";
    expect(cluster.outputs("trouble", loser)).toMatchObject([{ kind: "idTaken", address: winner }]);
    expect(cluster.outputs("trouble", winner)).toEqual([]);
  });

  it("E7, E8: of the same given id heal: one of them gets another", () => {
    const stored = { epoch: 3, holder: "", id: "copied" };
    const cluster = new Cluster(["x", "y"], { mode: "available", id: undefined, stored } as never, {
      x: { seeds: ["x", "y"] },
      y: { seeds: ["y", "x"] },
    });
    cluster.isCut = () => true;
    cluster.advance(10_000);
    expect(cluster.leaders()).toEqual(["x", "y"]);
    cluster.isCut = () => false;
    cluster.advance(20_000);
    const [winner = "", ...more] = cluster.leaders();
    expect(more).toEqual([]);
    const loser = winner === "x" ? "y" : "x";
    expect(cluster.view(winner).id).toBe("copied");
    expect(cluster.view(loser).id).toBe(`copied.${cluster.view(winner).incarnation}.1`);
    expect(cluster.view(loser)).toMatchObject({ role: "follower", leader: { id: "copied", address: winner } });
  });
});
