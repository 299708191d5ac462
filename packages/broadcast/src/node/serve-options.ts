/** The names of the options of `serve`. */
import { type KeysOf, refuseUnknownKeys } from "./known-keys.js";
import type { ServeOptions, ServerTlsOptions } from "./server.js";

const KNOWN: KeysOf<ServeOptions> = {
  host: true,
  port: true,
  log: true,
  secret: true,
  tls: true,
  insecure: true,
  snapshot: true,
  logger: true,
  lingerMs: true,
  highWaterBytes: true,
  rooms: true,
  onSlow: true,
  maxFrameBytes: true,
  maxMessageBytes: true,
  publishWindow: true,
  maxCommitBytes: true,
  maxPublishRate: true,
  historyMessages: true,
  historyBytes: true,
  maxLagMessages: true,
  maxLagBytes: true,
  maxLagMs: true,
  ackEvery: true,
  ackAfterMs: true,
  graceMs: true,
  maxSessions: true,
  sessionTtlMs: true,
  maxConnections: true,
  maxRooms: true,
  maxMembers: true,
  heartbeatMs: true,
  helloMs: true,
  engineMs: true,
};

const KNOWN_TLS: KeysOf<ServerTlsOptions> = { cert: true, key: true, ca: true };

/** @throws TypeError for an option that does not exist, which names the one that it resembles most */
export function checkServeOptions(options: ServeOptions): void {
  refuseUnknownKeys(options, KNOWN);
  if (options.tls !== undefined) refuseUnknownKeys(options.tls, KNOWN_TLS);
}
