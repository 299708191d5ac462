/** What goes wrong in a run, and when. */
import type { Fault } from "@lab/simnet";
import { type Act, CLIENT, type Draw, isSpared } from "./plan.js";

export const faultKinds = [
  "cuts",
  "one-way cuts",
  "resets",
  "delays",
  "kills",
  "power cuts",
  "pauses",
  "sleeps",
  "clock jumps",
  "disk failures",
  "rotten stores",
  "touched inputs",
  "clean ends",
  "killed clients",
  "Ctrl-C",
] as const;

export type FaultKind = (typeof faultKinds)[number];

interface Drawn {
  readonly faults?: readonly Fault[];
  readonly acts?: readonly Act[];
}

export function drawFaults(draw: Draw): { faults: Fault[]; acts: Act[] } {
  const { random, pick, has } = draw;
  const possible = faultKinds.filter(has);
  const faults: Fault[] = [];
  const acts: Act[] = [];
  if (possible.length === 0) return { faults, acts };
  for (let left = random.integer(1, 5); left > 0; left--) {
    const drawn = drawOne(pick(possible), draw);
    faults.push(...(drawn.faults ?? []));
    acts.push(...(drawn.acts ?? []));
  }
  return { faults, acts };
}

function drawOne(kind: FaultKind, draw: Draw): Drawn {
  const { random, pick, calmAtMs, hosts, promised } = draw;
  const atMs = random.integer(1, calmAtMs - 1);
  const forMs = pick([5, 100, 1_000, 4_000, random.integer(1, calmAtMs)]);
  const mayFail = hosts.filter(({ node }) => !isSpared({ promised }, node));
  const isOfClient = kind === "killed clients" || kind === "Ctrl-C" || kind === "touched inputs";
  if (mayFail.length === 0 && !isOfClient) return {};
  const { node, impairments } = mayFail.length === 0 ? { node: CLIENT, impairments: {} } : pick(mayFail);
  const restartAfterMs = pick([0, 5, 300, 3_000]);
  const [from, to] = random.chance(0.5) ? [node, CLIENT] : [CLIENT, node];
  switch (kind) {
    case "cuts":
      return { faults: [{ type: "cut", from, to, atMs, forMs }] };
    case "one-way cuts":
      return { faults: [{ type: "cut", from, to, atMs, forMs, oneWay: true }] };
    case "resets":
      return { faults: [{ type: "reset", from, to, atMs }] };
    case "delays":
      return {
        faults: [{ type: "link", from, to, atMs, impairments: { ...impairments, latencyMs: pick([80, 900]) } }],
      };
    case "kills":
      return { faults: [{ type: "crash", node, atMs, restartAfterMs, host: "up" }] };
    case "power cuts":
      return { faults: [{ type: "crash", node, atMs, restartAfterMs, host: "down" }] };
    case "pauses":
    case "sleeps": {
      const type = kind === "pauses" ? "pause" : "suspend";
      const who = promised !== "honest host" && random.chance(0.2) ? CLIENT : node;
      return { faults: [{ type, node: who, atMs, forMs }] };
    }
    case "clock jumps":
      return { faults: [{ type: "skew", node, atMs, byMs: pick([-1_000, -50, 50, 1_000, 20_000]) }] };
    case "disk failures": {
      const who = random.chance(0.3) ? CLIENT : node;
      return { acts: [{ type: "disk", node: who, atMs, forMs: Math.min(forMs, calmAtMs - atMs) }] };
    }
    case "rotten stores":
      return { acts: [{ type: "rot", node, atMs, share: random.unit() }] };
    case "touched inputs":
      return { acts: [{ type: "touch", atMs }] };
    case "clean ends":
      return { acts: [{ type: "shutdown", node, atMs, restartAfterMs: pick([30, 700]) }] };
    case "killed clients":
      return { faults: [{ type: "crash", node: CLIENT, atMs, host: pick(["up", "down"]) }] };
    case "Ctrl-C":
      return { acts: [{ type: "cancel", atMs, times: pick([1, 1, 2]) }] };
  }
}
