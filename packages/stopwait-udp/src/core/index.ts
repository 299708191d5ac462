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
export { type DescribedPacket, describePacket } from "./describe-packet.js";
export { LocalProtocolError, RemoteProtocolError, StopwaitError } from "./errors.js";
export { MAX_NAME_BYTES, type NameFault, nameFault, PARTS_FOLDER } from "./names.js";
export { DEFAULT_PORT, DEFAULT_PROXY_PORT } from "./ports.js";
export { StopwaitServer, type StopwaitServerOptions } from "./server.js";
export type { V1ClientOptions } from "./v1-client.js";
export { V1GetClient, type V1GetOptions } from "./v1-get-client.js";
export {
  decodeV1Packet,
  encodeV1Packet,
  V1_BLOCK_BYTES,
  V1_HEADER_BYTES,
  V1_MAX_BLOCKS,
  V1_MAX_FILE_BYTES,
  type V1Packet,
} from "./v1-packet.js";
export { V1PutClient } from "./v1-put-client.js";
export { V1Receiver } from "./v1-receiver.js";
export type { V1TimerOptions } from "./v1-retransmission.js";
export { V1Sender } from "./v1-sender.js";
export { isLoopback, type V1Drops, V1Server, type V1ServerOptions } from "./v1-server.js";
export type { Checksum } from "./v2-checksum.js";
export type { V2ClientStatistics } from "./v2-client.js";
export type { V2ClientOptions } from "./v2-client-options.js";
export { wordOf } from "./v2-codes.js";
export { V2GetClient, type V2GetClientOptions } from "./v2-get-client.js";
export { V2PutClient, type V2PutClientOptions } from "./v2-put-client.js";
export { type V2Drops, V2Server } from "./v2-server.js";
export type { V2ServerOptions } from "./v2-server-options.js";
