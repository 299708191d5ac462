/** The machines whose states are drawn, and what runs each of them: the simulation or the inputs of its own tests. */
import { ClientMachine } from "../../packages/broadcast/src/core/client-machine.js";
import { Connection } from "../../packages/broadcast/src/core/connection.js";
import { drawPlan as drawRoom } from "../../packages/broadcast/test/sim/plan.js";
import { runPlan as runRoom } from "../../packages/broadcast/test/sim/run-plan.js";
import { decodeMessage } from "../../packages/election/src/core/codec.js";
import type { ElectionInput } from "../../packages/election/src/core/contract.js";
import { NodeState } from "../../packages/election/src/core/node-state.js";
import { drawPlan as drawCluster } from "../../packages/election/test/sim/plan.js";
import { runPlan as runCluster } from "../../packages/election/test/sim/run-plan.js";
import { FrameDecoder } from "../../packages/framing/src/core/decoder.js";
import { ServerSession as HftpSession } from "../../packages/hftp/src/core/server-session.js";
import { simulate as simulateHftp } from "../../packages/hftp/test/sim/simulation.js";
import { RemoteAttempt } from "../../packages/rake/src/core/remote-attempt.js";
import { Run } from "../../packages/rake/src/core/run.js";
import { ServerSession as RakeSession } from "../../packages/rake/src/core/server-session.js";
import { drawPlan as drawBuild } from "../../packages/rake/test/sim/plan.js";
import { runPlan as runBuild } from "../../packages/rake/test/sim/run-plan.js";
import { type DrawnMachine, innermost, outermost, timed, typeOf } from "./drawn-machine.js";
import { decodeFrames } from "./framing-inputs.js";
import { strangersOfHost, strangersOfRoom } from "./strangers.js";
import { type Call, type Fields, fieldsOf } from "./telling.js";
import { transferMachines } from "./transfers.js";

/** The messages, not just that one came. */
function electionName({ args }: Call): string {
  const [, input] = args as readonly ElectionInput[];
  // Whatever is handed to a node, it looks at its deadlines first; a load does nothing else to its role.
  if (input?.type === "load") return "deadline";
  if (input?.type !== "message") return timed(input?.type) ?? "";
  try {
    return decodeMessage(input.payload).body.type;
  } catch {
    return "garbage";
  }
}

/** Why a connection ends, where the input alone does not say it. */
function hftpName(calls: readonly Call[], session: object): string {
  const { "#peerEnded": peerEnded, "#shuttingDown": shuttingDown } = fieldsOf(session);
  const named = innermost(calls, ({ method, args }) => {
    const [, , what] = args as readonly [unknown, unknown, number | { readonly request?: { readonly type: string } }];
    if (method === "#fatal") return `code ${what as number}`;
    return method === "answer" && typeof what === "object" && what.request?.type === "quit" ? "quit" : undefined;
  });
  if (named !== "") return named;
  const input = outermost(calls, typeOf);
  if (input === "closed" || input === "deadline") return input;
  return shuttingDown === true ? "shutdown" : peerEnded === true ? "end" : input;
}

function decoderState(fields: Fields): string {
  const { "#error": error, "#state": state, "#want": want, "#headerHave": have } = fields;
  if (error !== undefined) return "refused";
  if (state === "ended") return "ended";
  if (state === "taken") return "taken over";
  if (Number(want) >= 0) return "in a payload";
  return Number(have) > 0 ? "in a header" : "between frames";
}

/** What the server says, and how a connection ended. */
function memberName(call: Call, client: ClientMachine): string | undefined {
  const { method, args } = call;
  const [, second, third] = args as readonly [unknown, { readonly code?: string } | undefined, boolean];
  if (method === "#end") return second?.code;
  if (method === "#depart") return third ? "the room is left" : "close";
  const type = typeOf(call);
  if (type !== "data") return type;
  return client.view().phase === "open" ? "WELCOME" : "a broken rule";
}

/** What of a server's connection is said or heard; that bytes came says nothing. */
function roomName(call: Call): string | undefined {
  const [, second] = call.args;
  if (call.method === "#hangUp") return second as string;
  if (call.method === "#message") return said(second as { readonly type: string });
  const type = typeOf(call);
  return type === "data" || type === "opened" ? undefined : type === "closed" ? "the peer is gone" : type;
}

/** A CLOSE without a code is what a client says that leaves. */
function said({ type }: { readonly type: string }): string {
  return type === "close" ? "LEAVE" : type.toUpperCase();
}

function hostName(call: Call): string | undefined {
  const { method, args } = call;
  const [first] = args as readonly { readonly type?: string }[];
  if (method === "#take" || method === "message") return first?.type;
  if (method === "hangUp") return `BYE ${args[0] as string}`;
  if (method === "gone") return "the peer is gone";
  const type = typeOf(call);
  return method === "handle" ? (type === "data" ? undefined : type) : method;
}

/** Of calls of its own the outermost, else the innermost of others. */
function ownOrOther(calls: readonly Call[], machine: object): string {
  const own = calls.filter(({ object }) => object === machine);
  if (own.some(({ method }) => method === "commit")) return "commit";
  return own.length > 0 ? outermost(own, hostName) : innermost(calls, hostName);
}

/** What records them has to be of the same bundle: there the sources tell. */
export { merge, record, singly } from "./recorder.js";

export const machines: readonly DrawnMachine[] = [
  {
    name: "framing",
    title: "framing: a decoder",
    is: (object) => object instanceof FrameDecoder,
    sees: "settled",
    state: decoderState,
    label: (calls) => `${calls[0]?.method}()`,
    states: [{ file: "framing/src/core/decoder.ts", type: "#state" }],
    drawnAs: { open: ["between frames", "in a header", "in a payload", "refused"], taken: ["taken over"] },
    run: decodeFrames,
    searched: 2_000,
  },
  {
    name: "hftp",
    title: "hftp: a connection at the server",
    is: (object) => object instanceof HftpSession,
    sees: "assigned",
    state: (fields) => String(fields["#state"]),
    label: hftpName,
    states: [{ file: "hftp/src/core/server-session.ts", type: "#state" }],
    run: (seed) => void simulateHftp(seed, 1),
    searched: 300,
  },
  ...transferMachines,
  {
    name: "election",
    title: "election: a node, by quorum",
    is: (object) => object instanceof NodeState,
    sees: "settled",
    state: (fields) => String(fields["role"]),
    label: ([call]) => (call === undefined ? "" : electionName(call)),
    states: [{ file: "election/src/core/contract.ts", type: "Role" }],
    run: (seed) => void runCluster(drawCluster(seed, "quorum")),
    searched: 200,
  },
  {
    name: "broadcast-client",
    title: "broadcast: a client",
    is: (object) => object instanceof ClientMachine,
    sees: "settled",
    state: (_fields, client: ClientMachine) => client.view().phase,
    label: (calls, client) => innermost(calls, (call) => memberName(call, client as ClientMachine)),
    states: [{ file: "broadcast/src/core/client-contract.ts", type: "phase" }],
    run: (seed) => void runRoom(drawRoom(seed)),
    searched: 300,
  },
  {
    name: "broadcast-server",
    title: "broadcast: a connection at the server",
    is: (object) => object instanceof Connection,
    sees: "assigned",
    state: (fields) => String(fields["state"]),
    label: (calls) => innermost(calls, roomName),
    states: [{ file: "broadcast/src/core/connection.ts", type: "ConnectionState" }],
    run: (seed) => {
      strangersOfRoom(seed);
      runRoom(drawRoom(seed));
    },
    searched: 300,
  },
  {
    name: "rake-client",
    title: "rake: an attempt at the client",
    is: (object) => object instanceof RemoteAttempt,
    sees: "assigned",
    state: (fields) => String(fields["#phase"]),
    label: ownOrOther,
    states: [{ file: "rake/src/core/attempt-facts.ts", type: "Phase" }],
    run: (seed) => void runBuild(drawBuild(seed)),
    searched: 200,
  },
  {
    name: "rake-server-connection",
    title: "rake: a connection at the server",
    is: (object) => object instanceof RakeSession,
    sees: "assigned",
    state: (fields) => String(fields["#state"]),
    label: (calls) => innermost(calls, hostName),
    states: [{ file: "rake/src/core/server-session.ts", type: "#state" }],
    run: (seed) => {
      strangersOfHost(seed);
      runBuild(drawBuild(seed));
    },
    searched: 200,
  },
  {
    name: "rake-server-run",
    title: "rake: an attempt at the server",
    is: (object) => object instanceof Run,
    sees: "assigned",
    state: (fields) => String(fields["#state"]),
    label: ownOrOther,
    states: [{ file: "rake/src/core/run.ts", type: "#state" }],
    run: (seed) => void runBuild(drawBuild(seed)),
    searched: 200,
  },
];
