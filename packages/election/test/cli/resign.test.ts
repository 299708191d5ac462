import { expect, it } from "vitest";
import { checkTarget } from "../../src/cli/resign.js";
import type { ClusterView, HostRow } from "../../src/core/index.js";

const hosts = ["a", "b", "h"].map((id) => ({ id, status: "connected" }) as HostRow);
const leader = { id: "a", mode: "quorum", hosts, fallbacks: [{ id: "b", address: "h:2" }] } as unknown as ClusterView;
const three = ["b", "c", "d"].map((id) => ({ id, address: `${id}:1` }));

it.each<readonly [title: string, to: string, view: Partial<ClusterView>, message: RegExp]>([
  ["the leader itself", "a", {}, /^--to a: it leads already$/],
  ["nobody", "x", {}, /^--to x: a knows no such host; connected are b, h$/],
  ["E39: a host without a vote", "h", {}, /^--to h: it has no vote, and in mode quorum only members lead: b$/],
])("%s cannot take over", (_title, to, view, message) => {
  expect(() => checkTarget(to, { ...leader, ...view })).toThrow(
    expect.objectContaining({ code: "USAGE", message: expect.stringMatching(message) }),
  );
});

it("others may", () => {
  checkTarget("b", leader);
  checkTarget("h", { ...leader, mode: "available" });
  checkTarget("h", { ...leader, fallbacks: three }); // a fourth member, perhaps
});
