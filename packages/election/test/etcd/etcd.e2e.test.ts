/** Electors whose lease lives in a real etcd (docs/election.md, "The etcd engine"). */
import { performance } from "node:perf_hooks";
import { TcpProxy } from "@lab/simnet";
import { afterAll, beforeAll, describe, expect, vi } from "vitest";
import { component, itWith } from "../../../../test/components.js";
import { start } from "../../../../test/process.js";
import { FencedResource, type LeaderInfo, type StepDownReason, type Token } from "../../src/core/index.js";
import { createEtcdElector, type EtcdElector, type EtcdElectorOptions } from "../../src/node/etcd.js";
import { compiledProgram } from "../processes/compiled.js";
import { EtcdCluster } from "./start-etcd.js";

let etcd: EtcdCluster;
/** With members to be killed, which starts meanwhile. */
let three: Promise<EtcdCluster> | undefined;
beforeAll(async () => {
  if (component("etcd").version === undefined) return;
  etcd = await EtcdCluster.start(1);
  three = EtcdCluster.start(3);
  three.catch(() => {}); // told of in the test that awaits it
});
afterAll(async () => {
  const both = [etcd, await three?.catch(() => undefined)];
  await Promise.all(both.map((cluster) => cluster?.[Symbol.asyncDispose]()));
});

let elections = 0;
const newElection = (): string => `e${++elections}`;

function elector(options: Partial<EtcdElectorOptions> & { readonly id: string }): EtcdElector {
  return createEtcdElector({ endpoints: etcd.endpoints, ttlSeconds: 1, retryMs: 50, ...options });
}

/** Started, and leading. */
async function leading(options: Partial<EtcdElectorOptions> & { readonly id: string }): Promise<EtcdElector> {
  const one = elector(options);
  const token = elected(one);
  await one.start();
  await token;
  return one;
}

/** Started, and standing behind `leader`. */
async function following(
  options: Partial<EtcdElectorOptions> & { readonly id: string },
  leader: string,
): Promise<EtcdElector> {
  const one = elector(options);
  const known = follows(one, leader);
  await one.start();
  await known;
  return one;
}

const elected = (one: EtcdElector): Promise<Token> => new Promise((resolve) => one.once("elected", resolve));
const stepDown = (one: EtcdElector): Promise<StepDownReason> =>
  new Promise((resolve) => one.once("stepDown", (_token, why) => resolve(why)));

function follows(one: EtcdElector, id: string | undefined): Promise<LeaderInfo | undefined> {
  return new Promise((resolve) => {
    const look = (leader: LeaderInfo | undefined): void => {
      if (leader?.id !== id) return;
      one.off("leader", look);
      resolve(leader);
    };
    one.on("leader", look);
    if (one.leader()?.id === id) look(one.leader());
  });
}

async function post(path: string, body: object): Promise<unknown> {
  const response = await fetch(new URL(path, etcd.endpoints[0]), { method: "POST", body: JSON.stringify(body) });
  return await response.json();
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

itWith("etcd", "E70: the front of the line leads, in the layout of etcd's own elections", async () => {
  const election = newElection();
  await using a = await leading({ election, id: "a", address: "h1:7", ttlSeconds: 5 });
  expect(a.isLeader()).toBe(true);
  await using b = await following({ election, id: "b" }, "a");
  expect(b.isLeader()).toBe(false);
  expect(b.token()).toBeUndefined();
  const token = a.token() as Token;
  expect(b.leader()).toEqual({ id: "a", address: "h1:7", epoch: token.epoch });
  expect(a.leader()).toEqual(b.leader());
  const said = (await post("/v3/election/leader", { name: base64(election) })) as { kv: Record<string, string> };
  expect(said.kv["create_revision"]).toBe(String(token.epoch));
});

itWith("etcd", "E76: resign and stop are fast, and `to` names the successor; nothing is left", async () => {
  const election = newElection();
  await using a = await leading({ election, id: "a", ttlSeconds: 5 });
  await using b = await following({ election, id: "b", ttlSeconds: 5 }, "a");
  await using c = await following({ election, id: "c", ttlSeconds: 5 }, "a");
  await expect.poll(() => a.candidates().map(({ id }) => id)).toEqual(["a", "b", "c"]);
  const first = a.token() as Token;
  const begun = performance.now();
  const next = elected(c);
  a.resign("c");
  expect(a.isLeader()).toBe(false);
  const second = await next;
  expect(performance.now() - begun).toBeLessThan(2_000); // the lease has 5 s
  expect(second.epoch).toBeGreaterThan(first.epoch);
  const third = Promise.race([elected(a), elected(b)]);
  await c.stop();
  expect(c.leader()).toBeUndefined();
  expect((await third).epoch).toBeGreaterThan(second.epoch);
  expect(performance.now() - begun).toBeLessThan(4_000);
  await Promise.all([a.stop(), b.stop()]);
  const range = { key: base64(`${election}/`), range_end: base64(`${election}0`) };
  expect(await post("/v3/kv/range", range)).not.toHaveProperty("kvs");
});

itWith("etcd", "E72: a key that somebody deleted is a lost lease", async () => {
  const election = newElection();
  await using a = await leading({ election, id: "a", ttlSeconds: 5 });
  const { epoch } = a.token() as Token;
  const down = stepDown(a);
  const again = elected(a);
  await post("/v3/kv/deleterange", { key: base64(`${election}/`), range_end: base64(`${election}0`) });
  expect(await down).toBe("superseded");
  expect((await again).epoch).toBeGreaterThan(epoch);
});

// They wait for leases to end, most of the time.
describe.concurrent("leases that end", () => {
  itWith(
    "etcd",
    "E72: a frozen leader finds itself no leader when it thaws, and a killed one is succeeded",
    async () => {
      const election = newElection();
      const program = compiledProgram("../etcd/candidate.ts");
      await using a = start(process.execPath, [program, etcd.endpoints[0] as string, election, "a"]);
      const [, firstEpoch] = await a.line(/^elected (\d+)/);
      await using b = await following({ election, id: "b" }, "a");
      const taken = elected(b);
      a.signal("SIGSTOP");
      const second = await taken;
      expect(second.epoch).toBeGreaterThan(Number(firstEpoch));
      a.signal("SIGCONT");
      expect((await a.line(/^thawed (.*)/))[1]).toBe("false");
      await a.line(/^stepDown \d+ lease/);
      await vi.waitFor(() => expect(b.candidates().map(({ id }) => id)).toEqual(["b", "a"]), { timeout: 5_000 });
      b.resign();
      await follows(b, "a");
      const killed = performance.now();
      const third = elected(b);
      a.signal("SIGKILL");
      expect((await third).epoch).toBeGreaterThan(second.epoch);
      expect(performance.now() - killed).toBeLessThan(5_000);
    },
  );

  itWith("etcd", "E71: an isolated leader steps down before etcd lets the next one lead", async () => {
    const election = newElection();
    const [, port] = /:(\d+)$/.exec(etcd.endpoints[0] as string) ?? [];
    await using proxy = new TcpProxy({ to: { port: Number(port) } });
    const { host, port: throughProxy } = await proxy.listen();
    await using a = await leading({ election, id: "a", endpoints: [`http://${host}:${throughProxy}`] });
    await using b = await following({ election, id: "b" }, "a");
    const resource = new FencedResource();
    let both = 0;
    const watch = setInterval(() => {
      const tokens = [a.token(), b.token()].filter((token) => token !== undefined);
      if (tokens.length > 1) both++;
      for (const token of tokens) resource.accept(token);
    }, 1);
    const down = stepDown(a).then((why) => ({ why, at: performance.now() }));
    const up = elected(b).then(() => performance.now());
    proxy.cut();
    const { why, at } = await down;
    expect(why).toBe("lease");
    expect(b.isLeader()).toBe(false);
    expect(await up).toBeGreaterThan(at);
    proxy.heal();
    await follows(a, "b");
    clearInterval(watch);
    expect(both).toBe(0);
  });

  itWith(
    "etcd",
    "E74: endpoints are tried in turn; without a majority nobody leads, and after a restart somebody does",
    async () => {
      const { members, endpoints } = (await three) as EtcdCluster;
      const [first, second, third] = members;
      await using a = await leading({ id: "a", endpoints });
      await using b = await following({ id: "b", endpoints }, "a");
      const { epoch } = a.token() as Token;
      await first?.kill(); // the one that both talk to
      // For longer than the lease: where one leads then, it was renewed elsewhere.
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      await vi.waitFor(() => expect([a, b].filter((one) => one.isLeader())).toHaveLength(1), { timeout: 10_000 });
      const down = Promise.race([stepDown(a), stepDown(b)]);
      await second?.kill();
      expect(await down).toBe("lease");
      expect([a.isLeader(), b.isLeader()]).toEqual([false, false]);
      await third?.kill();
      const back = Promise.race([elected(a), elected(b)]);
      await Promise.all([first?.start(), second?.start()]);
      expect((await back).epoch).toBeGreaterThan(epoch);
    },
  );
});

itWith("etcd", "E74: where etcd wants users, with a name and a password", async () => {
  // The last one: nobody without them gets in after it.
  await post("/v3/auth/role/add", { name: "root" });
  await post("/v3/auth/user/add", { name: "root", password: "secret" });
  await post("/v3/auth/user/grant", { user: "root", role: "root" });
  await post("/v3/auth/enable", {});
  const refused: string[] = [];
  const nothing = (): void => {};
  const logger = {
    debug: (_: object, said: string) => refused.push(said),
    info: nothing,
    warn: nothing,
    error: nothing,
  };
  await using stranger = elector({ election: "users", id: "b", username: "root", password: "guess", logger });
  await stranger.start();
  await using a = await leading({ election: "users", id: "a", username: "root", password: "secret" });
  expect(a.isLeader()).toBe(true);
  expect(stranger.leader()).toBeUndefined();
  await expect.poll(() => refused[0]).toMatch(/authenticate at .*authentication failed/);
  await a.stop();
});
