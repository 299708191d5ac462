/** @lab/hftp: the server and the client for Node; the state machines alone are `@lab/hftp/core`. */
export * from "./core/index.js";
export {
  type ClientOptions,
  HftpClient,
  type OperationOptions,
  type ReadOptions,
  type SliceOptions,
} from "./node/client.js";
export type { ConnectionOptions } from "./node/connection.js";
export { type DownloadOptions, type DownloadProgress, type DownloadResult, download } from "./node/download.js";
export type { Logger } from "./node/logger.js";
export {
  DEFAULT_PORT,
  HftpServer,
  type HftpServerEvents,
  type HftpServerOptions,
  type ListenOptions,
  type ServedEvent,
  serve,
} from "./node/server.js";
