/** @lab/broadcast: the server and the client for Node; the state machines alone are `@lab/broadcast/core`. */
export * from "./core/index.js";
export { type ClientTlsOptions, type JoinOptions, join, type NoticeOf, type Room } from "./node/client.js";
export {
  type Log,
  memoryLog,
  type RoomStore,
  type SharedListener,
  type SharedLog,
  type StoreWrite,
} from "./node/log.js";
export type { Logger } from "./node/logger.js";
export { nodePlatform } from "./node/platform.js";
export {
  type BroadcastServer,
  type ServeOptions,
  type ServerTlsOptions,
  serve,
} from "./node/server.js";
