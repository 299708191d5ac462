/** The machines of stopwait-udp, run by the simulation of their tests, with disks that fail and people who stop them. */
import { Random } from "../../packages/simnet/src/core/random.js";
import type { FileResult, TransferInput } from "../../packages/stopwait-udp/src/core/contract.js";
import { describePacket } from "../../packages/stopwait-udp/src/core/describe-packet.js";
import { V1GetClient } from "../../packages/stopwait-udp/src/core/v1-get-client.js";
import { V1GetSession } from "../../packages/stopwait-udp/src/core/v1-get-session.js";
import { V1PutClient } from "../../packages/stopwait-udp/src/core/v1-put-client.js";
import { V1PutSession } from "../../packages/stopwait-udp/src/core/v1-put-session.js";
import { V2GetClient } from "../../packages/stopwait-udp/src/core/v2-get-client.js";
import { V2GetSession } from "../../packages/stopwait-udp/src/core/v2-get-session.js";
import { V2PutClient } from "../../packages/stopwait-udp/src/core/v2-put-client.js";
import { V2PutSession } from "../../packages/stopwait-udp/src/core/v2-put-session.js";
import {
  around,
  type Dialect,
  type End,
  v1With,
  v2With,
  type Wrap,
} from "../../packages/stopwait-udp/test/sim/dialects.js";
import { drawPlan } from "../../packages/stopwait-udp/test/sim/plan.js";
import { runPlan } from "../../packages/stopwait-udp/test/sim/transfer-world.js";
import { type DrawnMachine, innermost, timed } from "./drawn-machine.js";
import type { Call, Fields } from "./telling.js";

const core = "stopwait-udp/src/core";
const FAILS = 0.04;
const STOPS = 0.02;

function run(seed: number, dialect: Dialect): void {
  const random = new Random(seed).fork("bad luck");
  const plan = drawPlan(seed, { corruption: true, maxDelayMs: 25_000 });
  const isLucky = random.chance(0.5);
  const isChanged = random.chance(0.3);
  runPlan(plan, isChanged ? changing(dialect, random) : isLucky ? dialect : failing(dialect, random));
}

/** Disks fail, and both sides are stopped. */
function failing(dialect: Dialect, random: Random): Dialect {
  const unlucky: Wrap = (machine) => ({
    handle(now, input) {
      const isStopped = random.chance(STOPS);
      return machine.handle(now, isStopped ? { type: "stop" } : random.chance(FAILS) ? failed(input) : input);
    },
    nextDeadline: () => machine.nextDeadline(),
  });
  return around(dialect, { server: unlucky, client: unlucky });
}

/** Who goes on with a transfer finds another file than the one that it was. */
function changing(dialect: Dialect, random: Random): Dialect {
  const { resumed } = dialect;
  if (resumed === undefined) return dialect;
  let server: End | undefined;
  return {
    ...dialect,
    server: (...given) => {
      server = dialect.server(...given);
      return server;
    },
    resumed: (transfer, earlier, platform, plan) => {
      const { disk } = transfer.operation === "put" ? earlier : (server as End);
      disk.place(transfer.name, random.bytes(transfer.size));
      return resumed(transfer, earlier, platform, plan);
    },
  };
}

/** What its disk answers, had it failed. */
function failed(input: TransferInput): TransferInput {
  const isResult = "id" in input;
  return isResult
    ? { type: "effect-failed", id: (input as FileResult).id, fact: "failed", message: "bad luck" }
    : input;
}

function nameOf({ method, args }: Call): string | undefined {
  if (method === "forget") return args[0] as string;
  const [, input] = args as readonly TransferInput[];
  if (method !== "handle" || input === undefined) return undefined;
  return input.type === "datagram" ? packetOf(input.bytes) : timed(input.type);
}

/** The first word of a packet: of v1 its letter. */
function packetOf(bytes: Uint8Array): string {
  const [word = ""] = describePacket(bytes).text.split(" ");
  if (!/^[A-Z][F\d]\d{5}/.test(word)) return word;
  return word.startsWith("AF") ? "A of F" : word.slice(0, 1);
}

const transfers = {
  sees: "settled",
  label: (calls: readonly Call[]) => innermost(calls, nameOf),
  searched: 1_000,
} as const;

const v1 = { ...transfers, run: (seed: number) => run(seed, v1With()) };
const v2 = { ...transfers, run: (seed: number) => run(seed, v2With()) };

function v1ClientState({ "#isBegun": isBegun, "#isFinished": isFinished, "#state": state }: Fields): string {
  if (isFinished === true) return "finished";
  return isBegun === true ? String(state) : "new";
}

function v1SessionState(fields: Fields): string {
  const { "#lastWord": lastWord, "#isGone": isGone, "#state": state, "forget()": isForgotten } = fields;
  if (isForgotten === true) return "forgotten";
  if (isGone === true) return "refused";
  return lastWord === undefined ? String(state) : "over";
}

const ofV2Client = { file: `${core}/v2-client.ts`, type: "State" };

function v2ClientState({ "#state": state, "#step": step }: Fields): string {
  return String(state === "running" || state === "preparing" ? step : state);
}

function v2SessionState({ ended, "#step": step }: Fields): string {
  if (ended === undefined) return String(step);
  return (ended as { readonly wasAccepted: boolean }).wasAccepted ? "tombstone" : "gone";
}

export const transferMachines: readonly DrawnMachine[] = [
  {
    ...v1,
    name: "stopwait-v1-get-client",
    title: "stopwait v1: a client that fetches",
    is: (object) => object instanceof V1GetClient,
    state: v1ClientState,
    states: [{ file: `${core}/v1-get-client.ts`, type: "#state" }],
  },
  {
    ...v1,
    name: "stopwait-v1-put-client",
    title: "stopwait v1: a client that stores",
    is: (object) => object instanceof V1PutClient,
    state: v1ClientState,
    states: [{ file: `${core}/v1-put-client.ts`, type: "#state" }],
  },
  {
    ...v1,
    name: "stopwait-v1-get-server",
    title: "stopwait v1: a GET at the server, the sender",
    is: (object) => object instanceof V1GetSession,
    state: v1SessionState,
    states: [{ file: `${core}/v1-get-session.ts`, type: "#state" }],
  },
  {
    ...v1,
    name: "stopwait-v1-put-server",
    title: "stopwait v1: a PUT at the server, the receiver",
    is: (object) => object instanceof V1PutSession,
    state: v1SessionState,
    states: [{ file: `${core}/v1-put-session.ts`, type: "#state" }],
  },
  {
    ...v2,
    name: "stopwait-v2-get-client",
    title: "stopwait v2: a client that fetches",
    is: (object) => object instanceof V2GetClient,
    state: v2ClientState,
    states: [ofV2Client, { file: `${core}/v2-get-client.ts`, type: "Step" }],
    drawnAs: {
      preparing: ["opening", "digesting"],
      ready: ["requesting"],
      running: ["emptying", "receiving", "finishing", "committing"],
    },
  },
  {
    ...v2,
    name: "stopwait-v2-put-client",
    title: "stopwait v2: a client that stores",
    is: (object) => object instanceof V2PutClient,
    state: v2ClientState,
    states: [ofV2Client, { file: `${core}/v2-put-client.ts`, type: "Step" }],
    drawnAs: {
      preparing: ["opening"],
      asking: ["requesting"],
      running: ["digesting", "sending", "checking", "finishing"],
    },
  },
  {
    ...v2,
    name: "stopwait-v2-get-server",
    title: "stopwait v2: a GET at the server",
    is: (object) => object instanceof V2GetSession,
    state: v2SessionState,
    states: [{ file: `${core}/v2-get-session.ts`, type: "Step" }],
  },
  {
    ...v2,
    name: "stopwait-v2-put-server",
    title: "stopwait v2: a PUT at the server",
    is: (object) => object instanceof V2PutSession,
    state: v2SessionState,
    states: [{ file: `${core}/v2-put-session.ts`, type: "Step" }],
  },
];
