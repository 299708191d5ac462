/** The pure core: the parser, codecs and machines. No I/O, no clock, no platform. */

export type * from "./client-contract.js";
export { BuildError, RakeError, RakefileError, RemoteProtocolError } from "./errors.js";
export * from "./messages.js";
export type * from "./plan.js";
export type { Platform } from "./platform.js";
export type * from "./server-contract.js";
