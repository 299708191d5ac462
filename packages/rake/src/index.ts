/** @lab/rake: the server and the client for Node; parser and state machines alone are `@lab/rake/core`. */
export * from "./core/index.js";
export type { Logger } from "./node/logger.js";
export { readSecretFile } from "./node/secret.js";
export type { ServeOptions, ServerTlsOptions } from "./node/serve-options.js";
export { type RakeServer, serve } from "./node/server.js";
