/** What a person's tool asks, and what it is told. */
import { describe, expect, it } from "vitest";
import { rowLength } from "../src/core/codec.js";
import { Envelope } from "../src/core/envelope.js";
import {
  type Body,
  type BodyOf,
  type ClusterView,
  type ElectionOutput,
  LocalProtocolError,
  MAX_PAYLOAD_BYTES,
  RemoteProtocolError,
  ViewReader,
} from "../src/core/index.js";
import { Cluster, loadOf, type NodeOptions } from "./cluster.js";
import { plainPlatform } from "./plain-platform.js";
import { bodiesOf, OTHER, Solo, STAMP } from "./solo.js";

const LINK = 999;
const abc = ["a", "b", "c"];
const plain = new Envelope({ cluster: "lab", secret: undefined, platform: plainPlatform() });
const newReader = (secret?: Uint8Array): ViewReader => new ViewReader({ secret, platform: plainPlatform("tool") });

/** What a node sends back on the tool's connection. */
function answers(cluster: Cluster, node: string, payload: Uint8Array): Uint8Array[] {
  const before = cluster.events.length;
  cluster.feed(node, { type: "message", link: LINK, payload });
  return cluster.events.slice(before).flatMap(({ output }) => sentTo(output));
}

function sentTo(output: ElectionOutput): Uint8Array[] {
  return output.type === "send" && "link" in output.to && output.to.link === LINK ? [output.payload] : [];
}

function readAll(cluster: Cluster, node: string, reader = newReader(), between = (): void => {}): ClusterView {
  for (let pages = 0; ; ) {
    const [answer] = answers(cluster, node, reader.ask());
    const view = reader.read(answer as Uint8Array);
    if (view !== undefined) return view;
    if (++pages > 100) throw new Error("too many pages");
    between();
  }
}

function settled(
  names: readonly string[] = abc,
  options: NodeOptions = { mode: "quorum" },
  own: Readonly<Record<string, NodeOptions>> = {},
): Cluster {
  const cluster = new Cluster(names, options, own);
  cluster.settle();
  cluster.advance(6_000);
  return cluster;
}

/** `a` and so many hosts, with names of many lengths, in available mode. */
const many = (count: number): Cluster =>
  settled(["a", ...Array.from({ length: count }, (_, index) => `host-${index}-${"x".repeat(index % 47)}`)], {
    mode: "available",
    seeds: ["a"],
  });

describe("E62: a node answers a Watch by a View of itself", () => {
  it("a leader", () => {
    const cluster = settled(abc, { mode: "quorum" }, { a: { ui: "http://a/" }, b: { ui: "http://b/" } });
    const view = readAll(cluster, "a");
    const { malformed: _malformed, ...own } = cluster.view("a");
    const { hosts } =
      cluster
        .outputs("hosts", "a")
        .map(({ rows }) => ({ hosts: rows }))
        .at(-1) ?? {};
    expect(view).toEqual({ ...own, hosts });
    expect(view.hosts).toHaveLength(3);
    expect(view.hosts.map(({ id, ui }) => [id, ui])).toEqual([
      ["a", "http://a/"],
      ["b", "http://b/"],
      ["c", undefined],
    ]);
  });

  it("a follower, without rows", () => {
    const view = readAll(settled(), "b");
    expect(view).toMatchObject({
      id: "b",
      mode: "quorum",
      role: "follower",
      leader: { id: "a" },
      hosts: [],
      leaseMs: 6_000,
    });
    expect(view.leaseRemainingMs).toBeGreaterThan(0);
  });

  it("one that has no leader, and one that has no id", () => {
    const solo = new Solo({ mode: "available", id: undefined });
    const reader = newReader();
    const payload = reader.ask();
    const [answer] = solo.feed({ type: "message", link: LINK, payload }).flatMap(sentTo);
    expect(reader.read(answer as Uint8Array)).toMatchObject({ id: "", role: "leaderless", leader: undefined });
  });

  it("an available leader without hosts, whose lease has no end", () => {
    const cluster = new Cluster(["a"], { mode: "available", seeds: ["a"] });
    cluster.settle();
    expect(readAll(cluster, "a").leaseRemainingMs).toBe(Number.POSITIVE_INFINITY);
  });

  it("one in quarantine: that promises nothing to anybody", () => {
    const solo = new Solo({}, { epoch: 3, holder: "b", id: "a" });
    const view: Body = { type: "watch", first: 0 };
    expect(bodiesOf(solo.hear({ sender: "" }, view), "view")).toMatchObject([{ role: "quarantine", rows: [] }]);
    expect(solo.hear({ sender: "b" }, { type: "preVote", address: "b", stamp: STAMP })).toEqual([]);
  });

  it("but not one that is stopped", () => {
    const solo = new Solo();
    solo.feed({ type: "stop" });
    expect(solo.hear({ sender: "" }, { type: "watch", first: 0 })).toEqual([]);
  });

  it("with a secret under its tag alone", () => {
    const secret = new Uint8Array(16);
    const cluster = settled(abc, { mode: "quorum", secret });
    expect(readAll(cluster, "a", newReader(secret)).hosts).toHaveLength(3);
    expect(answers(cluster, "a", newReader().ask())).toEqual([]);
    expect(cluster.view("a").malformed).toBe(1);
  });
});

describe("E63: what a tool says changes nothing that a node knows", () => {
  it.each<[string, Body]>([
    ["Watch", { type: "watch", first: 0 }],
    ["Retire of another leadership", { type: "retire", for: OTHER, epoch: 1, to: "" }],
  ])("%s with a member's name and a high epoch", (_name, body) => {
    const cluster = settled();
    const before = cluster.view("a");
    const payload = plain.seal({ sender: "b", epoch: 99, incarnation: OTHER }, body);
    cluster.feed("a", { type: "message", link: LINK, payload });
    expect(cluster.view("a")).toEqual(before);
    cluster.advance(30_000);
    expect(cluster.view("a").epoch).toBe(1);
    expect(cluster.outputs("stepDown")).toEqual([]);
  });

  it("a View that a node is sent is dropped", () => {
    const cluster = settled();
    const before = cluster.view("b");
    const [view] = answers(cluster, "a", newReader().ask());
    expect(answers(cluster, "b", view as Uint8Array)).toEqual([]);
    expect(cluster.view("b")).toEqual(before);
  });
});

describe("E64: the rows of a View", () => {
  it("are as many as fit, from the one that is asked for, of the leader's last ranking", () => {
    const cluster = many(80);
    const rows = cluster.outputs("hosts", "a").at(-1)?.rows ?? [];
    for (const first of rows.keys()) {
      const payload = plain.seal({ sender: "", epoch: 0, incarnation: OTHER }, { type: "watch", first });
      const [answer] = answers(cluster, "a", payload) as [Uint8Array];
      const body = plain.open(answer).body as BodyOf<"view">;
      const end = first + body.rows.length;
      expect(body).toMatchObject({ total: 81, first });
      expect(body.rows).toEqual(rows.slice(first, end));
      expect(answer.length).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
      const next = rows[end];
      if (next !== undefined) expect(answer.length + rowLength(next)).toBeGreaterThan(MAX_PAYLOAD_BYTES);
    }
  });

  it("are none behind the last", () => {
    const payload = plain.seal({ sender: "", epoch: 0, incarnation: OTHER }, { type: "watch", first: 2 ** 32 - 1 });
    const [answer] = answers(settled(), "a", payload) as [Uint8Array];
    expect(plain.open(answer).body).toMatchObject({ total: 3, rows: [] });
  });

  it("are there before the first pulse, and the count goes up with each ranking", () => {
    const cluster = new Cluster(abc, { mode: "quorum" });
    while (cluster.leaders().length === 0) cluster.advance(1);
    const snapshot = (): number => {
      const [answer] = answers(cluster, "a", newReader().ask()) as [Uint8Array];
      return (plain.open(answer).body as BodyOf<"view">).snapshot;
    };
    expect(readAll(cluster, "a").hosts.map(({ id }) => id)).toContain("a");
    expect(snapshot()).toBe(1);
    cluster.advance(2_000);
    expect(snapshot()).toBe(1);
    cluster.advance(3_000);
    expect(snapshot()).toBe(2);
  });

  it("cost no ranking, and neither does a report", () => {
    let scored = 0;
    const score = (): number => ++scored;
    const cluster = settled(["a", "b", "c", "d"], { mode: "available", seeds: ["a"], score });
    const pulses = cluster.outputs("hosts").length;
    while (cluster.outputs("hosts").length === pulses) cluster.advance(1);
    const before = scored;
    const acks = cluster.messages("ack").length;
    for (let asked = 0; asked < 10; asked++) readAll(cluster, "a");
    cluster.advance(2_999);
    expect(cluster.messages("ack").length - acks).toBe(3);
    expect(scored).toBe(before);
    cluster.advance(1);
    expect(scored).toBe(before + 4);
  });

  it("of the longest names fit too, two at least", () => {
    const long = { mode: "quorum", hostName: "n".repeat(256), ui: "u".repeat(256), cluster: "c".repeat(64) } as const;
    const cluster = settled(
      abc.map((id) => id.repeat(64)),
      { ...long, secret: new Uint8Array(16) },
    );
    const [leader] = cluster.leaders() as [string];
    const reader = new ViewReader({ cluster: long.cluster, secret: new Uint8Array(16), platform: plainPlatform() });
    expect(readAll(cluster, leader, reader).hosts).toHaveLength(3);
  });
});

describe("E65: Retire", () => {
  it("is obeyed as resign: the host named leads, and a View comes back", () => {
    const cluster = settled();
    const reader = newReader();
    const sent = answers(cluster, "a", reader.retire(readAll(cluster, "a", reader), "c"));
    expect(sent).toHaveLength(1);
    expect(reader.read(sent[0] as Uint8Array)).toMatchObject({ id: "a" });
    cluster.advance(1_000);
    expect(cluster.leaders()).toEqual(["c"]);
  });

  it("without a name the next in line leads", () => {
    const cluster = settled();
    const reader = newReader();
    const view = readAll(cluster, "a", reader);
    answers(cluster, "a", reader.retire(view));
    cluster.advance(1_000);
    expect(cluster.leaders()).toEqual([view.fallbacks[0]?.id]);
  });

  it("E39: to a host that has no vote does nothing, nor does resign", () => {
    const members = abc.map((id) => ({ id, address: id }));
    const cluster = settled([...abc, "h"], { mode: "quorum", members });
    const reader = newReader();
    const view = readAll(cluster, "a", reader);
    expect(view.hosts.map(({ id }) => id)).toContain("h");
    const [answer] = answers(cluster, "a", reader.retire(view, "h"));
    expect(reader.read(answer as Uint8Array)).toMatchObject({ id: "a", role: "leader" });
    cluster.feed("a", { type: "resign", to: "h" });
    cluster.advance(10_000);
    expect(cluster.leaders()).toEqual(["a"]);
    expect(cluster.messages("prepare")).toEqual([]);
    expect(cluster.outputs("stepDown")).toEqual([]);
  });

  it("to nobody that lives: the leader stops all the same, and says so", () => {
    const cluster = settled();
    const reader = newReader();
    const [answer] = answers(cluster, "a", reader.retire(readAll(cluster, "a", reader), "nobody"));
    expect(reader.read(answer as Uint8Array)).toMatchObject({ id: "a", role: "released", hosts: [] });
    expect(cluster.leaders()).toEqual([]);
  });

  it("does nothing in another epoch, for another incarnation, or at a host, but is answered", () => {
    const cluster = settled();
    const view = readAll(cluster, "a");
    const retire = newReader().retire(view, "b");
    const other = newReader().retire({ ...view, incarnation: OTHER }, "b");
    const late = newReader().retire({ ...view, leader: { id: "a", address: "a", epoch: 2 } }, "b");
    for (const payload of [other, late]) expect(answers(cluster, "a", payload)).toHaveLength(1);
    expect(answers(cluster, "b", retire)).toHaveLength(1);
    cluster.advance(10_000);
    expect(cluster.leaders()).toEqual(["a"]);
    answers(cluster, "a", retire);
    cluster.advance(10_000);
    expect(cluster.leaders()).toEqual(["b"]);
    const again = newReader();
    answers(cluster, "b", again.retire(readAll(cluster, "b", again), "a"));
    cluster.advance(10_000);
    expect(cluster.leaders()).toEqual(["a"]);
    for (const name of abc) expect(answers(cluster, name, retire)).toHaveLength(1);
    cluster.advance(10_000);
    expect(cluster.leaders()).toEqual(["a"]);
  });

  it("is made for a leader alone", () => {
    const cluster = settled();
    const view = readAll(cluster, "b");
    expect(() => newReader().retire(view)).toThrow(LocalProtocolError);
    expect(() => newReader().retire(readAll(cluster, "a"), "x".repeat(65))).toThrow(/to must be 1 to 64 bytes/);
  });
});

describe("E66: a table is read whole or not at all", () => {
  it("page by page", () => {
    const cluster = many(100);
    const view = readAll(cluster, "a");
    expect(view.hosts).toHaveLength(101);
    expect(view.hosts).toEqual(cluster.outputs("hosts", "a").at(-1)?.rows);
  });

  it("begins anew where the leader has ranked between two pages", () => {
    const cluster = many(100);
    let pages = 0;
    const view = readAll(cluster, "a", newReader(), () => {
      if (++pages !== 2) return;
      cluster.feed("a", { type: "load", load: loadOf(90) });
      cluster.advance(3_000);
    });
    expect(view.hosts).toEqual(cluster.outputs("hosts", "a").at(-1)?.rows);
    expect(pages).toBeGreaterThan(4);
  });

  it.each([
    ["of another run of the node", {}, { incarnation: OTHER }],
    ["with another number of rows", { total: 100 }, {}],
    ["of another ranking", { snapshot: 9_999 }, {}],
  ])("begins anew at a page %s", (_name, otherBody, otherHeader) => {
    const cluster = many(100);
    const reader = newReader();
    const [page] = answers(cluster, "a", reader.ask()) as [Uint8Array];
    expect(reader.read(page)).toBeUndefined();
    const [next] = answers(cluster, "a", reader.ask()) as [Uint8Array];
    const { header, body } = plain.open(next);
    const other = plain.seal({ ...header, ...otherHeader }, { ...(body as BodyOf<"view">), ...otherBody });
    expect(reader.read(other)).toBeUndefined();
    expect(reader.ask()).toEqual(newReader().ask());
  });

  it("may change some times each time that it is read", () => {
    const cluster = many(30);
    const reader = newReader();
    for (let time = 0; time < 6; time++) {
      let changes = 0;
      const view = readAll(cluster, "a", reader, () => {
        if (++changes <= 4) cluster.advance(3_000);
      });
      expect(view.hosts).toHaveLength(31);
    }
  });

  it("gives up after eight changes", () => {
    const cluster = many(100);
    let pages = 0;
    const read = (): unknown =>
      readAll(cluster, "a", newReader(), () => {
        pages++;
        cluster.advance(3_000);
      });
    expect(read).toThrow(expect.objectContaining({ code: "UNSTEADY" }));
    expect(pages).toBeLessThan(20);
  });

  it("whatever is not the answer is a RemoteProtocolError, and the reader can be used again", () => {
    const cluster = many(100);
    const reader = newReader();
    const [page] = answers(cluster, "a", reader.ask()) as [Uint8Array];
    const others = new ViewReader({ platform: plainPlatform("another") });
    const [forAnother] = answers(cluster, "a", others.ask()) as [Uint8Array];
    const header = { sender: "a", epoch: 1, incarnation: OTHER };
    const view = plain.open(page).body as BodyOf<"view">;
    const wrong: Uint8Array[] = [
      new Uint8Array(0),
      page.subarray(1),
      forAnother,
      plain.seal(header, { type: "watch", first: 0 }),
      plain.seal(header, { ...view, rows: [] }),
      plain.seal(header, { ...view, first: 1 }),
      plain.seal(header, { ...view, total: 1 }),
      plain.seal(header, { ...view, total: 100_001 }),
    ];
    for (const payload of wrong) {
      expect(() => reader.read(payload)).toThrow(RemoteProtocolError);
    }
    expect(reader.read(page)).toBeUndefined();
    expect(() => reader.read(page)).toThrow(RemoteProtocolError); // not the second page
    expect(reader.ask()).toEqual(newReader().ask());
    expect(readAll(cluster, "a", reader).hosts).toHaveLength(101);
  });

  it("wrong options are named", () => {
    expect(() => new ViewReader({ cluster: "", platform: plainPlatform() })).toThrow(/cluster/);
    expect(() => newReader(new Uint8Array(3))).toThrow(/secret must be 16 bytes/);
  });
});
