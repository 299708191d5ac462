/** Real processes that are killed, frozen, restarted and cut off, with the preset `fast`. */
import { readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { itWith } from "../../../../test/components.js";
import { compareToken } from "../../src/core/index.js";
import { compiledProgram } from "./compiled.js";
import type { NodeEvent } from "./events.js";
import { Namespaces } from "./namespaces.js";
import { NodeCluster } from "./node-cluster.js";

const LEASE_MS = 1_500;
const PROMISE_MS = 1.1 * LEASE_MS;

/** What one kind of event says, from a place in the log on. */
function said<Kind extends NodeEvent["event"]>(cluster: NodeCluster, kind: Kind, from = 0) {
  return cluster.events
    .from(from)
    .filter((event): event is Extract<NodeEvent, { event: Kind }> => event.event === kind);
}

// Each of them mostly waits for leases to end, so they do it together. On a busy machine some dozens of processes take
// their time to start.
vi.setConfig({ maxConcurrency: 10, testTimeout: 180_000 });

describe.concurrent("quorum", () => {
  it("E30, E54: SIGKILL of the leader: another leads, all survivors follow; restarted with its state it does too", async ({
    expect,
  }) => {
    await using cluster = await NodeCluster.start({ size: 5, mode: "quorum" });
    const first = await cluster.settled();
    await cluster.kill(first.id);
    const survivors = cluster.ids.filter((id) => id !== first.id);
    const second = await cluster.settled(survivors);
    expect(second.epoch).toBeGreaterThan(first.epoch);
    const place = cluster.events.count;
    const restartedAt = process.hrtime.bigint();
    await cluster.startNode(first.id);
    expect(await cluster.settled()).toEqual(second);
    expect(said(cluster, "elected", place)).toEqual([]);
    // E19: it had stored something, so it is silent for as long as a promise lasts.
    const follows = said(cluster, "leader", place).find(({ node }) => node === first.id);
    expect(Number(BigInt(follows?.ns ?? 0) - restartedAt) / 1e6).toBeGreaterThan(PROMISE_MS);
  });

  it("E11, E12: a leader that is frozen beyond its lease says at its very first question that it leads no more", async ({
    expect,
  }) => {
    await using cluster = await NodeCluster.start({ size: 3, mode: "quorum", asks: true });
    const first = await cluster.settled();
    const place = cluster.events.count;
    cluster.signal(first.id, "SIGUSR2");
    const others = cluster.ids.filter((id) => id !== first.id);
    const second = await cluster.settled(others);
    cluster.signal(first.id, "SIGCONT");
    const thawed = await cluster.events.until("a thaw", () => said(cluster, "thawed")[0]);
    expect(thawed).toMatchObject({ node: first.id, before: true, first: false });
    expect(thawed.frozenMs).toBeGreaterThan(LEASE_MS);
    expect(await cluster.settled()).toEqual(second);
    expect(said(cluster, "stepDown", place)).toMatchObject([{ node: first.id, why: "lease" }]);
    const asked = readFileSync(cluster.samplesOf(first.id), "utf8").trim().split("\n");
    const lastTrue = asked.findLastIndex((line) => line.endsWith(" true"));
    expect(asked.slice(lastTrue + 1).length).toBeGreaterThan(1);
  });

  it("E21, E24: a follower that is frozen beyond every promise changes nothing, and follows again", async ({
    expect,
  }) => {
    await using cluster = await NodeCluster.start({ size: 3, mode: "quorum" });
    const first = await cluster.settled();
    const follower = cluster.ids.find((id) => id !== first.id) ?? "";
    await cluster.events.until("three connected", () =>
      said(cluster, "hosts").find(({ connected }) => connected === 3),
    );
    const place = cluster.events.count;
    cluster.signal(follower, "SIGSTOP");
    await cluster.events.until("a disconnected host", () =>
      said(cluster, "hosts", place).find(({ connected }) => connected === 2),
    );
    const thawed = cluster.events.count;
    cluster.signal(follower, "SIGCONT");
    await cluster.events.until("three connected", () =>
      said(cluster, "hosts", thawed).find(({ connected }) => connected === 3),
    );
    expect(await cluster.settled()).toEqual(first);
    expect([...said(cluster, "elected", place), ...said(cluster, "stepDown", place)]).toEqual([]);
  });

  it.for([
    ["both ways", true, true],
    ["one way: nobody hears it", true, false],
    ["one way: it hears nobody", false, true],
  ] as const)(
    "E11, E54: the leader is cut off, %s: the others have another, whom it follows when it heals",
    async ([, out, into], { expect }) => {
      await using cluster = await NodeCluster.start({ size: 3, mode: "quorum" });
      const first = await cluster.settled();
      const place = cluster.events.count;
      const others = cluster.ids.filter((id) => id !== first.id);
      if (out) cluster.mesh.cut([first.id], others);
      if (into) cluster.mesh.cut(others, [first.id]);
      const second = await cluster.settled(others);
      await cluster.steppedDown(first.id); // it has, but its word may come later
      expect(said(cluster, "stepDown", place)).toMatchObject([{ node: first.id, why: "lease" }]);
      expect(cluster.leading).toEqual([second.id]);
      cluster.mesh.heal();
      expect((await cluster.settled()).id).toBe(second.id);
    },
  );

  it("E18, E42: all are killed and restarted: a leader in a higher epoch", async ({ expect }) => {
    await using cluster = await NodeCluster.start({ size: 3, mode: "quorum" });
    const first = await cluster.settled();
    await Promise.all(cluster.ids.map((id) => cluster.kill(id)));
    await Promise.all(cluster.ids.map((id) => cluster.startNode(id)));
    expect((await cluster.settled()).epoch).toBeGreaterThan(first.epoch);
  });

  // A host that vanishes: its packets are lost, and its peers' systems are told nothing for many minutes.
  itWith("netns", "E11, E54: the leader's cable is pulled: another leads; plugged in again, it follows", async () => {
    const ids = ["a", "b", "c"];
    await using hosts = await Namespaces.make(ids);
    // Not by loopback addresses, so the nodes insist on a secret.
    await using cluster = await NodeCluster.start({
      size: 3,
      mode: "quorum",
      secret: "00112233445566778899aabbccddeeff",
      // A port of namespaces of our own: nobody else can have taken it.
      addressOf: (id) => `${hosts.addressOf(id)}:7001`,
      launch: (config, onLine) =>
        hosts.start(config.id, process.execPath, [compiledProgram("asking-node.ts"), JSON.stringify(config)], onLine),
    });
    const first = await cluster.settled();
    const others = ids.filter((id) => id !== first.id);
    await hosts.plug(first.id, "down");
    const second = await cluster.settled(others);
    await cluster.steppedDown(first.id);
    expect(cluster.leading).toEqual([second.id]);
    await hosts.plug(first.id, "up");
    expect((await cluster.settled()).id).toBe(second.id);
  });
});

describe.concurrent("available", () => {
  it("E40, E56: a partition has two leaders, and heals to the one with the higher token", async ({ expect }) => {
    await using cluster = await NodeCluster.start({ size: 4, mode: "available" });
    const first = await cluster.settled();
    const others = cluster.ids.filter((id) => id !== first.id);
    // A host on either side, so that both go on: a leader that hears nobody stops (E41).
    const side = [first.id, ...others.slice(-1)];
    const place = cluster.events.count;
    cluster.mesh.split(...side);
    const second = await cluster.settled(cluster.ids.filter((id) => !side.includes(id)));
    expect(cluster.followedBy(side)).toMatchObject({ id: first.id });
    expect([...cluster.leading].sort()).toEqual([first.id, second.id].sort());
    cluster.mesh.heal();
    const healed = await cluster.settled();
    const higher = compareToken(first, second) > 0 ? first : second;
    expect(healed).toMatchObject({ id: higher.id, epoch: higher.epoch });
    expect(said(cluster, "stepDown", place)).toMatchObject([{ why: "superseded" }]);
  });

  it("E42: all are killed and restarted: no token is used again", async ({ expect }) => {
    await using cluster = await NodeCluster.start({ size: 3, mode: "available" });
    const first = await cluster.settled();
    await Promise.all(cluster.ids.map((id) => cluster.kill(id)));
    await Promise.all(cluster.ids.map((id) => cluster.startNode(id)));
    const second = await cluster.settled();
    expect(second.epoch > first.epoch || second.id !== first.id).toBe(true);
  });
});
