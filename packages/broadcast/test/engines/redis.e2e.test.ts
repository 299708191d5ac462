/** Gateways over a real Redis (docs/broadcast.md B38 to B40). */

import { TcpProxy } from "@lab/simnet";
import { afterAll, beforeAll, expect } from "vitest";
import { component, itWith } from "../../../../test/components.js";
import { type RedisLogOptions, redisLog } from "../../src/node/redis/index.js";
import { sharedOf } from "./engine-under-test.js";
import { Gateway } from "./gateway.js";
import { restartSuite } from "./restart-suite.js";
import { servedSuite } from "./served-suite.js";
import { sharedLogSuite } from "./shared-log-suite.js";
import { type EngineServer, startRedis } from "./start-servers.js";

let redis: EngineServer;
beforeAll(async () => {
  if (component("redis").version !== undefined) redis = await startRedis();
});
afterAll(async () => {
  await redis?.[Symbol.asyncDispose]();
});

const shared = (options: Partial<RedisLogOptions> = {}) => sharedOf(redisLog({ url: redis.url, ...options }));
const it = (title: string, test: () => Promise<void>): void => itWith("redis", title, test);

sharedLogSuite(it, () => shared);
restartSuite(it, {
  log: (url = redis.url, askTimeoutMs = 4_000) => shared({ url, askTimeoutMs }),
  server: () => redis,
});
servedSuite(it, { name: "redis", log: (limits) => redisLog({ url: redis.url, ...limits }), server: () => redis });

it("B25, B40: a Redis that may have lost something goes on in another epoch, and all gateways are told", async () => {
  // Nothing is kept: the same as a loss of all that was not synced.
  await using forgetful = await startRedis({ appendOnly: true, appendFsync: "everysec" });
  const make = () => sharedOf(redisLog({ url: forgetful.url }));
  await using a = new Gateway(make(), "room");
  await using b = new Gateway(make(), "room");
  const { epoch } = await a.start();
  await b.start();
  const ana = await a.attach("ana");
  await a.publish(ana, 1, "one");
  await Promise.all([a.upTo(2), b.upTo(2)]);
  await forgetful.kill();
  await forgetful.start();
  await Promise.all([a.untilLost(), b.untilLost()]);
  const again = await a.open();
  expect(again.epoch).not.toBe(epoch);
  expect(again).toMatchObject({ previousEpoch: epoch, previousHead: again.head, epochStart: again.head + 1 });
  expect((await b.open()).epoch).toBe(again.epoch);
  expect([a.faults, b.faults]).toEqual([[], []]);
});

it("B40: a gateway that was cut off until the log was trimmed beyond it is told so, and hears nothing with a hole", async () => {
  const historyMessages = 20;
  await using proxy = new TcpProxy({ to: { host: "127.0.0.1", port: Number(new URL(redis.url).port) } });
  const { host, port } = await proxy.listen();
  await using a = new Gateway(shared({ historyMessages }), "cut off");
  await using b = new Gateway(shared({ historyMessages, url: `redis://${host}:${port}` }), "cut off");
  await a.start();
  await b.start();
  const ana = await a.attach("ana");
  await b.upTo(1);
  await proxy.refuse();
  proxy.resetAll();
  for (let seq = 1; seq <= 60; seq++) await a.publish(ana, seq, `${seq}`);
  await proxy.accept();
  expect(await b.untilLost()).toMatch(/trimmed beyond 1/);
  expect([b.head, b.faults]).toEqual([1, []]);
  expect(await b.open()).toMatchObject({ head: 61, firstRetained: 42 });
});

it("B25, B40: a Redis that was emptied while it ran is another log", async () => {
  await using a = new Gateway(shared(), "emptied");
  const { epoch } = await a.start();
  const ana = await a.attach("ana");
  const { Redis } = await import("ioredis");
  const client = new Redis(redis.url);
  await client.flushall();
  await client.quit();
  await expect(a.publish(ana, 1, "one")).rejects.toMatchObject({ code: "UNREACHABLE" });
  expect(await a.untilLost()).toMatch(/another/);
  const again = await a.open();
  expect(again).toMatchObject({ head: 0, epochStart: 1, previousEpoch: 0 });
  expect(again.epoch).not.toBe(epoch);
});

it("B38: a server does not start where Redis is not there, and says so", async () => {
  await expect(
    new Gateway(sharedOf(redisLog({ url: "redis://127.0.0.1:1", askTimeoutMs: 100 })), "x").start(),
  ).rejects.toMatchObject({ code: "UNREACHABLE" });
});
