/** Where `broadcast serve` keeps the log: in memory, in a folder, in a Redis, in a NATS. */
import type { Durability } from "../core/server-contract.js";
import { type Log, memoryLog } from "../node/log.js";
import { makeFolder } from "../node/make-folder.js";
import { usageError } from "./exit-codes.js";

export interface LogFlags {
  readonly log?: string;
  readonly durability?: Durability;
  readonly redis?: string;
  readonly nats?: string;
  readonly historyMessages?: number;
}

/** @throws BroadcastError `USAGE` for what does not go together */
export async function chooseLog({ log, durability, redis, nats, historyMessages }: LogFlags): Promise<Log> {
  const given = Object.entries({ "--log": log, "--redis": redis, "--nats": nats }).filter(
    ([, value]) => value !== undefined,
  );
  if (given.length > 1)
    throw usageError(`there is one log: ${given.map(([name]) => name).join(" and ")} are ${given.length}`);
  if (durability !== undefined && log === undefined) {
    throw usageError("--durability goes with --log DIR; a Redis or NATS has a durability of its own");
  }
  // A gateway's history is that of the log which it shares.
  const history = historyMessages === undefined ? {} : { historyMessages };
  // Loaded here, so that nobody waits for what is not used.
  if (log !== undefined) {
    const { loadClassicLevel } = await import("../node/level/database.js");
    await loadClassicLevel(); // without it there is to be no folder, either
    try {
      makeFolder(log);
    } catch (error) {
      throw usageError(`--log: the folder ${log} cannot be made: ${(error as Error).message}`, error);
    }
    const { levelLog } = await import("../node/level/index.js");
    return levelLog({ folder: log, ...(durability !== undefined && { durability }) });
  }
  if (redis !== undefined) {
    const { redisLog } = await import("../node/redis/index.js");
    return redisLog({ url: redis, ...history });
  }
  if (nats !== undefined) {
    const { natsLog } = await import("../node/nats/index.js");
    return natsLog({ servers: nats, ...history });
  }
  return memoryLog();
}
