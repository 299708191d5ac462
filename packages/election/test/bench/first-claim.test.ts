import { expect, test } from "vitest";
import { firstClaim } from "../../bench/failover/first-claim.js";
import type { NodeEvent } from "../../bench/processes/events.js";

const elected = (node: string, epoch: number, ms: number): NodeEvent => ({ node, event: "elected", epoch, ms });
const follows = (node: string, leader: string, epoch: number, ms: number): NodeEvent => ({
  node,
  event: "leader",
  leader,
  epoch,
  ms,
});

test("a failover ends when the last survivor has seen the claim that all have seen", () => {
  const events = [elected("b", 2, 10), follows("c", "b", 2, 15), follows("b", "b", 2, 11), follows("d", "b", 2, 40)];
  expect(firstClaim(events, ["b", "c", "d"])).toEqual({ leader: "b", epoch: 2, electedAt: 10, followedAt: 40 });
});

test("a claim that one survivor never saw does not count, nor one of another epoch of the same node", () => {
  const passedOver = [elected("b", 2, 10), follows("c", "b", 2, 15)];
  expect(firstClaim(passedOver, ["b", "c", "d"])).toBeUndefined();
  const later = [...passedOver, elected("b", 3, 20), follows("c", "b", 3, 25), follows("d", "b", 3, 30)];
  expect(firstClaim(later, ["b", "c", "d"])).toMatchObject({ epoch: 3, electedAt: 20, followedAt: 30 });
});
