/** Gateways over a real Redis (docs/broadcast.md B38 to B40). */
import { afterAll, beforeAll } from "vitest";
import { component, itWith } from "../../../../test/components.js";
import type { SharedLog } from "../../src/node/log.js";
import { type RedisLogOptions, redisLog } from "../../src/node/redis/index.js";
import { sharedLogSuite } from "./shared-log-suite.js";
import { type EngineServer, startRedis } from "./start-servers.js";

let redis: EngineServer;
beforeAll(async () => {
  if (component("redis").version !== undefined) redis = await startRedis();
});
afterAll(async () => {
  await redis?.[Symbol.asyncDispose]();
});

function shared(options: Partial<RedisLogOptions> = {}): SharedLog {
  const log = redisLog({ url: redis.url, ...options });
  if (log.kind !== "shared") throw new Error("a log of another kind");
  return log.shared;
}

sharedLogSuite(
  (title, test) => itWith("redis", title, test),
  () => shared,
);
