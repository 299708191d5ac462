/** @lab/stopwait-udp: stop-and-wait file transfer over UDP; the state machines alone are `@lab/stopwait-udp/core`. */
export * from "./core/index.js";
