/** The pure half of @lab/hftp: requests, replies and the state machines, without any I/O. */

export { Admission, type AdmissionOptions, type Verdict } from "./admission.js";
export * from "./codes.js";
export * from "./errors.js";
export { type ParsedLine, RequestParser } from "./request-parser.js";
export * from "./requests.js";
export type { DirectoryEntry, FileFacts, ServedRequest, ServerInput, ServerOutput } from "./server-messages.js";
export type { ServerSessionOptions } from "./server-options.js";
export { ServerSession } from "./server-session.js";
