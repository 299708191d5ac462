/** A log that gateways share, in Redis Streams. */
import { whole } from "../../core/option-checks.js";
import { MAX_LISTED_MEMBERS } from "../../core/welcome-size.js";
import type { Log } from "../log.js";
import { type OnRestart, RedisShared } from "./redis-shared.js";

export interface RedisLogOptions {
  /** As ioredis takes it: `redis://[[user]:password@]host[:port][/database]`, `rediss://` for TLS. */
  readonly url: string;
  /** What all keys begin with. Default "lab-broadcast:". Gateways of one log have the same one. */
  readonly prefix?: string;
  /** Newest entries that are held of each room (B17). Default 100,000, to 100,000,000. */
  readonly historyMessages?: number;
  /** Bytes of them, as they stand in a BATCH (B17). Default 64 MiB. */
  readonly historyBytes?: number;
  /** Sessions of a room (B23). Default 10,000, to 239,673: as many members as a WELCOME can name (B5). */
  readonly maxSessions?: number;
  /** How long a session that left is kept (B23). Default 24 hours, from 0 ms. */
  readonly sessionTtlMs?: number;
  /** How long a request waits for Redis, over reconnections, before its fate counts as unknown. Default 4,000 ms. */
  readonly askTimeoutMs?: number;
  /** How long Redis may owe an answer before the connection counts as dead, and how long connecting may take. Default 2,000 ms. */
  readonly answerTimeoutMs?: number;
  /**
   * Whether epochs go on when Redis was started anew, or another Redis took over. Default "auto": only where Redis says
   * `appendonly yes` and `appendfsync always`, and was no replica before: then nothing that was acknowledged can have been lost.
   * - "go on": you know that nothing can have been lost. Where something was, numbers are given twice, to different messages.
   * - "new epoch": always a new one, as B25 has it for a log in memory.
   */
  readonly onRestart?: OnRestart;
}

const ON_RESTART: readonly OnRestart[] = ["auto", "go on", "new epoch"];
const MILLION = 1_000_000;

/**
 * Keeps the entries of all rooms in Redis (7.0 or later, one server, `maxmemory-policy noeviction`), for any number of gateways.
 * Needs the package `ioredis`.
 *
 * ```ts
 * await using server = await serve({ log: redisLog({ url: "redis://127.0.0.1:6379" }) });
 * ```
 *
 * What is lost is Redis's to say. With `appendonly yes` and `appendfsync always` nothing that was acknowledged is (guarantees A to G
 * hold over `kill -9` and loss of power). With `appendfsync everysec`, the default of `appendonly yes`, up to a second of it is (two
 * while the disk is slow), and with snapshots alone, the default of Redis, all since the last one: D does not hold over a restart
 * of Redis, which opens a new epoch, so that clients are told (G).
 *
 * A server does not start (`LOG`, the reason being its cause) where the package is missing (`NOT_INSTALLED`) or Redis cannot be
 * reached in `askTimeoutMs` (`UNREACHABLE`).
 *
 * @throws TypeError or RangeError for a wrong option
 */
export function redisLog(options: RedisLogOptions): Log {
  const { url, prefix = "lab-broadcast:", onRestart = "auto" } = options;
  if (typeof url !== "string" || !/^rediss?:\/\//.test(url)) {
    throw new TypeError("url must begin with redis:// or rediss://");
  }
  if (typeof prefix !== "string" || /[{}]/.test(prefix)) throw new TypeError("prefix must be a string without braces");
  if (!ON_RESTART.includes(onRestart)) throw new RangeError(`onRestart must be one of ${ON_RESTART.join(", ")}`);
  const timeout = { min: 1, max: 2 ** 31 - 1 };
  return {
    kind: "shared",
    shared: new RedisShared({
      url,
      prefix,
      onRestart,
      historyMessages: whole("historyMessages", options.historyMessages, {
        default: 100_000,
        min: 1,
        max: 100 * MILLION,
      }),
      historyBytes: whole("historyBytes", options.historyBytes, {
        default: 64 * 2 ** 20,
        min: 1,
        max: Number.MAX_SAFE_INTEGER,
      }),
      maxSessions: whole("maxSessions", options.maxSessions, { default: 10_000, min: 1, max: MAX_LISTED_MEMBERS }),
      sessionTtlMs: whole("sessionTtlMs", options.sessionTtlMs, { default: 86_400_000, min: 0, max: 2 ** 31 - 1 }),
      askTimeoutMs: whole("askTimeoutMs", options.askTimeoutMs, { default: 4_000, ...timeout }),
      answerTimeoutMs: whole("answerTimeoutMs", options.answerTimeoutMs, { default: 2_000, ...timeout }),
    }),
  };
}
