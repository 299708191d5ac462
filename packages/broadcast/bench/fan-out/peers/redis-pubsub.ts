/** Redis pub/sub: PUBLISH in pipelines, nothing kept. */
import { Redis } from "ioredis";
import type { Peer } from "../peer.js";
import { serveRedis } from "./real-servers.js";

const PIPELINE = 1_024;

export const redisPubSub: Peer = {
  serve: () => serveRedis(),

  async subscribe(address, tally) {
    const redis = new Redis(address);
    redis.on("messageBuffer", (_channel: Buffer, message: Buffer) => tally.message(message));
    await redis.subscribe("main");
  },

  async publisher(address) {
    const redis = new Redis(address);
    return async (payloads) => {
      for (let at = 0; at < payloads.length; at += PIPELINE) {
        const pipeline = redis.pipeline();
        for (const one of payloads.slice(at, at + PIPELINE)) pipeline.publish("main", one as Buffer);
        await pipeline.exec();
      }
    };
  },
};
