/** What goes wrong in a run, and when. */
import type { Fault } from "@lab/simnet";
import type { Act, Draw } from "./plan.js";

export const faultKinds = [
  "cuts",
  "one-way cuts",
  "resets",
  "delays",
  "server crashes",
  "power cuts",
  "clean restarts",
  "damage",
  "disk failures",
  "client crashes",
  "copies",
  "pauses",
  "clock jumps",
  "slow readers",
  "stopped handlers",
  "leaves",
  "hostile peers",
  "engine failures",
  "engine restores",
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
  for (let left = random.integer(1, 6); left > 0; left--) {
    const drawn = drawOne(pick(possible), draw);
    faults.push(...(drawn.faults ?? []));
    acts.push(...(drawn.acts ?? []));
  }
  return { faults, acts };
}

function drawOne(kind: FaultKind, draw: Draw): Drawn {
  const { random, pick, calmAtMs, heartbeatMs, impairments } = draw;
  const atMs = random.integer(1, calmAtMs - 1);
  const forMs = pick([5, 60, heartbeatMs, 4 * heartbeatMs, random.integer(1, calmAtMs)]);
  const server = pick(draw.servers);
  const client = pick(draw.clients).node;
  const node = random.chance(0.5) ? server : client;
  const restartAfterMs = pick([0, 5, 100, 900]);
  switch (kind) {
    case "cuts":
      return { faults: [{ type: "cut", from: server, to: client, atMs, forMs }] };
    case "one-way cuts": {
      const [from, to] = random.chance(0.5) ? [server, client] : [client, server];
      return { faults: [{ type: "cut", from, to, atMs, forMs, oneWay: true }] };
    }
    case "resets":
      return { faults: [{ type: "reset", from: server, to: client, atMs }] };
    case "delays": {
      const slow = { ...impairments, latencyMs: pick([50, 300]), jitterMs: 50 };
      const [from, to] = random.chance(0.5) ? [server, client] : [client, server];
      return { faults: [{ type: "link", from, to, atMs, impairments: slow }] };
    }
    case "server crashes":
      return {
        faults: [
          {
            type: "crash",
            node: server,
            atMs,
            restartAfterMs,
            host: "up",
            unsynced: pick(["lost", "written", "torn"]),
          },
        ],
      };
    case "power cuts":
      return {
        faults: [
          {
            type: "crash",
            node: server,
            atMs,
            restartAfterMs,
            host: "down",
            unsynced: pick(["lost", "written", "torn"]),
          },
        ],
      };
    case "clean restarts":
      return { acts: [{ type: "shutdown", node: server, atMs, restartAfterMs: pick([30, 300, 700]) }] };
    case "damage": {
      // Damage is found by the room that is opened first, and mended for all.
      if (draw.log === "shared" || draw.has("two rooms")) return {};
      const crash: Fault = { type: "crash", node: server, atMs, restartAfterMs, host: pick(["up", "down"]) };
      return {
        faults: [crash],
        acts: [{ type: "damage", node: server, atMs: Math.max(0, atMs - 1), share: random.unit() }],
      };
    }
    case "disk failures": {
      if (draw.log === "shared" || draw.log.endsWith("memory")) return {};
      const back = Math.min(calmAtMs - 1, atMs + forMs);
      return {
        faults: [
          { type: "disk", node: server, atMs, disk: { fails: true, latencyMs: 2 } },
          { type: "disk", node: server, atMs: back, disk: { latencyMs: 2 } },
        ],
      };
    }
    case "client crashes":
      return { faults: [{ type: "crash", node: client, atMs, restartAfterMs, host: pick(["up", "down"]) }] };
    case "copies":
      return {}; // a client of its own
    case "pauses":
      return { faults: [{ type: pick(["pause", "suspend"]), node, atMs, forMs }] };
    case "clock jumps":
      return { faults: [{ type: "skew", node, atMs, byMs: pick([-1_000, -50, 50, 1_000, 20_000]) }] };
    case "slow readers":
      return { acts: [{ type: "stop-reading", node: client, atMs, forMs: Math.min(forMs, calmAtMs - atMs) }] };
    case "stopped handlers":
      return { acts: [{ type: "stop-handling", node: client, atMs, forMs: Math.min(forMs, calmAtMs - atMs) }] };
    case "leaves":
      return { acts: [{ type: "leave", node: client, atMs, waitMs: pick([0, 100, 5_000]) }] };
    case "hostile peers":
      return { acts: [{ type: "hostile", node: server, atMs, how: random.integer(0, 5) }] };
    case "engine failures":
      return draw.log === "shared"
        ? { acts: [{ type: "engine-away", atMs, forMs: Math.min(forMs, calmAtMs - atMs) }] }
        : {};
    case "engine restores": {
      if (draw.log !== "shared") return {};
      const savedAtMs = random.chance(0.3) ? 0 : random.integer(0, atMs - 1);
      return { acts: [{ type: "engine-restored", atMs, savedAtMs, isTold: random.chance(0.5) }] };
    }
  }
}
