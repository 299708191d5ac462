/** Redis Streams: XADD in pipelines, each subscriber reads with XREAD BLOCK. */
import { Redis } from "ioredis";
import type { Peer } from "../peer.js";
import { serveRedis } from "./real-servers.js";

const PIPELINE = 1_024;

export const redisStreams: Peer = {
  serve: () => serveRedis(),

  async subscribe(address, tally) {
    const redis = new Redis(address);
    let last = "0-0";
    const follow = async (): Promise<void> => {
      for (;;) {
        const found = await redis.xreadBuffer("COUNT", 1_000, "BLOCK", 0, "STREAMS", "main", last);
        for (const [, entries] of found ?? []) {
          for (const [id, fields] of entries) {
            last = id.toString();
            tally.message(fields[1] as Buffer);
          }
        }
      }
    };
    void follow();
  },

  async publisher(address) {
    const redis = new Redis(address);
    return async (payloads) => {
      for (let at = 0; at < payloads.length; at += PIPELINE) {
        const pipeline = redis.pipeline();
        for (const one of payloads.slice(at, at + PIPELINE)) {
          pipeline.xadd("main", "MAXLEN", "~", 100_000, "*", "b", one as Buffer);
        }
        await pipeline.exec();
      }
    };
  },
};
