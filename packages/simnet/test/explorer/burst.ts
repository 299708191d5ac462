/** The smallest world: one node sends packets 0 to count - 1 at once, the other writes down in which order they came. */
import type {
  ExploredWorld,
  NodeInput,
  NodeOutput,
  NodeProgram,
  PossibleFaults,
  Scenario,
} from "../../src/core/index.js";

class Log implements NodeProgram {
  readonly arrived: number[] = [];

  handle(_now: number, input: NodeInput): NodeOutput[] {
    if (input.type === "start") return [{ type: "bind", port: 1 }];
    if (input.type === "datagram") this.arrived.push(input.bytes[0] ?? -1);
    return [];
  }

  nextDeadline(): undefined {
    return undefined;
  }

  fingerprint(): string {
    return this.arrived.join();
  }
}

/** The numbers that have arrived, `down` while the node is. */
export function burstLog(world: ExploredWorld): string {
  return world.program<Log>("log")?.arrived.join("") ?? "down";
}

export function burst(count: number, only: PossibleFaults): Scenario {
  return {
    nodes: {
      log: () => new Log(),
      source: () => ({
        handle: (_now, { type }) =>
          type !== "start"
            ? []
            : Array.from({ length: count }, (_, index) => ({
                type: "datagram",
                port: 1,
                to: { node: "log", port: 1 },
                bytes: Uint8Array.of(index),
              })),
        nextDeadline: () => undefined,
        fingerprint: () => "",
      }),
    },
    faults: { drop: false, duplicate: false, delay: false, earlyTimer: false, ...only },
    endState: burstLog,
  };
}
