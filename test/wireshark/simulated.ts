/** Conversations of the machines with each other in simnet: their traces, and the messages that the codecs read in them. */
import fc from "fast-check";
import { decode as decodeBroadcast } from "../../packages/broadcast/src/core/index.js";
import { drawPlan as drawBroadcast } from "../../packages/broadcast/test/sim/plan.js";
import { runPlan as runBroadcast } from "../../packages/broadcast/test/sim/run-plan.js";
import { decodeMessage } from "../../packages/election/src/core/index.js";
import { drawPlan as drawElection } from "../../packages/election/test/sim/plan.js";
import { runPlan as runElection } from "../../packages/election/test/sim/run-plan.js";
import { ReplyParser } from "../../packages/hftp/src/core/reply-parser.js";
import { RequestParser } from "../../packages/hftp/src/core/request-parser.js";
import type { Request } from "../../packages/hftp/src/core/requests.js";
import { SHIPPED as HFTP_MACHINES, run as runHftp } from "../../packages/hftp/test/sim/run.js";
import { type Scenario, scenario } from "../../packages/hftp/test/sim/scenario.js";
import { decodeClientMessage, decodeServerMessage } from "../../packages/rake/src/core/index.js";
import { drawPlan as drawRake } from "../../packages/rake/test/sim/plan.js";
import { SHIPPED as RAKE_MACHINES, runPlan as runRake } from "../../packages/rake/test/sim/run-plan.js";
import type { Side, TraceEvent } from "../../packages/simnet/src/core/index.js";
import { decodeV1Packet } from "../../packages/stopwait-udp/src/core/v1-packet.js";
import { FIRST_TYPE, Type, typeOf } from "../../packages/stopwait-udp/src/core/v2-packet.js";
import { type Dialect, strictV1, v2With } from "../../packages/stopwait-udp/test/sim/dialects.js";
import { drawPlan as drawStopwait } from "../../packages/stopwait-udp/test/sim/plan.js";
import { runPlan as runStopwait } from "../../packages/stopwait-udp/test/sim/transfer-world.js";
import type { ProtocolName } from "../../wireshark/counts.js";
import type { Said } from "./captures.js";
import { connectionsOf, framedMessages } from "./streams.js";

export interface Simulated {
  readonly protocol: ProtocolName;
  readonly trace: readonly TraceEvent[];
  /** Of all its connections, or datagrams, as the dissector calls them. */
  readonly messages: readonly string[];
  readonly serverPorts: readonly number[];
}

function streamed(
  protocol: ProtocolName,
  trace: readonly TraceEvent[],
  read: (said: readonly Said[]) => string[],
): Simulated {
  const connections = connectionsOf(trace);
  const messages = connections.flatMap(({ said }) => read(said)).map((name) => `${protocol} ${name}`);
  return { protocol, trace, messages, serverPorts: [...new Set(connections.map(({ serverPort }) => serverPort))] };
}

function broadcast(seed: number): Simulated {
  const { trace } = runBroadcast(drawBroadcast(seed), undefined, { trace: true });
  const nameOf = (payload: Uint8Array, side: Side): string => decodeBroadcast(payload, side).type.toUpperCase();
  return streamed("broadcast", trace, (said) => framedMessages(said, nameOf));
}

function rake(seed: number): Simulated {
  const { trace } = runRake(drawRake(seed), RAKE_MACHINES, true);
  const nameOf = (payload: Uint8Array, side: Side): string =>
    (side === "client" ? decodeClientMessage(payload) : decodeServerMessage(payload))?.type ?? "";
  return streamed("rake", trace, (said) => framedMessages(said, nameOf));
}

function election(seed: number, mode: "quorum" | "available"): Simulated {
  const { trace } = runElection(drawElection(seed, mode), { trace: true });
  const nameOf = (payload: Uint8Array): string => {
    const { type } = decodeMessage(payload).body;
    return `${type.charAt(0).toUpperCase()}${type.slice(1)}`;
  };
  return streamed("election", trace, (said) => framedMessages(said, nameOf));
}

/** Requests as they come, and replies for the requests that wait. */
function hftpMessages(said: readonly Said[]): string[] {
  const requests = new RequestParser(8 * 1024 * 1024);
  const replies = new ReplyParser({ maxReplyLineBytes: 8_192, maxListingBytes: 2 ** 26 });
  const waiting: Request[] = [];
  let isExpecting = false;
  return said.flatMap(({ side, bytes }) => {
    const names: string[] = [];
    if (side === "client") {
      requests.feed(bytes);
      for (let line = requests.next(); line !== undefined; line = requests.next()) {
        if (line.type !== "request") throw new Error(`a line is refused: ${line.code}`);
        names.push(line.request.type);
        waiting.push(line.request);
      }
      return names;
    }
    replies.feed(bytes);
    for (;;) {
      const next = isExpecting ? undefined : waiting.shift();
      if (next !== undefined) replies.expect(next);
      isExpecting ||= next !== undefined;
      const event = replies.next();
      if (event === undefined) return names;
      if (event.type !== "reply") continue;
      isExpecting = false;
      names.push(`${event.reply.code} ${event.reply.text}`);
    }
  });
}

/** Of the scenarios of this seed the first in which nobody sends what is no request. */
function hftp(seed: number): Simulated {
  const drawn = fc.sample(scenario, { seed, numRuns: 8 });
  const chosen = drawn.find(({ clients }) => clients.every(({ type }) => type !== "script")) as Scenario;
  return streamed("hftp", runHftp(chosen, HFTP_MACHINES, true).trace, hftpMessages);
}

const V1_NAMES = { get: "GET", put: "PUT", ack: "ACK", data: "DATA", finish: "FINISH", error: "ERROR" };
const V2_NAMES = Object.keys(Type);

function stopwait(seed: number, dialect: Dialect): Simulated {
  const plan = drawStopwait(seed, { corruption: false, maxDelayMs: 25_000 });
  const { trace } = runStopwait(plan, dialect, { trace: true }).world;
  const sent = trace.flatMap((event) => (event.type === "datagram-sent" ? [event] : []));
  const messages = sent.map(({ bytes }) =>
    typeOf(bytes) >= FIRST_TYPE
      ? `stopwait-v2 ${V2_NAMES[typeOf(bytes) - FIRST_TYPE]}`
      : `stopwait-v1 ${V1_NAMES[decodeV1Packet(bytes).type]}`,
  );
  return { protocol: "stopwait", trace, messages, serverPorts: [50_001] };
}

/** Seeds in which much is said and nobody lies. */
export function simulations(): Simulated[] {
  return [
    broadcast(19),
    rake(18),
    election(7, "quorum"),
    election(8, "available"),
    hftp(2),
    stopwait(1, strictV1),
    stopwait(4, v2With()),
  ];
}
