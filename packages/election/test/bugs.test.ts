/** What the original got wrong, B1 to B27 of docs/election.md, at the machines; B4 and B19 stand with the codec and the scores. */
import { describe, expect, it } from "vitest";
import { compareToken, PayloadStream, RemoteProtocolError } from "../src/core/index.js";
import { Cluster, loadOf, type NodeOptions } from "./cluster.js";

const abc = ["a", "b", "c"];

describe.each<[string, NodeOptions]>([
  ["quorum", { mode: "quorum", tenureMs: 0 }],
  ["available", { mode: "available", seeds: ["a"], tenureMs: 0 }],
])("%s", (mode, options) => {
  /** Led by a, and everybody ranked. */
  function settled(names: readonly string[] = abc, more: NodeOptions = {}): Cluster {
    const cluster = new Cluster(names, { ...options, ...more });
    expect(cluster.settle()).toBe("a");
    cluster.advance(6_000);
    return cluster;
  }

  /** Loads as given, once a second. */
  function loaded(cluster: Cluster, seconds: number, cpuOf: (name: string, second: number) => number): void {
    for (let second = 0; second < seconds; second++) {
      for (const name of cluster.names) cluster.feed(name, { type: "load", load: loadOf(cpuOf(name, second)) });
      cluster.advance(1_000);
    }
  }

  it("B1: who was first at the first pulse leads; nobody hands over to itself", () => {
    const cluster = settled();
    loaded(cluster, 30, (name) => (name === "b" ? 1 : 90));
    expect(cluster.leaders()).toEqual(["b"]);
    loaded(cluster, 60, (name) => (name === "b" ? 1 : 90));
    expect(cluster.outputs("elected")).toHaveLength(2);
    expect(cluster.messages("prepare").every(({ from, to }) => from !== to)).toBe(true);
  });

  it("B2: a connection that ends inside a message is a typed error, and the host goes on", () => {
    const stream = new PayloadStream();
    stream.push(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 9, 1));
    expect(() => stream.end()).toThrow(RemoteProtocolError);
    const cluster = settled();
    cluster.feed("b", { type: "linkClosed", link: 0 });
    cluster.feed("b", { type: "message", link: 0, payload: Uint8Array.of(1) });
    cluster.advance(10_000);
    expect(cluster.view("b").role).toBe("follower");
  });

  it("B3: a host that is dead is no fallback after two intervals, and is not handed over to", () => {
    const cluster = settled();
    loaded(cluster, 6, (name) => (name === "b" ? 1 : 50));
    cluster.crash("b");
    cluster.advance(3_001);
    expect(cluster.view("a").fallbacks.map(({ id }) => id)).toEqual(["c"]);
    loaded(cluster, 30, () => 50);
    expect(cluster.leaders()).toEqual(["a"]);
  });

  it("B5: three that start at once agree on one", () => {
    const cluster = new Cluster(abc, options);
    cluster.advance(20_000);
    expect(cluster.leaders()).toHaveLength(1);
    expect(cluster.outputs("elected")).toHaveLength(1);
  });

  it("B6, B7, B8: an empty, a malformed and a silent connection cost the leader nothing", () => {
    const cluster = settled();
    cluster.feed("a", { type: "linkClosed", link: 77 });
    cluster.feed("a", { type: "message", link: 78, payload: new Uint8Array(0) });
    cluster.feed("a", { type: "message", link: 79, payload: new TextEncoder().encode('{"cpu": "NaN"}') });
    cluster.advance(20_000);
    expect(cluster.leaders()).toEqual(["a"]);
    expect(
      cluster
        .view("a")
        .hosts.map(({ id }) => id)
        .sort(),
    ).toEqual(abc);
  });

  it("B9: a leader that takes everything and answers nothing is replaced", () => {
    const cluster = settled();
    cluster.isCut = (from) => from === "a";
    cluster.advance(20_000);
    expect(cluster.leaders()).toContain("b");
    expect(cluster.view("c").leader?.id).toBe("b");
  });

  it("B10: the leader dies before its first pulse", () => {
    const cluster = new Cluster(abc, options);
    cluster.advance(4_600);
    expect(cluster.leaders()).toEqual(["a"]);
    expect(cluster.outputs("hosts")).toEqual([]);
    cluster.crash("a");
    cluster.settle();
  });

  it("B11: the leader is never its own fallback", () => {
    const cluster = settled();
    loaded(cluster, 20, (name) => (name === "a" ? 1 : 50));
    for (const { body, from } of cluster.messages("ack")) {
      expect(body.fallbacks.map(({ id }) => id)).not.toContain(from);
    }
  });

  it("B12: a third host that comes to the fallback before it leads asks again", () => {
    const cluster = settled();
    cluster.crash("a");
    cluster.crash("b");
    cluster.advance(8_000);
    cluster.start("b");
    cluster.settle();
    expect(cluster.view("c").role).not.toBe("stopped");
  });

  it("B13: the winner of a hand-over dies with the Offer on its way: there is a leader again", () => {
    const cluster = settled();
    cluster.isCut = (_from, to) => to === "b" && cluster.sent.at(-1)?.message.body.type === "offer";
    cluster.feed("a", { type: "resign", to: "b" });
    cluster.crash("b");
    cluster.isCut = () => false;
    const from = cluster.now;
    cluster.settle();
    expect(cluster.now - from).toBeLessThan(6_600 + 3_000);
  });

  it("B14: after a hand-over the old leader is a host at its own address", () => {
    const cluster = settled();
    cluster.feed("a", { type: "resign", to: "b" });
    cluster.settle();
    cluster.advance(6_000);
    expect(
      cluster
        .view("b")
        .hosts.map(({ id, address }) => [id, address])
        .sort(),
    ).toEqual(abc.map((id) => [id, id]));
    expect(cluster.view("a")).toMatchObject({ role: "follower", leader: { id: "b", address: "b" } });
  });

  it("B15: stopping in the middle of a hand-over leaves nothing behind", () => {
    const cluster = settled();
    cluster.isCut = (from) => from === "b";
    cluster.feed("a", { type: "resign", to: "b" });
    cluster.feed("a", { type: "stop" });
    expect(cluster.machine("a").nextDeadline()).toBeUndefined();
    cluster.isCut = () => false;
    cluster.crash("a");
    cluster.settle();
  });

  it("B16: a host that joins during a hand-over gets there", () => {
    const cluster = new Cluster(["a", "b", "c", "d"], options, { d: { isLate: true } });
    cluster.settle();
    cluster.advance(6_000);
    cluster.isCut = (_from, to) => to === "b" && cluster.sent.at(-1)?.message.body.type === "offer";
    cluster.feed("a", { type: "resign", to: "b" });
    cluster.isCut = () => false;
    expect(cluster.leaders()).toEqual([]);
    cluster.start("d");
    cluster.settle();
    expect(cluster.view("d").role).toBe("follower");
  });

  it("B17: a disconnected host has no rank, however idle it was", () => {
    const cluster = settled();
    loaded(cluster, 4, (name) => (name === "c" ? 0 : 50));
    cluster.crash("c");
    loaded(cluster, 8, () => 50);
    expect(cluster.view("a").hosts.at(-1)).toMatchObject({ id: "c", rank: undefined, status: "disconnected" });
  });

  it("B18: a host whose wall clock is a day behind is as live as any", () => {
    const cluster = new Cluster(abc, options);
    cluster.stepWall("b", -86_400_000);
    cluster.settle();
    cluster.advance(20_000);
    expect(cluster.view("a").hosts.find(({ id }) => id === "b")).toMatchObject({ status: "connected" });
  });

  it("B20: a noise of one point moves nobody in ten minutes", () => {
    const cluster = settled();
    loaded(cluster, 600, (name, second) => 50 + ((second * 13 + name.charCodeAt(0) * 5) % 3) - 1);
    expect(cluster.outputs("elected")).toHaveLength(1);
  });

  it("B21: equal hosts are ranked by their ids", () => {
    const cluster = settled(["a", "c", "b"]);
    expect(cluster.view("a").hosts.map(({ id }) => id)).toEqual(abc);
  });

  it("B25: leader and fallback die together", () => {
    const cluster = settled(["a", "b", "c", "d", "e"]);
    cluster.crash("a");
    cluster.crash("b");
    expect(cluster.settle()).toBe("c");
  });

  it("B26: a table that was given out does not change", () => {
    const cluster = settled();
    const tables = cluster.outputs("hosts", "a").map((table) => [table, JSON.stringify(table)] as const);
    loaded(cluster, 10, (_name, second) => second);
    for (const [table, text] of tables) expect(JSON.stringify(table)).toBe(text);
  });

  it("B27: the pulse that decides is the pulse that acts", () => {
    const cluster = settled();
    loaded(cluster, 30, (name) => (name === "b" ? 1 : 90));
    const prepared = cluster.messages("prepare")[0]?.at;
    expect(cluster.events.some(({ at, output }) => at === prepared && output.type === "hosts")).toBe(true);
    expect(cluster.messages("offer")[0]?.at).toBe(prepared);
    expect(cluster.outputs("elected").at(-1)?.token).toEqual({ epoch: 2, id: "b" });
  });

  it(`B24: a partition heals to one leader (${mode})`, () => {
    const cluster = settled();
    cluster.isCut = (from, to) => (from === "a") !== (to === "a");
    cluster.advance(30_000);
    expect(cluster.leaders()).toEqual(mode === "quorum" ? ["b"] : ["a", "b"]);
    cluster.isCut = () => false;
    const tokens = cluster.outputs("elected").map(({ token }) => token);
    expect(cluster.settle()).toBe(tokens.sort(compareToken).at(-1)?.id);
  });
});

it("B22: two hosts behind one address are two hosts", () => {
  const cluster = new Cluster(
    abc,
    { mode: "available", seeds: ["a"] },
    { b: { address: "nat" }, c: { address: "nat" } },
  );
  cluster.advance(20_000);
  expect(cluster.view("a").hosts.map(({ id, address }) => [id, address])).toEqual([
    ["a", "a"],
    ["b", "nat"],
    ["c", "nat"],
  ]);
});

it("B23: who has not the secret is heard by nobody, and an id in use is not taken over", () => {
  const secret = new Uint8Array(16).fill(7);
  const cluster = new Cluster(
    ["a", "b", "x"],
    { mode: "available", seeds: ["a"], secret },
    { x: { secret: undefined } },
  );
  cluster.advance(20_000);
  expect(cluster.view("a").hosts.map(({ id }) => id)).toEqual(["a", "b"]);
  expect(cluster.view("a").malformed).toBeGreaterThan(0);
});
