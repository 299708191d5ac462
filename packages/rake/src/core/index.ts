/** The pure core: the parser, codecs and machines. No I/O, no clock, no platform. */

export { type AllowedCommand, allowedWords, parseAllowed, splitCommand } from "./allow.js";
export { macOf } from "./auth.js";
export { BuildMachine, type BuildView } from "./build-machine.js";
export { type BuildMachineOptions, type BuildSettings, resolveBuildOptions } from "./build-options.js";
export type * from "./client-contract.js";
export { decodeClientMessage, decodeServerMessage, encode } from "./codec.js";
export { BuildError, RakeError, RakefileError, RemoteProtocolError } from "./errors.js";
export { type ExplainOptions, explainText, reasonsText } from "./explain-text.js";
export { type Dialect, dialectOf, type Spoken } from "./first-bytes.js";
export { fromHex, isDigest, toHex } from "./hex.js";
export { kindOf } from "./kind.js";
export * from "./message-limits.js";
export * from "./messages.js";
export { isPattern, matches, pathFault } from "./paths.js";
export {
  type BidView,
  type BusyView,
  type Placement,
  type PlacementQuestion,
  POLICIES,
  type Policy,
  type PolicyName,
} from "./placement.js";
export type * from "./plan.js";
export type { Platform } from "./platform.js";
export {
  DEFAULT_PORT,
  MAX_ACTIONS,
  MAX_FAULTS,
  MAX_LINE_BYTES,
  MAX_PATHS,
  MAX_RAKEFILE_BYTES,
  type ParsedRakefile,
  parseRakefile,
  type RakefileOptions,
  renderFaults,
} from "./rakefile.js";
export {
  type ActionReport,
  type AttemptReport,
  type BidReport,
  type BuildReport,
  emptyReport,
  type HostReport,
  ReportBuilder,
  type RoundReport,
} from "./report.js";
export type * from "./server-contract.js";
export { ServerMachine } from "./server-machine.js";
export { resolveServerOptions, type ServerMachineOptions, type ServerSettings } from "./server-options.js";
export { type TimelineOptions, timelineHtml } from "./timeline.js";
export { type BuildTotals, totalsOf, totalsText } from "./totals.js";
export { traceJson } from "./trace.js";
export {
  encodeV1,
  isText,
  MAX_U32,
  maxInteger,
  V1Decoder,
  type V1Event,
  type V1Limits,
  type V1Message,
  v1NameFault,
} from "./v1-codec.js";
