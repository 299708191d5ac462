/** @lab/simnet: a deterministic network simulator, and real lossy proxies. */
export * from "./core/index.js";
