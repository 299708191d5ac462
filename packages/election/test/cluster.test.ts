/** Several nodes together: reports, ranking, failover, hand-over, healing. */
import { describe, expect, it } from "vitest";
import { Cluster, loadOf } from "./cluster.js";

const abc = ["a", "b", "c"];
const available = { mode: "available", seeds: ["a"] } as const;
const quorum = { mode: "quorum" } as const;

describe("start-up", () => {
  it("E31: available: the first of the seeds leads after 3 R, and the others follow it", () => {
    const cluster = new Cluster(abc, available);
    cluster.advance(4_499);
    expect(cluster.leaders()).toEqual([]);
    cluster.advance(1);
    expect(cluster.leaders()).toEqual(["a"]);
    expect(cluster.settle()).toBe("a");
    expect(cluster.outputs("elected")).toHaveLength(1);
  });

  it("E31: available: without the first of the seeds another elects itself within 3 R and 3 S", () => {
    const cluster = new Cluster(["b", "c"], { ...available, seeds: abc });
    cluster.advance(4_500 + 4_500);
    expect(cluster.leaders()).toHaveLength(1);
    cluster.settle();
    expect(cluster.outputs("elected")).toHaveLength(1);
  });

  it("E31, E29: quorum: the first by id stands after 3 R, and one is elected", () => {
    const cluster = new Cluster(abc, quorum);
    expect(cluster.settle()).toBe("a");
    expect(cluster.events.find(({ output }) => output.type === "elected")?.at).toBe(4_500);
    expect(cluster.view("b")).toMatchObject({
      role: "follower",
      epoch: 1,
      leader: { id: "a", address: "a", epoch: 1 },
    });
  });

  it("E21: a majority is needed, and enough", () => {
    const cluster = new Cluster(abc, quorum, { b: { isLate: true }, c: { isLate: true } });
    cluster.advance(60_000);
    expect(cluster.leaders()).toEqual([]);
    cluster.start("b");
    cluster.settle();
  });

  it("E8: a node without an id is given one by the leader, and keeps it across a restart", () => {
    const cluster = new Cluster(abc, available, { b: { id: undefined }, c: { id: undefined } } as never);
    cluster.settle();
    const { incarnation } = cluster.view("a");
    expect([cluster.view("b").id, cluster.view("c").id].sort()).toEqual([`a.${incarnation}.1`, `a.${incarnation}.2`]);
    const { id } = cluster.view("c");
    cluster.crash("c");
    cluster.advance(6_000);
    cluster.start("c");
    cluster.settle();
    expect(cluster.view("c").id).toBe(id);
  });

  it("E8: who must lead without having been given an id makes one of its incarnation", () => {
    const cluster = new Cluster(["a"], available, { a: { id: undefined } } as never);
    cluster.advance(10_000);
    expect(cluster.view("a")).toMatchObject({ role: "leader" });
    expect(cluster.view("a").id).toMatch(/^h-[0-9a-f]{16}$/);
  });
});

describe("reports and the table", () => {
  it("E24: a host reports every R and is acknowledged at once", () => {
    const cluster = new Cluster(abc, quorum);
    cluster.settle();
    cluster.advance(10_000);
    const reports = cluster.messages("report", "b").slice(-5);
    for (const [index, { at }] of reports.entries()) {
      if (index > 0) expect(at - (reports[index - 1]?.at ?? 0)).toBe(1_500);
      expect(cluster.messages("ack", "a").some((ack) => ack.at === at && ack.to === "b")).toBe(true);
    }
  });

  it("E44: in calm there is one report and one acknowledgement per host and R, and nothing else", () => {
    const cluster = new Cluster(["a", "b", "c", "d", "e"], quorum);
    cluster.settle();
    cluster.advance(10_000);
    const before = cluster.sent.length;
    cluster.advance(15_000);
    expect(cluster.sent.length - before).toBe(2 * 4 * 10);
    expect(new Set(cluster.sent.slice(before).map(({ message }) => message.body.type))).toEqual(
      new Set(["report", "ack"]),
    );
  });

  it("E24, E26, E27: who is silent for 2 R has no rank and is no fallback; after L it is disconnected", () => {
    const cluster = new Cluster(abc, quorum);
    cluster.settle();
    cluster.advance(6_000);
    expect(cluster.view("a").fallbacks.map(({ id }) => id)).toEqual(["b", "c"]);
    cluster.crash("b");
    cluster.advance(3_100);
    const rowOf = (id: string) => cluster.view("a").hosts.find((row) => row.id === id);
    expect(cluster.view("a").fallbacks.map(({ id }) => id)).toEqual(["c"]);
    expect(rowOf("b")).toMatchObject({ rank: undefined, medal: undefined, status: "connected" });
    cluster.advance(3_000);
    expect(rowOf("b")).toMatchObject({ rank: undefined, status: "disconnected" });
    expect(rowOf("a")).toMatchObject({ rank: 1, medal: "gold", status: "connected", isLeader: true });
    expect(rowOf("c")).toMatchObject({ rank: 2, medal: "silver" });
  });

  it("E27: a table is one object that nobody changes afterwards", () => {
    const cluster = new Cluster(abc, quorum);
    cluster.settle();
    cluster.advance(6_000);
    const [first] = cluster.outputs("hosts", "a");
    const copy = JSON.stringify(first);
    cluster.feed("b", { type: "load", load: loadOf(90) });
    cluster.advance(12_000);
    expect(JSON.stringify(first)).toBe(copy);
    expect(cluster.outputs("hosts", "a").length).toBeGreaterThan(3);
  });

  it("E7: another incarnation under the id of a live host is not counted", () => {
    const cluster = new Cluster(["a", "b", "x"], available, { x: { id: "b", isLate: true } });
    cluster.settle();
    cluster.start("x");
    cluster.advance(30_000);
    expect(cluster.view("x").role).not.toBe("follower");
    expect(cluster.view("b").role).toBe("follower");
    expect(cluster.outputs("trouble", "x")).toMatchObject([
      {
        kind: "idTaken",
        address: "a",
        text: "the leader a at a takes no report from this node: another has its id, b",
      },
    ]);
    expect(cluster.outputs("trouble", "a")).toMatchObject([
      { kind: "idContested", address: "x", text: "reports of b from x are not counted: b reports under that id" },
    ]);
    const rows = cluster.view("a").hosts.filter(({ id }) => id === "b");
    expect(rows).toMatchObject([{ address: "b" }]);
    cluster.crash("b");
    cluster.advance(6_000);
    expect(cluster.view("x").role, "once it is gone, the id is free").toBe("follower");
  });

  it("E7: a host that is back before its former run is forgotten is no trouble", () => {
    const cluster = new Cluster(abc, available);
    cluster.settle();
    cluster.advance(6_000);
    cluster.crash("b");
    cluster.advance(100);
    cluster.start("b");
    expect(cluster.settle()).toBe("a");
    expect(cluster.outputs("trouble")).toEqual([]);
    expect(cluster.messages("redirect", "a").some(({ to, body }) => to === "b" && body.leaderId === "")).toBe(true);
  });

  it("E24: a leader keeps no more hosts than it is told to", () => {
    const cluster = new Cluster(abc, { ...available, maxHosts: 1 });
    cluster.advance(60_000);
    expect(cluster.view("a").hosts).toHaveLength(2);
    expect(cluster.outputs("elected"), "who is refused does not lead instead").toHaveLength(1);
    expect(cluster.outputs("trouble")).toMatchObject([
      { kind: "tableFull", address: "a", text: expect.stringContaining("keeps no more hosts") },
    ]);
  });
});

describe("failover", () => {
  it.each(["quorum", "available"] as const)(
    "E28, E29, E30, E57: %s: the first fallback leads within F L and S",
    (mode) => {
      const cluster = new Cluster(abc, { mode, seeds: mode === "available" ? ["a"] : [] });
      expect(cluster.settle()).toBe("a");
      cluster.advance(10_000);
      const killed = cluster.now;
      cluster.crash("a");
      expect(cluster.settle()).toBe("b");
      const elected = cluster.events.find(({ at, output }) => at > killed && output.type === "elected");
      // Another member's promise may have begun up to R later: pre-votes are refused until then.
      expect((elected?.at ?? 0) - killed).toBeGreaterThan(6_600 - 1_500 - 1);
      expect((elected?.at ?? 0) - killed).toBeLessThan(6_600 + 1_500 + 500);
      expect(cluster.outputs("elected").map(({ token }) => token.epoch)).toEqual([1, 2]);
    },
  );

  it.each(["quorum", "available"] as const)(
    "E29: %s: leader and first fallback die together, the next one leads",
    (mode) => {
      const cluster = new Cluster(["a", "b", "c", "d", "e"], { mode, seeds: mode === "available" ? ["a"] : [] });
      cluster.settle();
      cluster.advance(10_000);
      cluster.crash("a");
      cluster.crash("b");
      expect(cluster.settle()).toBe("c");
    },
  );

  it("E10, E26: death before the first pulse: the first that reported is a fallback already", () => {
    const cluster = new Cluster(abc, available);
    cluster.advance(4_600 + 1_500);
    expect(cluster.leaders()).toEqual(["a"]);
    expect(cluster.outputs("hosts")).toEqual([]);
    expect(cluster.view("b").fallbacks.map(({ id }) => id)).toContain("b");
    cluster.crash("a");
    cluster.settle();
  });

  it("E9, E28: a leader that takes everything and answers nothing is left", () => {
    const cluster = new Cluster(abc, quorum);
    cluster.settle();
    cluster.advance(6_000);
    cluster.isCut = (from) => from === "a";
    cluster.advance(15_000);
    expect(cluster.leaders()).toEqual(["b"]);
    expect(cluster.outputs("stepDown", "a")).toMatchObject([{ why: "lease" }]);
  });

  it("E32: available: four refused connections, R apart, count as an expired promise", () => {
    const cluster = new Cluster(abc, available);
    cluster.settle();
    cluster.advance(6_000);
    cluster.crash("a");
    for (let times = 1; times <= 3; times++) cluster.feed("b", { type: "peerRefused", address: "a" });
    expect(cluster.view("b").role).toBe("follower");
    cluster.feed("b", { type: "peerRefused", address: "a" });
    expect(cluster.leaders()).toEqual(["b"]);
  });

  it("E28: nobody gives up: an hour without anybody, and then there is a leader", () => {
    const cluster = new Cluster(abc, quorum, { b: { isLate: true }, c: { isLate: true } });
    cluster.advance(3_600_000);
    cluster.start("c");
    cluster.settle();
  });

  it("E33: who comes late is told, and reports there at once", () => {
    const cluster = new Cluster(abc, quorum, { c: { isLate: true } });
    expect(cluster.settle()).toBe("a");
    cluster.advance(6_000);
    cluster.start("c");
    expect(cluster.view("c")).toMatchObject({ role: "follower", leader: { id: "a" } });
  });

  it("E34: a connection on which nothing comes back is made anew after 2 R", () => {
    const cluster = new Cluster(abc, quorum);
    cluster.settle();
    cluster.advance(6_000);
    cluster.isCut = (from) => from === "a";
    cluster.advance(3_000);
    expect(cluster.outputs("renew", "b")).toEqual([]);
    cluster.advance(3_000);
    expect(cluster.outputs("renew", "b")).toContainEqual({ type: "renew", address: "a" });
  });

  it("E22, E54: a member that alone has a high epoch is led again", () => {
    const cluster = new Cluster(abc, quorum, { c: { stored: { epoch: 50, holder: "c", id: "c" } } });
    cluster.settle();
    expect(cluster.view("c").epoch).toBeGreaterThan(50);
  });
});

describe("hand-over", () => {
  /** b is much better than a and c; a has led for `ms`. */
  function busyLeader(mode: "quorum" | "available", ms: number, tenureMs = 60_000): Cluster {
    const cluster = new Cluster(abc, { mode, seeds: mode === "available" ? ["a"] : [], tenureMs });
    cluster.settle();
    for (let left = ms; left > 0; left -= 1_000) {
      for (const name of abc) cluster.feed(name, { type: "load", load: loadOf(name === "b" ? 5 : 80) });
      cluster.advance(1_000);
    }
    return cluster;
  }

  it.each(["quorum", "available"] as const)(
    "E35, E36: %s: the leader stops first, then the best host takes over",
    (mode) => {
      const cluster = busyLeader(mode, 75_000);
      expect(cluster.settle()).toBe("b");
      expect(cluster.outputs("stepDown", "a")).toEqual([
        { type: "stepDown", token: { epoch: 1, id: "a" }, why: "handedOver" },
      ]);
      const stopped = cluster.events.findIndex(({ output }) => output.type === "stepDown");
      const kinds = cluster.sent.map(({ message }) => message.body.type);
      expect(kinds.indexOf("prepare")).toBeLessThan(kinds.indexOf("ready"));
      expect(kinds.indexOf("ready")).toBeLessThan(kinds.indexOf("offer"));
      const offered = cluster.events.findIndex(
        ({ output }) => output.type === "send" && output.payload[1] === 12 /* Offer */,
      );
      expect(stopped).toBeLessThan(offered);
      expect(cluster.outputs("elected").map(({ token }) => token)).toEqual([
        { epoch: 1, id: "a" },
        { epoch: 2, id: "b" },
      ]);
      expect(cluster.view("c"), "the other hosts are told").toMatchObject({ role: "follower", leader: { id: "b" } });
    },
  );

  it("E35, E55: not before the tenure, and once in it", () => {
    const early = busyLeader("quorum", 50_000);
    expect(early.leaders()).toEqual(["a"]);
    const long = busyLeader("quorum", 110_000);
    expect(long.outputs("elected")).toHaveLength(2);
  });

  it("E35, E55: noise below the margin moves nobody in ten minutes", () => {
    const cluster = new Cluster(abc, { ...quorum, tenureMs: 0 });
    cluster.settle();
    for (let second = 0; second < 600; second++) {
      for (const [index, name] of abc.entries()) {
        cluster.feed(name, { type: "load", load: loadOf(50 + (((second * 7 + index * 3) % 5) - 2)) });
      }
      cluster.advance(1_000);
    }
    expect(cluster.outputs("elected")).toHaveLength(1);
  });

  it("E35: a host that does not answer the Prepare is not offered anything", () => {
    const cluster = busyLeader("quorum", 50_000);
    const isPrepare = (): boolean => cluster.sent.at(-1)?.message.body.type === "prepare";
    cluster.isCut = (from, to) => from === "a" && to === "b" && isPrepare();
    for (let left = 15; left > 0; left--) {
      for (const name of abc) cluster.feed(name, { type: "load", load: loadOf(name === "b" ? 5 : 80) });
      cluster.advance(1_000);
    }
    expect(cluster.messages("prepare").length).toBeGreaterThan(0);
    expect(cluster.messages("offer")).toEqual([]);
    expect(cluster.leaders()).toEqual(["a"]);
  });

  it.each(["quorum", "available"] as const)(
    "E38, E52: %s: the winner dies, and the old leader stands at a new epoch",
    (mode) => {
      const cluster = new Cluster(abc, { mode, seeds: mode === "available" ? ["a"] : [] });
      cluster.settle();
      cluster.advance(6_000);
      cluster.isCut = (_from, to) => to === "b" && cluster.sent.at(-1)?.message.body.type === "offer";
      cluster.feed("a", { type: "resign", to: "b" });
      cluster.crash("b");
      cluster.isCut = () => false;
      expect(cluster.leaders()).toEqual([]);
      expect(cluster.view("a").role).toBe("released");
      const from = cluster.now;
      expect(cluster.settle()).toBe("a");
      expect(cluster.now - from).toBeLessThan(3_000 + 2_000);
      const tokens = cluster.outputs("elected").map(({ token }) => token);
      // The next epoch was offered away.
      expect(tokens.at(-1)?.epoch).toBeGreaterThanOrEqual(mode === "available" ? 3 : 2);
    },
  );

  it("E37: an Offer that was not prepared, or is of another epoch or leader, is dropped", () => {
    const cluster = new Cluster(abc, quorum);
    cluster.settle();
    cluster.advance(6_000);
    cluster.feed("a", { type: "resign", to: "b" });
    const offer = cluster.outputs("send", "a").find(({ payload }) => payload[1] === 12);
    if (offer === undefined) throw new Error("no Offer was sent");
    expect(cluster.leaders()).toEqual(["b"]);
    const elections = cluster.outputs("elected").length;
    for (const to of ["b", "c"]) {
      cluster.feed(to, { type: "message", link: 0, payload: offer.payload });
    }
    cluster.advance(1_000);
    expect(cluster.outputs("elected")).toHaveLength(elections);
  });

  it.each([
    ["the host named", "c", "c"],
    ["else the first fallback", undefined, "b"],
  ])("E39: resign hands over to %s", (_name, to, leader) => {
    const cluster = new Cluster(abc, quorum);
    cluster.settle();
    cluster.advance(6_000);
    cluster.feed("a", { type: "resign", ...(to === undefined ? {} : { to }) });
    expect(cluster.leaders()).toEqual([leader]);
  });

  it("E39: with nobody to take over it stops all the same, and stands again by E38", () => {
    const cluster = new Cluster(["a"], quorum);
    cluster.settle();
    cluster.feed("a", { type: "resign" });
    expect(cluster.leaders()).toEqual([]);
    cluster.advance(3_000);
    expect(cluster.leaders()).toEqual(["a"]);
    expect(cluster.outputs("elected").map(({ token }) => token.epoch)).toEqual([1, 2]);
  });

  it("E36: the old leader tells its hosts at once, also those that the new one does not know", () => {
    const cluster = new Cluster(["a", "b", "c", "d", "e", "f"], available);
    cluster.settle();
    cluster.advance(6_000);
    expect(cluster.view("b").fallbacks.map(({ id }) => id)).toEqual(["b", "c", "d"]);
    cluster.feed("a", { type: "resign" });
    expect(cluster.names.map((name) => cluster.view(name).leader?.id)).toEqual(["b", "b", "b", "b", "b", "b"]);
  });

  it("E16, E36: who was promised to the old leader may vote at once, by the release", () => {
    const cluster = new Cluster(abc, quorum);
    cluster.settle();
    cluster.advance(6_000);
    const from = cluster.now;
    cluster.feed("a", { type: "resign" });
    expect(cluster.leaders()).toEqual(["b"]);
    expect(cluster.now).toBe(from);
    expect(cluster.messages("voteReq", "b").at(-1)?.body.release).toEqual({ holder: "a", epoch: 1 });
  });
});

describe("healing in available mode", () => {
  function split(): Cluster {
    const cluster = new Cluster(["a", "b", "c", "d"], { ...available, seeds: ["a"] });
    cluster.settle();
    cluster.advance(6_000);
    const side = (name: string): boolean => name === "a" || name === "c";
    cluster.isCut = (from, to) => side(from) !== side(to);
    cluster.advance(30_000);
    return cluster;
  }

  it("E40, E48, E56: both sides lead, each with its own token, and heal to the higher within the probe and R", () => {
    const cluster = split();
    expect(cluster.leaders()).toEqual(["a", "b"]);
    cluster.isCut = () => false;
    const from = cluster.now;
    expect(cluster.settle(), "the higher epoch").toBe("b");
    expect(cluster.now - from).toBeLessThanOrEqual(6_000 + 1_500 + 100);
    expect(cluster.outputs("stepDown", "a")).toMatchObject([{ why: "superseded" }]);
    expect(cluster.messages("redirect", "a").some(({ to, body }) => to === "c" && body.leaderId === "b")).toBe(true);
    const tokens = cluster.outputs("elected").map(({ token }) => JSON.stringify(token));
    expect(new Set(tokens).size).toBe(tokens.length);
  });

  it("E40: two leaders of which neither knows the other's address heal by a host that asked both", () => {
    const cluster = new Cluster(["a", "b", "x"], available, {
      a: { seeds: [] },
      b: { seeds: [] },
      x: { seeds: ["a", "b"], isLate: true },
    });
    cluster.advance(10_000);
    expect(cluster.leaders()).toEqual(["a", "b"]);
    cluster.start("x");
    cluster.advance(6_000 + 1_500 + 100);
    expect(cluster.leaders()).toHaveLength(1);
  });

  it("E41: a leader that has had hosts and hears none for L is alone, and begins again", () => {
    const cluster = new Cluster(abc, available);
    cluster.settle();
    cluster.advance(6_000);
    cluster.isCut = (from, to) => from === "a" || to === "a";
    cluster.advance(6_100);
    expect(cluster.machine("a").isLeader(cluster.clocks("a"))).toBe(false);
    expect(cluster.outputs("stepDown", "a")).toMatchObject([{ why: "lease" }]);
    cluster.advance(10_000);
    expect(cluster.machine("a").isLeader(cluster.clocks("a"))).toBe(true);
  });

  it("E42: a restart does not use a token again", () => {
    const cluster = new Cluster(["a"], available);
    cluster.settle();
    cluster.crash("a");
    cluster.start("a");
    cluster.settle();
    expect(cluster.outputs("elected").map(({ token }) => token.epoch)).toEqual([1, 2]);
  });

  it("E42, E17: nobody leads before its epoch is stored", () => {
    const cluster = new Cluster(["a"], available);
    cluster.holdStores("a");
    cluster.advance(30_000);
    expect(cluster.leaders()).toEqual([]);
    expect(cluster.messages("announce")).toEqual([]);
    cluster.letStore("a");
    expect(cluster.leaders()).toEqual(["a"]);
  });
});

it("E5, E58: garbage changes nothing but a counter, and costs its connection", () => {
  const cluster = new Cluster(abc, quorum);
  cluster.settle();
  const before = JSON.stringify({ ...cluster.view("a"), malformed: 0 });
  for (const payload of [new Uint8Array(0), Uint8Array.of(1), new Uint8Array(5_000), Uint8Array.of(1, 3, 0, 0, 0)]) {
    expect(cluster.machine("a").handle(cluster.clocks("a"), { type: "message", link: 9, payload })).toEqual([
      { type: "close", link: 9, why: expect.any(String) },
    ]);
  }
  expect(JSON.stringify({ ...cluster.view("a"), malformed: 0 })).toBe(before);
  expect(cluster.view("a").malformed).toBe(4);
});

it("E45, E60: after stop a node says nothing and wants nothing", () => {
  const cluster = new Cluster(abc, quorum);
  cluster.settle();
  for (const name of abc) cluster.feed(name, { type: "stop" });
  const { length } = cluster.events;
  expect(abc.map((name) => cluster.machine(name).nextDeadline())).toEqual([undefined, undefined, undefined]);
  cluster.advance(60_000);
  expect(cluster.events).toHaveLength(length);
  expect(cluster.leaders()).toEqual([]);
});
