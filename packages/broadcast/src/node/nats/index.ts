/** @lab/broadcast/nats: gateways over NATS JetStream (docs/broadcast.md B38 to B40). */
export { type NatsLogOptions, natsLog } from "./nats-log.js";
