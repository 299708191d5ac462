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
export { DEFAULT_PORT, DEFAULT_PROXY_PORT } from "./ports.js";
