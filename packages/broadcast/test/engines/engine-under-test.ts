/** What the schedules need of an engine: its real server, and logs of it for gateways. */
import type { Log, SharedLog } from "../../src/node/log.js";
import { natsLog } from "../../src/node/nats/index.js";
import { redisLog } from "../../src/node/redis/index.js";
import { type EngineServer, startNats, startRedis } from "./start-servers.js";

export type EngineName = "redis" | "nats";

export interface EngineUnderTest extends AsyncDisposable {
  readonly name: EngineName;
  readonly server: EngineServer;
  log(limits: { readonly historyMessages: number }): Log;
}

/** Redis with `appendonly yes` and `appendfsync always`, NATS as it is. */
export async function startEngine(name: EngineName): Promise<EngineUnderTest> {
  const server = await (name === "redis" ? startRedis() : startNats());
  return {
    name,
    server,
    log: (limits) =>
      name === "redis" ? redisLog({ url: server.url, ...limits }) : natsLog({ servers: server.url, ...limits }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

export function sharedOf(log: Log): SharedLog {
  if (log.kind !== "shared") throw new Error("a log of another kind");
  return log.shared;
}
