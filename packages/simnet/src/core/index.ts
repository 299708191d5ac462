/** The pure half of @lab/simnet: the simulator, the explorer, traces and captures, without any I/O. */

export { type CaptureOptions, capturePcapng } from "./capture-pcapng.js";
export type { CreateProgram, Endpoint, NodeEnvironment, NodeInput, NodeOutput, NodeProgram } from "./contract.js";
export { COURSE, COURSE_PROXY_PORT, COURSE_SERVER_PORT } from "./course.js";
export { type DiagramOptions, renderDiagram } from "./diagram.js";
export type { DiskOptions, Unsynced } from "./disk.js";
export { SimnetError } from "./errors.js";
export { type ReplayedSchedule, replaySchedule } from "./explore-replay.js";
export {
  type ExplorationReport,
  type ExploredStep,
  type FailingSchedule,
  renderExploration,
  renderSchedule,
} from "./explore-report.js";
export type {
  ExplorationProgress,
  ExploredCommand,
  ExploredWorld,
  ExploreOptions,
  PossibleCrash,
  PossibleFaults,
  Scenario,
} from "./explore-scenario.js";
export { explore } from "./explorer.js";
export type { Fault, FaultSchedule, FaultType, PacketFault, TimedFault } from "./faults.js";
export { type Impairments, type ResolvedImpairments, resolveImpairments } from "./impairments.js";
export type { SocketAddress } from "./ip-packet.js";
export { type Fate, type Forced, LinkModel } from "./link-model.js";
export { type PacketNote, PcapngWriter, type PcapngWriterOptions } from "./pcapng-writer.js";
export { Random } from "./random.js";
export { type RenderTraceOptions, renderTrace } from "./render-trace.js";
export { type SettleOptions, settle } from "./settle.js";
export { type StreamImpairments, StreamModel, type StreamPiece } from "./stream-model.js";
export type { StreamOptions } from "./stream-options.js";
export { drawSwarm } from "./swarm.js";
export { type Side, type StreamPlace, TcpCapture, type TcpCaptureOptions } from "./tcp-capture.js";
export type { Describe, TraceEvent } from "./trace.js";
export type { TrafficCounts } from "./trace-recorder.js";
export { type NodeView, World } from "./world.js";
export type { LinkOptions, NodeOptions, RunOptions, RunResult, WorldOptions } from "./world-options.js";
