/** @lab/election: a leader, and the next in line; the state machine alone is `@lab/election/core`. */
export * from "./core/index.js";
export { type Clocks, systemClocks } from "./node/clocks.js";
export { createElector, type NodeElector } from "./node/elector.js";
export type { ElectorOptions } from "./node/elector-options.js";
export { ElectorError, QueryError, StorageError } from "./node/errors.js";
export { fileStorage, storagePath } from "./node/file-storage.js";
export { deviceInfo, hostLoad } from "./node/host-metrics.js";
export type { Logger } from "./node/logger.js";
export { nodePlatform } from "./node/platform.js";
export { type QueryOptions, queryNode, type RetireOptions, retireLeader } from "./node/query.js";
export { type ElectionStorage, memoryStorage } from "./node/storage.js";
