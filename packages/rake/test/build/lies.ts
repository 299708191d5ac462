/** What a server may do that is not honest, or not well. */
import type { Printed, Refusal, ServerMessage } from "../../src/core/index.js";
import type { Twist } from "./fake-server.js";

type Lie = (message: ServerMessage) => readonly ServerMessage[] | "close" | undefined;

const on =
  <Type extends ServerMessage["type"]>(
    type: Type,
    what: (message: Extract<ServerMessage, { type: Type }>) => readonly ServerMessage[] | "close",
  ): Lie =>
  (message) =>
    message.type === type ? what(message as Extract<ServerMessage, { type: Type }>) : undefined;

type About = Extract<ServerMessage, { readonly actionId: number }>;

/** Its last message is answered by something else. */
const instead =
  (type: About["type"], what: (actionId: number) => ServerMessage): Lie =>
  (message) =>
    message.type === type && "actionId" in message ? [what(message.actionId)] : undefined;

const printed =
  (what: (message: Printed) => readonly ServerMessage[]): Lie =>
  (message) =>
    message.type === "STDOUT" ? what(message) : undefined;

const silent =
  (type: ServerMessage["type"]): Lie =>
  (message) =>
    message.type === type ? [] : undefined;
const twice =
  (type: ServerMessage["type"]): Lie =>
  (message) =>
    message.type === type ? [message, message] : undefined;
const hangUp =
  (type: ServerMessage["type"]): Lie =>
  (message) =>
    message.type === type ? "close" : undefined;

const OTHER = "00".repeat(32);

/** None of these can make a build wrong: each costs the attempt, or the connection, or nothing. */
export const LIES: Readonly<Record<string, Lie>> = {
  "no CHALLENGE": silent("CHALLENGE"),
  "no WELCOME": silent("WELCOME"),
  "two WELCOMEs": twice("WELCOME"),
  "another version": on("CHALLENGE", (message) => [{ ...message, version: 3 }]),
  "a heartbeat of a year": on("WELCOME", (message) => [{ ...message, heartbeatMs: 31_536_000_000 }]),
  "more slots than there are": on("WELCOME", (message) => [{ ...message, slots: 2 ** 53 - 1 }]),
  "no slot": on("WELCOME", (message) => [{ ...message, slots: 0 }]),
  "a run may last for ever": on("WELCOME", (message) => [{ ...message, maxActionMs: 2 ** 53 - 1 }]),
  "no BID": silent("BID"),
  "two BIDs": twice("BID"),
  "a BID for nothing": on("BID", (message) => [{ ...message, actionId: message.actionId + 7_000 }, message]),
  "a BID that misses what is no input": on("BID", (message) => [{ ...message, missing: [OTHER] }]),
  "a price above all": on("BID", (message) => [{ ...message, queueMs: 2 ** 53 - 1, runMs: 2 ** 53 - 1 }]),
  "busy for ever": instead("BID", (actionId) => refuse(actionId, "BUSY", 2 ** 53 - 1)),
  "busy for no time": instead("BID", (actionId) => refuse(actionId, "BUSY", 0)),
  "not allowed": instead("BID", (actionId) => refuse(actionId, "NOT_ALLOWED", 0)),
  "no ACK": silent("ACK"),
  "an ACK of another digest": on("ACK", (message) => [{ ...message, digest: OTHER }]),
  "two ACKs": twice("ACK"),
  WRONG_DIGEST: on("ACK", (message) => [{ ...message, code: "WRONG_DIGEST" }]),
  STORE_FULL: on("ACK", (message) => [{ ...message, code: "STORE_FULL" }]),
  TOO_BIG: on("ACK", (message) => [{ ...message, code: "TOO_BIG" }]),
  "credit above all": on("CREDIT", (message) => [{ ...message, bytes: 2 ** 53 - 1 }]),
  "credit in drops": on("CREDIT", (message) => [
    { ...message, bytes: 0 },
    { ...message, bytes: 1 },
  ]),
  EXPIRED: instead("STARTED", (actionId) => ({ type: "EXPIRED", actionId, reservation: 1 })),
  "MISSING of others": instead("STARTED", (actionId) => ({ type: "MISSING", actionId, digests: [OTHER] })),
  "MISSING of nothing": instead("STARTED", (actionId) => ({ type: "MISSING", actionId, digests: [] })),
  "no STARTED": silent("STARTED"),
  "two STARTEDs": twice("STARTED"),
  "dies at STARTED": hangUp("STARTED"),
  "a stream at another offset": printed((message) => [{ ...message, offset: 3 }]),
  "a stream twice": twice("STDOUT"),
  "no stream": silent("STDOUT"),
  "a flood": printed((message) => Array.from({ length: 9 }, (_, index) => flood(message.actionId, index))),
  "no STATUS": silent("STATUS"),
  "two STATUSes": twice("STATUS"),
  FAILED: on("STATUS", (message) => [{ ...message, end: "FAILED", code: 0, text: "no folder" }]),
  CANCELLED: on("STATUS", (message) => [{ ...message, end: "CANCELLED", code: 0 }]),
  "dies at STATUS": hangUp("STATUS"),
  "output of another digest": on("OUTPUT", (message) => [{ ...message, digest: OTHER }]),
  "other bytes": on("OUTPUT", (message) => [{ ...message, body: message.body.map((byte) => byte ^ 1) }]),
  "output longer than announced": on("OUTPUT", (message) => [{ ...message, size: Math.max(0, message.size - 1) }]),
  "output that never ends": on("OUTPUT", (message) => [{ ...message, last: false }]),
  "output at another offset": on("OUTPUT", (message) => [{ ...message, offset: message.offset + 1 }]),
  "an output twice": twice("OUTPUT"),
  "no output": silent("OUTPUT"),
  "an output below another": on("OUTPUT", (message) => [message, { ...message, path: `${message.path}/below` }]),
  "an output that nobody wants": on("OUTPUT", (message) => [message, { ...message, path: "stray" }]),
  "dies at OUTPUT": hangUp("OUTPUT"),
  "no DONE": silent("DONE"),
  "two DONEs": twice("DONE"),
  "more outputs than came": on("DONE", (message) => [{ ...message, outputs: message.outputs + 1 }]),
  "more bytes than came": on("DONE", (message) => [{ ...message, stdoutBytes: message.stdoutBytes + 1 }]),
  "streams beyond DONE": on("DONE", (message) => [message, flood(message.actionId, 0)]),
  "dies at DONE": hangUp("DONE"),
  "BYE at DONE": on("DONE", () => [{ type: "BYE", code: "SHUTDOWN", text: "" }]),
  "pings without end": (message) =>
    message.type !== "STARTED"
      ? undefined
      : [message, ...Array.from({ length: 50 }, (_, nonce): ServerMessage => ({ type: "PING", nonce }))],
};

function refuse(actionId: number, reason: Refusal, retryAfterMs: number): ServerMessage {
  return { type: "REFUSE", actionId, reason, retryAfterMs, text: "" };
}

function flood(actionId: number, index: number): ServerMessage {
  return { type: "STDOUT", actionId, offset: index * 65_536, body: new Uint8Array(65_536) };
}

/** The lie, each time from the `from`-th message that the server sends on, `times` times. */
export function telling(lie: Lie, from = 0, times: number = Number.POSITIVE_INFINITY): Twist {
  let told = 0;
  return (message, sent) => {
    const said = sent < from || told >= times ? undefined : lie(message);
    if (said === undefined) return [message];
    told++;
    return said;
  };
}
