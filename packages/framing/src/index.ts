/** @lab/framing: 8-byte big-endian length framing, as a pure core and the forms over it. */
export * from "./core/index.js";
export * from "./node/index.js";
export * from "./web/index.js";
