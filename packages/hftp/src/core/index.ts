/** The pure half of @lab/hftp: requests, replies and the state machines, without any I/O. */

export { Admission, type AdmissionOptions, type Verdict } from "./admission.js";
export type { ClientInput, ClientOutput, ClientSessionOptions } from "./client-messages.js";
export { ClientSession } from "./client-session.js";
export * from "./codes.js";
export { Download } from "./download.js";
export type { DownloadInput, DownloadMachineOptions, DownloadNotice, DownloadOutput } from "./download-messages.js";
export { type DownloadState, decodeDownloadState, encodeDownloadState, MAX_STATE_RANGES } from "./download-state.js";
export * from "./errors.js";
export type { LockOwner } from "./lock-lines.js";
export { printable, printableJson } from "./printable.js";
export { type Range, Ranges } from "./ranges.js";
export { type Reply, type ReplyEvent, type ReplyLimits, ReplyParser } from "./reply-parser.js";
export { type ParsedLine, RequestParser } from "./request-parser.js";
export * from "./requests.js";
export type { DirectoryEntry, FileFacts, ServedRequest, ServerInput, ServerOutput } from "./server-messages.js";
export type { ServerSessionOptions } from "./server-options.js";
export { ServerSession } from "./server-session.js";
export { renderTranscript, type TranscriptEntry, TranscriptRecorder } from "./transcript.js";
