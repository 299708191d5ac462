/** The connection to NATS, which the client library makes again and again by itself. */
import type { JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import type { ConnectionOptions, NatsConnection } from "@nats-io/transport-node";
import { BroadcastError } from "../../core/errors.js";

export interface NatsLink {
  readonly connection: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
}

const missing = new Set(["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"]);

/** Without what a user is known by. */
function addressesOf(servers: ConnectionOptions["servers"] = "127.0.0.1:4222"): string {
  return [servers]
    .flat()
    .map((one) => one.replace(/^(\w+:\/\/)?[^/]*@/, "$1"))
    .join(", ");
}

/** @throws BroadcastError `NOT_INSTALLED` where a package is missing, `UNREACHABLE` where NATS or its JetStream is */
export async function natsLink(
  options: ConnectionOptions,
  timeoutMs: number,
  load: () => Promise<unknown> = () => Promise.all([import("@nats-io/transport-node"), import("@nats-io/jetstream")]),
): Promise<NatsLink> {
  let modules: [typeof import("@nats-io/transport-node"), typeof import("@nats-io/jetstream")];
  try {
    modules = (await load()) as typeof modules;
  } catch (cause) {
    const { code = "", message } = cause as NodeJS.ErrnoException;
    const packages = "@nats-io/transport-node @nats-io/jetstream";
    const why = missing.has(code) ? `are not both installed: npm install ${packages}` : `cannot be loaded: ${message}`;
    throw new BroadcastError("NOT_INSTALLED", `gateways over NATS need ${packages}, which ${why}`, { cause });
  }
  const [transport, jetstream] = modules;
  let connection: NatsConnection | undefined;
  try {
    connection = await transport.connect({
      ...options,
      timeout: timeoutMs,
      // It never gives up, and it is found out soon that nobody is there.
      maxReconnectAttempts: -1,
      ignoreAuthErrorAbort: true,
      reconnectTimeWait: 100,
      reconnectJitter: 50,
      reconnectJitterTLS: 50,
      pingInterval: 2_000,
      maxPingOut: 2,
    });
    const manager = await jetstream.jetstreamManager(connection, { timeout: timeoutMs });
    return { connection, manager, jetstream: jetstream.jetstream(connection, { timeout: timeoutMs }) };
  } catch (cause) {
    await connection?.close();
    const where = addressesOf(options.servers);
    if (connection === undefined) {
      throw new BroadcastError("UNREACHABLE", `NATS at ${where} cannot be reached: ${(cause as Error).message}`, {
        cause,
      });
    }
    const { message } = cause as Error;
    const why = `NATS at ${where} has no JetStream (${message}): it is started with nats-server -js -sd DIR`;
    throw new BroadcastError("UNREACHABLE", why, { cause });
  }
}
