/** @lab/rake: the server and the client for Node; parser and state machines alone are `@lab/rake/core`. */
export * from "./core/index.js";
export { build } from "./node/build.js";
export type { BuildOptions } from "./node/build-options.js";
export type { ActionEngine, RunningAction, StartAction } from "./node/engine.js";
export type { HostTls } from "./node/host-socket.js";
export type { Logger } from "./node/logger.js";
export type { Show, Shown } from "./node/screen.js";
export { readSecretFile } from "./node/secret.js";
export type { ServeOptions, ServerTlsOptions } from "./node/serve-options.js";
export { type RakeServer, serve } from "./node/server.js";
