/** The machines whose states are drawn, and what runs each of them: the simulation or the inputs of its own tests. */
import { ClientMachine } from "../../packages/broadcast/src/core/client-machine.js";
import { drawPlan as drawRoom } from "../../packages/broadcast/test/sim/plan.js";
import { runPlan as runRoom } from "../../packages/broadcast/test/sim/run-plan.js";
import { decodeMessage } from "../../packages/election/src/core/codec.js";
import type { ElectionInput } from "../../packages/election/src/core/contract.js";
import { Election } from "../../packages/election/src/core/election.js";
import type { Now } from "../../packages/election/src/core/stamp.js";
import { drawPlan as drawCluster } from "../../packages/election/test/sim/plan.js";
import { runPlan as runCluster } from "../../packages/election/test/sim/run-plan.js";
import { FrameDecoder } from "../../packages/framing/src/core/decoder.js";
import { ServerSession } from "../../packages/hftp/src/core/server-session.js";
import { simulate as simulateHftp } from "../../packages/hftp/test/sim/simulation.js";
import { RemoteAttempt } from "../../packages/rake/src/core/remote-attempt.js";
import { drawPlan as drawBuild } from "../../packages/rake/test/sim/plan.js";
import { runPlan as runBuild } from "../../packages/rake/test/sim/run-plan.js";
import type { TransferInput } from "../../packages/stopwait-udp/src/core/contract.js";
import { describePacket } from "../../packages/stopwait-udp/src/core/describe-packet.js";
import { V2Client } from "../../packages/stopwait-udp/src/core/v2-client.js";
import { V2GetClient } from "../../packages/stopwait-udp/src/core/v2-get-client.js";
import { V2PutClient } from "../../packages/stopwait-udp/src/core/v2-put-client.js";
import { v2With } from "../../packages/stopwait-udp/test/sim/dialects.js";
import { drawPlan as drawTransfers } from "../../packages/stopwait-udp/test/sim/plan.js";
import { runPlan as runTransfers } from "../../packages/stopwait-udp/test/sim/transfer-world.js";
import { decodeFrames } from "./framing-inputs.js";
import type { Fields, Watched } from "./recorder.js";

export interface DrawnMachine extends Watched {
  /** Of the picture, `docs/images/NAME-states.svg`. */
  readonly name: string;
  readonly title: string;
  /** Runs the machine with what a seed says. */
  readonly run: (seed: number) => void;
  /** Seeds that are run for the picture, and for a quick look whether it still says all. */
  readonly seeds: number;
  readonly fewSeeds: number;
}

const typeOfInput = (_method: string, [, input]: readonly { type: string }[]): string => input?.type ?? "";
const timeout = (type: string): string => (type === "tick" ? "a deadline" : type);

/** The messages, not just that one came. */
function electionLabel(_method: string, [, input]: readonly ElectionInput[]): string {
  if (input?.type !== "message") return timeout(input?.type ?? "");
  try {
    return decodeMessage(input.payload).body.type;
  } catch {
    return "garbage";
  }
}

function transferLabel(_method: string, [, input]: readonly TransferInput[]): string {
  if (input?.type !== "datagram") return timeout(input?.type ?? "");
  return describePacket(input.bytes).text.split(" ")[0] ?? "";
}

function transferState(_machine: unknown, fields: () => Fields): string {
  const { "#state": state, "#step": step } = fields();
  return String(state === "running" ? step : state);
}

const transfers = {
  machine: V2Client,
  methods: ["handle"],
  state: transferState,
  label: transferLabel,
  run: (seed: number) => void runTransfers(drawTransfers(seed, { corruption: true, maxDelayMs: 25_000 }), v2With()),
  seeds: 600,
  fewSeeds: 20,
};

function decoderState(decoder: FrameDecoder, fields: () => Fields): string {
  const { "#state": state, "#want": want, "#headerHave": have } = fields();
  if (decoder.error !== undefined) return "refused";
  if (state === "ended") return "ended";
  if (state === "taken") return "taken over";
  if (Number(want) >= 0) return "in a payload";
  return Number(have) > 0 ? "in a header" : "between frames";
}

export const machines: readonly DrawnMachine[] = [
  {
    name: "framing",
    title: "A decoder of frames",
    machine: FrameDecoder,
    methods: ["push", "end", "rest"],
    state: decoderState,
    label: (method) => `${method}()`,
    run: decodeFrames,
    seeds: 2_000,
    fewSeeds: 200,
  },
  {
    name: "hftp",
    title: "A connection, as the server has it",
    machine: ServerSession,
    methods: ["handle"],
    state: (_session: ServerSession, fields) => String(fields()["#state"]),
    label: (method, args) => timeout(typeOfInput(method, args)),
    run: (seed) => void simulateHftp(seed, 1),
    seeds: 300,
    fewSeeds: 10,
  },
  {
    ...transfers,
    name: "stopwait-get",
    title: "A client that fetches (v2)",
    only: (one) => one instanceof V2GetClient,
  },
  { ...transfers, name: "stopwait-put", title: "A client that stores (v2)", only: (one) => one instanceof V2PutClient },
  {
    name: "election",
    title: "A node (quorum)",
    machine: Election,
    methods: ["handle"],
    state: (node: Election, _fields, [now]: readonly Now[]) => (now === undefined ? "" : node.view(now).role),
    label: electionLabel,
    run: (seed) => void runCluster(drawCluster(seed, "quorum")),
    seeds: 120,
    fewSeeds: 4,
  },
  {
    name: "broadcast",
    title: "A client",
    machine: ClientMachine,
    methods: ["handle"],
    state: (client: ClientMachine) => client.view().phase,
    label: (method, args) => timeout(typeOfInput(method, args)),
    run: (seed) => void runRoom(drawRoom(seed)),
    seeds: 150,
    fewSeeds: 5,
  },
  {
    name: "rake",
    title: "An attempt, as the client has it",
    machine: RemoteAttempt,
    methods: ["begin", "message", "lost", "drained", "took", "written", "unwritten", "cancel", "commit"],
    state: (attempt: RemoteAttempt) => attempt.phase,
    label: (method, [message]: readonly { type?: string }[]) => (method === "message" ? (message?.type ?? "") : method),
    run: (seed) => void runBuild(drawBuild(seed)),
    seeds: 200,
    fewSeeds: 5,
  },
];
