/** What a client of v2 may be told of one action, in which order (docs/rake.md R19 to R26). */
import { expect } from "vitest";
import type { ServerMessage } from "../../src/core/messages.js";
import type { Peer } from "./peers.js";

const FIRST_CREDIT_BYTES = 262_144;
type OfAction = Extract<ServerMessage, { actionId: number }>;

/** What may follow. EXPIRED answers an EXECUTE of what its client released, or of what is over, too. */
const NEXT: Readonly<Record<string, readonly OfAction["type"][]>> = {
  begin: ["BID", "REFUSE", "EXPIRED"],
  bid: ["ACK", "CREDIT", "MISSING", "EXPIRED", "STARTED", "STATUS"],
  run: ["STDOUT", "STDERR", "STATUS", "EXPIRED"],
  status: ["OUTPUT", "DONE", "EXPIRED"],
  end: ["EXPIRED"],
};

function stateBehind(state: string, type: OfAction["type"]): string {
  if (type === "REFUSE" || type === "DONE") return "end";
  if (type === "EXPIRED") return state; // of this reservation, or of one that never was
  if (type === "STARTED") return "run";
  if (type === "STATUS") return "status";
  return type === "BID" ? "bid" : state;
}

/** @param credit what the client gave for each action beyond the first */
export function checkConversations(peer: Peer, credit: ReadonlyMap<number, number>): void {
  const actions = new Map<number, { state: string; stdout: number; stderr: number; outputs: number; bodies: number }>();
  for (const message of peer.received) {
    if (!("actionId" in message)) continue;
    const { actionId, type } = message;
    const action = actions.get(actionId) ?? { state: "begin", stdout: 0, stderr: 0, outputs: 0, bodies: 0 };
    actions.set(actionId, action);
    expect(NEXT[action.state], `${type} in state ${action.state}`).toContain(type);
    action.state = stateBehind(action.state, type);
    if (type === "STDOUT" || type === "STDERR") {
      const stream = type === "STDOUT" ? "stdout" : "stderr";
      expect(message.offset).toBe(action[stream]);
      action[stream] += message.body.length;
    }
    if (type === "OUTPUT" && message.last) action.outputs++;
    if ("body" in message) action.bodies += message.body.length;
    expect(action.bodies).toBeLessThanOrEqual(FIRST_CREDIT_BYTES + (credit.get(actionId) ?? 0));
    if (type !== "DONE") continue;
    expect([message.stdoutBytes, message.stderrBytes]).toEqual([action.stdout, action.stderr]);
    expect(message.outputs).toBe(action.outputs);
  }
}
