/** @lab/rake: the server and the client for Node; parser and state machines alone are `@lab/rake/core`. */
export * from "./core/index.js";
