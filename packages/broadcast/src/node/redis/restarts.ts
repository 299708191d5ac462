/** Which Redis it is that a connection leads to, and whether it can have lost something when it was started (B25). */
import type { Redis } from "ioredis";

export type OnRestart = "auto" | "go on" | "new epoch";

export interface RedisFacts {
  /** Drawn by Redis at each of its starts. */
  readonly run: string;
  /** Nothing that was acknowledged before the start can be missing. */
  readonly isSafe: boolean;
}

export async function redisFacts(client: Redis, onRestart: OnRestart): Promise<RedisFacts> {
  const info = `${await client.info("server")}\r\n${await client.info("replication")}`;
  const run = /^run_id:(\w+)/m.exec(info)?.[1];
  if (run === undefined) throw new Error("Redis does not say its run_id");
  if (onRestart !== "auto") return { run, isSafe: onRestart === "go on" };
  // A replica that took over names the history that it was told of before; it may not have been told of all.
  const tookOver = !/^master_replid2:0{40}/m.test(info);
  return { run, isSafe: !tookOver && (await syncsAlways(client)) };
}

/** How Redis is set up to lose entries, each with what is lost and what helps. */
export async function redisWarnings(client: Redis): Promise<string[]> {
  const memory = await client.info("memory");
  const persistence = await client.info("persistence");
  const policy = /^maxmemory_policy:([\w-]+)/m.exec(memory)?.[1] ?? "noeviction";
  const warnings: string[] = [];
  if (policy !== "noeviction") {
    warnings.push(
      `Redis has maxmemory-policy ${policy}: where its memory is full it drops whole rooms, their logs and sessions, and says nothing; set noeviction`,
    );
  }
  if (/^aof_enabled:0/m.test(persistence)) {
    warnings.push(
      "Redis has appendonly no: when it ends, all that was said since its last snapshot is lost, and acknowledged messages with it; set appendonly yes and appendfsync always",
    );
  }
  return warnings;
}

async function syncsAlways(client: Redis): Promise<boolean> {
  try {
    const appendOnly = await client.config("GET", "appendonly");
    const sync = await client.config("GET", "appendfsync");
    return (appendOnly as string[])[1] === "yes" && (sync as string[])[1] === "always";
  } catch {
    return false; // not everybody may ask
  }
}
