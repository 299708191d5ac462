/** The pure half of @lab/stopwait-udp: packets and state machines, without any I/O. */

export type {
  Address,
  ClientOutput,
  FileEffect,
  FileFact,
  FileResult,
  Outcome,
  Platform,
  ServerOutput,
  Sha256,
  TransferInput,
  TransferOutput,
} from "./contract.js";
export { LocalProtocolError, RemoteProtocolError, StopwaitError } from "./errors.js";
export { MAX_NAME_BYTES, type NameFault, nameFault, PARTS_FOLDER } from "./names.js";
export { DEFAULT_PORT, DEFAULT_PROXY_PORT } from "./ports.js";
