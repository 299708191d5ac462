/** The names of the options of `serve`. */
import { kindOf } from "../core/option-checks.js";
import { type KeysOf, refuseUnknownKeys } from "./known-keys.js";
import { checkFunctions, checkLogger } from "./option-kinds.js";
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
  maxLagLines: true,
  rooms: true,
  onSlow: true,
  maxFrameBytes: true,
  maxMessageBytes: true,
  publishWindow: true,
  maxCommitBytes: true,
  maxPublishRate: true,
  maxControlRate: true,
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

/** @throws TypeError for an option that does not exist, which names the one that it resembles most, and for one of a wrong kind */
export function checkServeOptions(options: ServeOptions): void {
  refuseUnknownKeys(options, KNOWN);
  const { tls, log, logger, snapshot } = options;
  if (tls !== undefined) {
    if (typeof tls !== "object" || tls === null) throw new TypeError(`tls must be { cert, key }, not ${kindOf(tls)}`);
    refuseUnknownKeys(tls, KNOWN_TLS);
  }
  if (log !== undefined && !isLog(log)) {
    throw new TypeError("log must be what memoryLog(), levelLog(), redisLog() or natsLog() returned");
  }
  checkFunctions({ snapshot });
  checkLogger(logger);
}

/** In plain JavaScript it may be anything. */
function isLog(log: unknown): boolean {
  if (typeof log !== "object" || log === null) return false;
  const { kind, store, shared } = log as Readonly<Record<string, unknown>>;
  const isThere = (one: unknown): boolean => typeof one === "object" && one !== null;
  return kind === "memory" || (kind === "durable" && isThere(store)) || (kind === "shared" && isThere(shared));
}
