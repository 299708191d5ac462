/** @lab/broadcast/redis: gateways over Redis Streams (docs/broadcast.md B38 to B40). */
export { type RedisLogOptions, redisLog } from "./redis-log.js";
