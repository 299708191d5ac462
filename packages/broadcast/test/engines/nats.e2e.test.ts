/** Gateways over a real NATS (docs/broadcast.md B38 to B40). */
import { afterAll, beforeAll } from "vitest";
import { component, itWith } from "../../../../test/components.js";
import type { SharedLog } from "../../src/node/log.js";
import { type NatsLogOptions, natsLog } from "../../src/node/nats/index.js";
import { sharedLogSuite } from "./shared-log-suite.js";
import { type EngineServer, startNats } from "./start-servers.js";

let nats: EngineServer;
beforeAll(async () => {
  if (component("nats").version !== undefined) nats = await startNats();
});
afterAll(async () => {
  await nats?.[Symbol.asyncDispose]();
});

function shared(options: Partial<NatsLogOptions> = {}): SharedLog {
  const log = natsLog({ servers: nats.url, ...options });
  if (log.kind !== "shared") throw new Error("a log of another kind");
  return log.shared;
}

sharedLogSuite(
  (title, test) => itWith("nats", title, test),
  () => shared,
);
