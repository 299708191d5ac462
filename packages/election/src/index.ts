/** @lab/election: a leader, and the next in line; the state machine alone is `@lab/election/core`. */
export * from "./core/index.js";
