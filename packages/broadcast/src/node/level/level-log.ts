/** A durable log in a folder, on LevelDB. */
import { oneOf, whole } from "../../core/option-checks.js";
import type { Durability } from "../../core/server-contract.js";
import type { Log } from "../log.js";
import { Database } from "./database.js";
import { LevelStore } from "./level-store.js";

export interface LevelLogOptions {
  /** Where the database is; made where it does not exist. It belongs to one server at a time. */
  readonly folder: string;
  /**
   * When an entry counts as stored, and so is delivered and acknowledged (B25). Default "written".
   * - "memory": at once; it is written within `flushAfterMs`, with others. What a crash of the server loses was acknowledged; its
   *   restart opens a new epoch, so that clients know.
   * - "written": when the operating system has it: a crash of the server (kill -9) loses nothing, a crash of the machine may.
   * - "fsync": when the disk has it: nothing is lost. Writes that wait for the disk at the same time are synced together.
   */
  readonly durability?: Durability;
  /** How long a start waits for a server that has the folder still, as one that is just ending has. Default 0 ms, to 3,600,000. */
  readonly lockWaitMs?: number;
  /** With "memory" alone: how long entries may stay unwritten. Default 50 ms, 0 to 60,000. */
  readonly flushAfterMs?: number;
  /** With "memory" alone: how many bytes may stay unwritten; above, entries wait. Default 8 MiB, 0 to 1 GiB. */
  readonly maxBufferedBytes?: number;
}

const DURABILITIES: readonly Durability[] = ["memory", "written", "fsync"];

/**
 * Keeps the entries of all rooms in a LevelDB database, so that they survive the server. Needs the package `classic-level`.
 *
 * ```ts
 * await using server = await serve({ log: levelLog({ folder: "./log" }) });
 * ```
 *
 * A log is used by one server. That server does not start (`LOG`, the reason being its cause) where the package is missing
 * (`NOT_INSTALLED`), another process has the folder (`LOCKED`) and keeps it for `lockWaitMs`, the folder has a database that is none of this version
 * (`NOT_A_LOG`), or LevelDB cannot open it (`STORE`).
 *
 * @throws TypeError or RangeError for a wrong option
 */
export function levelLog(options: LevelLogOptions): Log {
  const { folder } = options;
  if (typeof folder !== "string" || folder === "") throw new TypeError("folder must be the path of a folder");
  const durability = oneOf("durability", options.durability, DURABILITIES, "written");
  const flushAfterMs = whole("flushAfterMs", options.flushAfterMs, { default: 50, min: 0, max: 60_000 });
  const buffered = { default: 8 * 2 ** 20, min: 0, max: 2 ** 30 };
  const maxBufferedBytes = whole("maxBufferedBytes", options.maxBufferedBytes, buffered);
  const lockWaitMs = whole("lockWaitMs", options.lockWaitMs, { default: 0, min: 0, max: 3_600_000 });
  const database = new Database(folder, { lockWaitMs });
  return {
    kind: "durable",
    durability,
    store: new LevelStore({ database, durability, flushAfterMs, maxBufferedBytes }),
  };
}
