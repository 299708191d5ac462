/** A log that gateways share, in NATS JetStream. */
import type { ConnectionOptions } from "@nats-io/transport-node";
import { whole } from "../../core/option-checks.js";
import { MAX_LISTED_MEMBERS } from "../../core/welcome-size.js";
import type { Log } from "../log.js";
import { NatsShared } from "./nats-shared.js";

export interface NatsLogOptions {
  /** "host:port" or "nats://host:port", one or several of one cluster. */
  readonly servers: string | readonly string[];
  /** What streams (before "-") and subjects (before ".") begin with: letters, digits, "-" and "_". Default "lab-broadcast". Gateways of one log have the same one. */
  readonly prefix?: string;
  /** More for the client library's `connect`: user, password, token, tls and the like. Default none. */
  readonly connection?: Omit<ConnectionOptions, "servers">;
  /** Servers of a cluster that have a copy of a room that is made: 1, 3 or 5. Default 1. */
  readonly replicas?: number;
  /** Newest entries that are held of each room (B17). Default 100,000, to 100,000,000. */
  readonly historyMessages?: number;
  /** Bytes of them, as they stand in a BATCH (B17), to a 64th. Default 64 MiB. */
  readonly historyBytes?: number;
  /** Sessions of a room (B23). Default 10,000, to 239,673: as many members as a WELCOME can name (B5). */
  readonly maxSessions?: number;
  /** How long a session that left is kept (B23). Default 24 hours, from 0 ms. */
  readonly sessionTtlMs?: number;
  /** How long a request waits for NATS, over reconnections, before its fate counts as unknown. Default 4,000 ms. */
  readonly askTimeoutMs?: number;
  /** How long NATS may owe an answer before it is asked again, and how long connecting may take. Default 1,000 ms. */
  readonly answerTimeoutMs?: number;
}

const MILLION = 1_000_000;

/**
 * Keeps the entries of all rooms in NATS JetStream (nats-server 2.9 or later), for any number of gateways. Needs the packages
 * `@nats-io/transport-node` and `@nats-io/jetstream`. A message, with its entry's 17 bytes, must fit a quarter of the server's
 * `max_payload` (1 MiB) with others, and all of it alone.
 *
 * ```ts
 * await using server = await serve({ log: natsLog({ servers: "127.0.0.1:4222" }) });
 * ```
 *
 * What is lost is NATS's to say. What one server acknowledged survives its own death (`kill -9`), but it syncs its files to the disk
 * only every two minutes: where its machine loses power, up to so much of what was acknowledged is gone, and D does not hold over
 * that. A gateway that had read more than is left opens a new epoch, so that clients are told (G); where none had that is still
 * there, it goes unnoticed. With `replicas: 3` in a cluster on three machines that takes the loss of two at once.
 *
 * A server does not start (`LOG`, the reason being its cause) where a package is missing (`NOT_INSTALLED`), or NATS or its JetStream
 * cannot be reached (`UNREACHABLE`).
 *
 * @throws TypeError or RangeError for a wrong option
 */
export function natsLog(options: NatsLogOptions): Log {
  const { servers, prefix = "lab-broadcast", connection = {} } = options;
  const list = typeof servers === "string" ? [servers] : [...(servers ?? [])];
  if (list.length === 0 || list.some((one) => typeof one !== "string" || one === "")) {
    throw new TypeError("servers must be one address or a list of addresses");
  }
  if (typeof prefix !== "string" || !/^[A-Za-z0-9_-]{1,64}$/.test(prefix)) {
    throw new TypeError("prefix must be 1 to 64 letters, digits, - and _");
  }
  const replicas = whole("replicas", options.replicas, { default: 1, min: 1, max: 5 });
  const timeout = { min: 1, max: 2 ** 31 - 1 };
  const bytes = { default: 64 * 2 ** 20, min: 1, max: Number.MAX_SAFE_INTEGER };
  return {
    kind: "shared",
    shared: new NatsShared({
      connection: { ...connection, servers: list },
      prefix,
      replicas,
      historyMessages: whole("historyMessages", options.historyMessages, {
        default: 100_000,
        min: 1,
        max: 100 * MILLION,
      }),
      historyBytes: whole("historyBytes", options.historyBytes, bytes),
      maxSessions: whole("maxSessions", options.maxSessions, { default: 10_000, min: 1, max: MAX_LISTED_MEMBERS }),
      sessionTtlMs: whole("sessionTtlMs", options.sessionTtlMs, { default: 86_400_000, min: 0, max: 2 ** 31 - 1 }),
      askTimeoutMs: whole("askTimeoutMs", options.askTimeoutMs, { default: 4_000, ...timeout }),
      answerTimeoutMs: whole("answerTimeoutMs", options.answerTimeoutMs, { default: 1_000, ...timeout }),
    }),
  };
}
