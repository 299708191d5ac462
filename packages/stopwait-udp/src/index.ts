/** @lab/stopwait-udp: stop-and-wait file transfer over UDP; the state machines alone are `@lab/stopwait-udp/core`. */
export * from "./core/index.js";
export { SocketError, TransferError, UnknownOutcomeError } from "./node/errors.js";
export { type GetOptions, type GetResult, get } from "./node/get.js";
export type { Logger } from "./node/logger.js";
export { nodePlatform } from "./node/platform.js";
export { type PutOptions, put } from "./node/put.js";
export {
  type ListenOptions,
  type ServedTransfer,
  StopwaitUdpServer,
  type StopwaitUdpServerEvents,
  type StopwaitUdpServerOptions,
  serve,
} from "./node/server.js";
export type { TransferEvent, TransferResult } from "./node/transfer.js";
export type { SeenDatagram, TransferOptions, TransferProgress } from "./node/transfer-options.js";
export type { RoundTrips, Statistics } from "./node/transfer-statistics.js";
