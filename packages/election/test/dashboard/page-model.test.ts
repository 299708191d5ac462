/** What the page makes of what nodes tell it: who is gone, and what it keeps when it moves to another node. */
import { describe, expect, it } from "vitest";
import { beginHistory, type LeadershipHistory, recordLeadership } from "../../src/core/leadership-history.js";
import { type Model, NOTHING, update } from "../../src/web/model.js";
import { shownHosts } from "../../src/web/seen-hosts.js";
import type { ShownState, ShownTable } from "../../src/web/state.js";
import { hostRow } from "./shown-elector.js";

function table(by: string, epoch: number, ...ids: string[]): ShownTable {
  const rows = ids.map((id, index) => hostRow(id, { rank: index + 1, isLeader: id === by, medal: "gold" }));
  return { by, epoch, total: rows.length, connected: rows.length, rows };
}

function state(at: number, leader: string | undefined, more: Partial<ShownState> = {}): ShownState {
  return {
    at,
    cluster: "lab",
    mode: "available",
    node: { id: "c", address: "c:1", url: "http://c:1/", role: "follower", epoch: 1, warnings: [] },
    leader: leader === undefined ? undefined : { id: leader, address: `${leader}:1`, epoch: 1 },
    fallbacks: [{ id: "b", address: "b:1" }],
    lease: { of: "leader", leaseMs: 1_000, remainingMs: 900 },
    pages: [],
    ...more,
  };
}

function hosts(model: Model, at: number): string[] {
  if (model.state === undefined) return [];
  return shownHosts(model.hosts, model.state, model.history.terms, at).map(({ id, rank, status, duty }) =>
    [rank ?? "-", id, status, duty].filter((part) => part !== undefined).join(" "),
  );
}

const following = (...leaders: (string | undefined)[]): LeadershipHistory =>
  leaders.reduce<LeadershipHistory>((history, id, index) => {
    const leader = id === undefined ? undefined : { id, address: `${id}:1`, epoch: index + 1 };
    return recordLeadership(history, 1_000 * (index + 1), { type: "leader", leader });
  }, beginHistory(0));

describe("the rows of the page", () => {
  const calm = [
    { type: "state", state: state(0, "a") },
    { type: "history", shown: { history: following("a") } },
    { type: "table", table: table("a", 1, "a", "b", "c") },
  ] as const;
  const begun = calm.reduce((model, message) => update(model, message, 0), NOTHING);

  it("are the leader's, with each one's duty", () => {
    expect(hosts(begun, 0)).toEqual(["1 a connected leader", "2 b connected fallback 1", "3 c connected"]);
  });

  it("say that a leader which does not answer is silent", () => {
    const source = { by: "a", epoch: 1, ageMs: 2_000, problem: "it does not answer" };
    const model = update(begun, { type: "state", state: state(1, "a", { source }) }, 1);
    expect(hosts(model, 1)[0]).toBe("1 a silent leader");
  });

  it("turn red for a leader that died, before and after there is another", () => {
    const leaderless = update(begun, { type: "state", state: state(1, undefined) }, 1);
    expect(hosts(leaderless, 1)).toEqual(["2 b connected fallback 1", "3 c connected", "- a disconnected"]);
    const next = [
      { type: "history", shown: { history: following("a", undefined, "b") } },
      { type: "state", state: state(3_000, "b", { fallbacks: [] }) },
      { type: "table", table: table("b", 3, "b", "c") },
    ] as const;
    const after = next.reduce((model, message) => update(model, message, 3_000), leaderless);
    expect(hosts(after, 3_000)).toEqual(["1 b connected leader", "2 c connected", "- a disconnected"]);
  });

  it("give a host that did not report to the new leader yet half a lease", () => {
    const next = [
      { type: "state", state: state(1, "b", { fallbacks: [] }) },
      { type: "history", shown: { history: following("a", "b") } },
      { type: "table", table: table("b", 2, "b") },
    ] as const;
    const after = next.reduce((model, message) => update(model, message, 1), begun);
    expect(hosts(after, 1)).toEqual(["1 b connected leader", "- a silent", "- c silent"]);
    expect(hosts(after, 502)).toEqual(["1 b connected leader", "- a disconnected", "- c disconnected"]);
    const back = update(after, { type: "table", table: table("b", 2, "b", "c") }, 2_000);
    expect(hosts(back, 2_000)).toEqual(["1 b connected leader", "2 c connected", "- a disconnected"]);
    expect(hosts(update(back, { type: "table", table: table("b", 2, "b", "c") }, 700_000), 700_000).length).toBe(2);
  });

  it("are not those of an older table, which a node that was not watched may have", () => {
    const moved = [
      { type: "state", state: state(1, "b", { fallbacks: [] }) },
      { type: "history", shown: { history: following("a", undefined, "b") } },
      { type: "table", table: table("b", 3, "b", "c") },
      { type: "listen" },
      { type: "state", state: state(1, "b", { fallbacks: [] }) },
      { type: "table", table: table("a", 1, "a", "b", "c") },
    ] as const;
    const after = moved.reduce((model, message) => update(model, message, 1), begun);
    expect(hosts(after, 1)).toEqual(["1 b connected leader", "2 c connected", "- a disconnected"]);
    // Where that is all there is, its author is known to be dead.
    const fresh = moved.slice(4).reduce((model, message) => update(model, message, 1), NOTHING);
    const known = update(fresh, { type: "history", shown: { history: following("a", undefined, "b") } }, 1);
    expect(hosts(known, 1)).toEqual(["2 b connected leader", "3 c connected", "- a disconnected"]);
  });

  it("name a former leader that no table ever had", () => {
    const fresh = [
      { type: "state", state: state(5_000, "b", { fallbacks: [] }) },
      { type: "history", shown: { history: following("a", undefined, "b") } },
      { type: "table", table: table("b", 3, "b", "c") },
    ] as const;
    expect(
      hosts(
        fresh.reduce((model, message) => update(model, message, 5_000), NOTHING),
        5_000,
      ),
    ).toEqual(["1 b connected leader", "2 c connected", "- a disconnected"]);
  });
});

describe("a page that moves to another node", () => {
  it("keeps what it saw, by its own clock", () => {
    const first = [
      { type: "state", state: state(0, "a") },
      { type: "history", shown: { history: following("a") } },
    ] as const;
    const before = first.reduce((model, message) => update(model, message, 10_000), NOTHING);
    expect(before.history.terms).toMatchObject([{ id: "a", from: 11_000, until: undefined }]);
    // The other node's clock is an hour ahead, and it began to look just now.
    const hour = 3_600_000;
    const second = [
      { type: "listen" },
      { type: "state", state: state(20_000 + hour, "b") },
      {
        type: "history",
        shown: {
          history: recordLeadership(beginHistory(19_000 + hour), 19_500 + hour, {
            type: "leader",
            leader: { id: "b", address: "b:1", epoch: 2 },
          }),
        },
      },
    ] as const;
    const after = second.reduce((model, message) => update(model, message, 20_000), before);
    expect(after.history.terms).toMatchObject([
      { id: "a", from: 11_000, until: 11_000, why: "unheard" },
      { id: "b", from: 19_500, until: undefined },
    ]);
  });

  it("believes a former leader that tells why its lead ended", () => {
    const messages = [
      { type: "state", state: state(0, "b") },
      { type: "history", shown: { history: following("a", "b") } },
    ] as const;
    const seen = messages.reduce((model, message) => update(model, message, 10_000), NOTHING);
    expect(seen.history.terms).toMatchObject([{ id: "a", until: 12_000, why: "superseded" }, { id: "b" }]);
    const told = recordLeadership(following("a"), 1_700, {
      type: "stepDown",
      token: { id: "a", epoch: 1 },
      why: "handedOver",
    });
    const asked = update(
      seen,
      { type: "told", shown: { state: state(3_000, "b"), history: { history: told } } },
      13_000,
    );
    const exact = [{ id: "a", from: 11_000, until: 11_700, why: "handedOver" }, { id: "b" }];
    expect(asked.history.terms).toMatchObject(exact);
    const again = update(asked, { type: "history", shown: { history: following("a", "b") } }, 13_001);
    expect(again.history.terms).toMatchObject(exact);
  });
});
