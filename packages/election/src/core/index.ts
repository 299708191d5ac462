/** The pure core: messages, the machine of a node, tokens. No I/O, no clock, no platform. */

export { decodeMessage, encodeMessage } from "./codec.js";
export type {
  ClusterView,
  ElectionInput,
  ElectionOutput,
  ElectionView,
  Elector,
  ElectorEvents,
  Fallback,
  HostRow,
  LeaderInfo,
  Mode,
  Role,
  StepDownReason,
  Stored,
  Target,
  TroubleKind,
} from "./contract.js";
export { createElection, Election } from "./election.js";
export { ElectionError, LocalProtocolError, RemoteProtocolError, StaleTokenError } from "./errors.js";
export { framed } from "./framed-payload.js";
export { classicScore, type Device, type Load, linearScore, type Score } from "./load.js";
export type { Member } from "./members.js";
export {
  type Body,
  type BodyOf,
  type BodyType,
  type Header,
  MAX_PAYLOAD_BYTES,
  type Message,
  type Release,
} from "./messages.js";
export type { ElectionOptions, Platform } from "./options.js";
export { PayloadStream } from "./payload-stream.js";
export { type SharedSettings, settingsOf } from "./settings.js";
export type { Now, Stamp } from "./stamp.js";
export { compareToken, FencedResource, type Token } from "./token.js";
export { ViewReader, type ViewReaderOptions } from "./view-reader.js";
