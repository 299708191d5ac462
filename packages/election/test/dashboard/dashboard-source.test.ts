/** A node that does not lead shows the table of the one that does: how often it asks, and what it says when that fails. */
import { performance } from "node:perf_hooks";
import { describe, expect, it, vi } from "vitest";
import type { ClusterView } from "../../src/core/index.js";
import { DashboardSource, type SourceOptions } from "../../src/node/dashboard-source.js";
import { QueryError } from "../../src/node/errors.js";
import type { queryNode } from "../../src/node/query.js";
import type { Shown } from "../../src/web/state.js";
import { clusterView, FakeElector, hostRow } from "./shown-elector.js";

class Leader {
  asked: string[] = [];
  answer: () => ClusterView = () => clusterView();
  readonly query: typeof queryNode = async (address) => {
    this.asked.push(address);
    return this.answer();
  };
}

const viewOf = (rows: number): ClusterView =>
  clusterView({ hosts: Array.from({ length: rows }, (_, index) => hostRow(`h${index}`, { rank: index + 1 })) });

class Followed implements Disposable {
  readonly leader = new Leader();
  readonly elector = new FakeElector({
    id: "b",
    role: "follower",
    address: "127.0.0.1:198",
    hosts: [],
    leaseRemainingMs: 900,
  });
  readonly news: Partial<Shown>[] = [];
  readonly source: DashboardSource;

  /** @param rows of the leader's table. Default 2 */
  constructor(options: Partial<SourceOptions> = {}, rows?: number) {
    if (rows !== undefined) this.leader.answer = () => viewOf(rows);
    this.source = new DashboardSource({
      elector: this.elector,
      how: {},
      url: "http://127.0.0.1:9000/",
      maxRows: 100,
      updateMs: 1_000,
      learnMs: 60_000,
      queryTimeoutMs: 1_000,
      query: this.leader.query,
      device: async () => Promise.reject(new Error("unknown")),
      onNews: (news) => this.news.push(news),
      ...options,
    });
  }

  /** Asks anew, after what was asked at the beginning. */
  async poll(): Promise<void> {
    await this.source.poll();
    await this.source.poll();
  }

  [Symbol.dispose](): void {
    this.source.close();
  }
}

describe("the leader of a node that follows", () => {
  it("is asked once a second while a page watches, and hardly otherwise", async () => {
    vi.useFakeTimers();
    try {
      using followed = new Followed();
      await vi.advanceTimersByTimeAsync(59_000);
      expect(followed.leader.asked).toEqual(["127.0.0.1:197"]); // at the beginning, for the others' dashboards
      await vi.advanceTimersByTimeAsync(2_000);
      expect(followed.leader.asked.length).toBe(2);
      expect(followed.news).toEqual([]);
      followed.source.watch(true);
      await vi.advanceTimersByTimeAsync(5_000);
      expect(followed.leader.asked.length).toBe(8);
      followed.source.watch(false);
      await vi.advanceTimersByTimeAsync(5_000);
      expect(followed.leader.asked.length).toBe(8);
    } finally {
      vi.useRealTimers();
    }
  });

  it.each([
    [1, 2_000],
    [100, 2_000],
    [250, 5_000],
    [10_000, 200_000],
  ])("E69 that has %i rows is asked once every %i ms while no page watches", async (rows, everyMs) => {
    vi.useFakeTimers();
    try {
      using followed = new Followed({ learnMs: 2_000 }, rows);
      await vi.advanceTimersByTimeAsync(0);
      for (let asked = 1; asked <= 3; asked++) {
        await vi.advanceTimersByTimeAsync(everyMs - 1);
        expect(followed.leader.asked.length).toBe(asked);
        await vi.advanceTimersByTimeAsync(1);
        expect(followed.leader.asked.length).toBe(asked + 1);
      }
      // What it answered last counts, whoever asked.
      followed.leader.answer = () => viewOf(1);
      await followed.source.poll();
      await vi.advanceTimersByTimeAsync(2_000);
      expect(followed.leader.asked.length).toBe(6);
      // A question that is on its way when the dashboard closes is the last.
      void followed.source.poll();
      followed.source.close();
      await vi.advanceTimersByTimeAsync(0);
      expect(followed.leader.asked.length).toBe(7);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it("E68 is asked for pages that are not known once every updateMs, whatever they ask, and not after the end", async () => {
    vi.useFakeTimers();
    try {
      using followed = new Followed();
      await vi.advanceTimersByTimeAsync(0);
      let answered = 0;
      for (let ms = 0; ms < 3_000; ms += 10) {
        void followed.source.learn().then(() => answered++);
        await vi.advanceTimersByTimeAsync(10);
      }
      expect(followed.leader.asked.length).toBe(1 + 3);
      const last = followed.source.learn();
      followed.source.close();
      await last;
      expect(answered).toBe(300);
      expect(followed.leader.asked.length).toBe(1 + 3);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it("E69 is asked seldom, and not without a pause, where the time between two questions is more than a timer takes", async () => {
    vi.useFakeTimers();
    try {
      using followed = new Followed({ updateMs: 2 ** 31 - 1, learnMs: 2 ** 31 - 1 }, 300);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(followed.leader.asked.length).toBe(1);
      await vi.advanceTimersByTimeAsync(2 ** 31 - 2 - 1_000);
      expect(followed.leader.asked.length).toBe(1);
      await vi.advanceTimersByTimeAsync(1);
      expect(followed.leader.asked.length).toBe(2);
    } finally {
      vi.useRealTimers();
    }
  });

  it.each([
    [100, 0.5, 1_500],
    [10_000, 0, 1_500],
    [10_000, 0.5, 1_500 + 99_000],
  ])(
    "E69 that is new is asked for a table like the former, of %i rows, at %f of the time: after %i ms",
    async (rows, part, afterMs) => {
      vi.useFakeTimers();
      const chance = vi.spyOn(Math, "random").mockReturnValue(part);
      try {
        using followed = new Followed({ learnMs: 2_000 }, rows);
        await vi.advanceTimersByTimeAsync(0);
        followed.elector.change({ leader: { id: "c", address: "c:1", epoch: 2 } });
        await vi.advanceTimersByTimeAsync(afterMs - 1);
        expect(followed.leader.asked).toEqual(["127.0.0.1:197"]);
        await vi.advanceTimersByTimeAsync(1);
        expect(followed.leader.asked).toEqual(["127.0.0.1:197", "c:1"]);
      } finally {
        chance.mockRestore();
        vi.useRealTimers();
      }
    },
  );

  it("gives the table, the fallbacks and its own lease", async () => {
    using followed = new Followed();
    followed.leader.answer = () => clusterView({ fallbacks: [{ id: "c", address: "c:1" }], leaseRemainingMs: 1_400 });
    await followed.poll();
    const { state, table } = followed.source.shown;
    expect(table?.rows.map(({ id }) => id)).toEqual(["a", "b"]);
    expect(state).toMatchObject({
      source: { by: "a", problem: undefined },
      fallbacks: [{ id: "c" }],
      lease: { of: "leader" },
    });
  });

  it("is known for the dashboards that its hosts have, whose pages may come", async () => {
    using followed = new Followed();
    followed.leader.answer = () => clusterView({ hosts: [hostRow("c", { ui: "http://127.0.0.1:9001/" })] });
    await followed.poll();
    expect(followed.source.shown.state.pages).toEqual([
      { id: "b", url: "http://127.0.0.1:9000/" },
      { id: "c", url: "http://127.0.0.1:9001/" },
    ]);
    expect([...followed.source.origins]).toEqual(["http://127.0.0.1:9000", "http://127.0.0.1:9001"]);
  });

  it.each([
    [new QueryError("REFUSED", "x"), "nobody listens there"],
    [new QueryError("TIMEOUT", "x"), "it does not answer"],
    [new Error("something else"), "something else"],
  ])(
    "that does not answer (%s): its table stays, with the reason, and the lease is this node's promise",
    async (error, why) => {
      using followed = new Followed();
      await followed.poll();
      followed.leader.answer = () => {
        throw error;
      };
      await followed.poll();
      const { state, table } = followed.source.shown;
      expect(table?.by).toBe("a");
      expect(state.source).toMatchObject({ by: "a", problem: why });
      expect(state.lease).toMatchObject({ of: "node", remainingMs: 900 });
    },
  );

  it("that leads no more, or is followed no more, is said to", async () => {
    using followed = new Followed();
    await followed.poll();
    followed.leader.answer = () => clusterView({ role: "released" });
    await followed.poll();
    expect(followed.source.shown.state.source?.problem).toBe("it leads no more");
    followed.elector.change({ leader: undefined });
    expect(followed.source.shown.state.source?.problem).toBe("nobody leads");
    followed.elector.change({ leader: { id: "c", address: "c:1", epoch: 2 } });
    expect(followed.source.shown.state.source).toMatchObject({ by: "a", epoch: 1, problem: undefined }); // it was not asked yet
  });

  it("E69 that does not answer is said to be silent at once, since its last word, and only while it is followed", async () => {
    let now = 1_000;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => now);
    try {
      using followed = new Followed();
      await followed.poll();
      expect(followed.source.shown.state.silence).toBeUndefined();
      followed.leader.answer = () => {
        throw new QueryError("REFUSED", "x");
      };
      now += 700;
      followed.elector.change({ leaseRemainingMs: 1_100 }); // of 1,500: it renewed the promise 400 ms ago
      await followed.poll();
      expect(followed.source.shown.state.silence).toEqual({ forMs: 400, why: "nobody listens there" });
      now += 100;
      followed.elector.change({ leaseRemainingMs: 0 });
      expect(followed.source.shown.state.silence?.forMs).toBe(800);
      // Another is followed: what was so with the former is over, and the table is the former's until the new one comes.
      followed.elector.change({ leader: { id: "c", address: "c:1", epoch: 2 }, leaseRemainingMs: 1_500 });
      const { state, table } = followed.source.shown;
      expect([state.silence, state.source, table?.by]).toEqual([
        undefined,
        { by: "a", epoch: 1, ageMs: 800, problem: undefined },
        "a",
      ]);
      followed.leader.answer = () => clusterView({ id: "c", epoch: 2 });
      await followed.poll();
      expect(followed.source.shown.state.source).toEqual({ by: "c", epoch: 2, ageMs: 0, problem: undefined });
    } finally {
      clock.mockRestore();
    }
  });

  it.each([
    ["leaderless", 0, "unheard"],
    ["leaderless", 400, "unheard"], // another, whose promise ended earlier, stood first
    ["leaderless", 1_600, "superseded"],
    ["candidate", 1_650, "unheard"], // the promise is to itself
  ] as const)(
    "is followed no more by a %s with a promise of %i ms of 1,650 left: %s",
    (role, leaseRemainingMs, why) => {
      using followed = new Followed();
      followed.elector.change({ role, leader: undefined, leaseRemainingMs });
      expect(followed.source.shown.history.history.terms).toMatchObject([{ id: "a", why }]);
    },
  );

  it.each([
    ["candidate", { id: "a", epoch: 1 }, "handedOver"],
    ["leader", { id: "a", epoch: 1 }, "handedOver"],
    ["candidate", { id: "a", epoch: 0 }, "unheard"],
    ["candidate", { id: "c", epoch: 1 }, "unheard"],
  ] as const)("is followed no more by a %s that was offered the lead of %o: %s", (role, offeredBy, why) => {
    using followed = new Followed();
    followed.elector.change({ role, leader: undefined, offeredBy });
    expect(followed.source.shown.history.history.terms).toMatchObject([{ id: "a", why }]);
  });
});
