/** The pure half of @lab/hftp: requests, replies and the state machines, without any I/O. */
export * from "./codes.js";
export * from "./errors.js";
export * from "./requests.js";
