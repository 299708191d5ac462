/** Faults that are aimed at whoever leads when their time comes. */
import type { Fault, World } from "@lab/simnet";
import type { ElectionProgram } from "./election-program.js";
import { CLOCK_ERROR } from "./node-options.js";
import type { Plan } from "./plan.js";
import { cuts } from "./plan-faults.js";

export const aimedKinds = [
  "kill",
  "power cut",
  "kill with the first fallback",
  "pause",
  "pause, timers first",
  "suspend",
  "cut off",
  /** It is with as few as it can be on its side. */
  "leave it with a minority",
  "leave it with a majority",
  /** Nothing that it sends arrives. */
  "mute",
  /** The same, its clock being as slow and all others as fast as is allowed. */
  "mute, with the worst of clocks",
  "deafen",
  /** It is cut off until another leads, and then from all but one, who is given an old Ack of it. */
  "cut off, and replay its Ack",
  /** It is cut off, and all others crash and are back at once. */
  "isolate, and restart the others",
  "set its wall clock",
  "set its wall clock back",
  "resign",
  /** The one that it hands over to crashes: when it is asked, or when it is offered the lead. */
  "resign, and kill who is asked",
  "resign, and kill who is offered",
  /** Whoever stores next crashes before it is told so: what it wrote is lost, or is there. */
  "kill who stores next",
] as const;

export interface Aimed {
  readonly kind: (typeof aimedKinds)[number];
  readonly atMs: number;
  readonly forMs: number;
}

/** What waits for something to happen. */
export interface Trap {
  readonly on: "prepare" | "offer" | "store";
  readonly forMs: number;
}

export function leaderOf(world: World): string | undefined {
  return world.nodeNames.find((name) => {
    const program = world.program<ElectionProgram>(name);
    return program !== undefined && program.token(program.nowAt(world.clockOf(name))) !== undefined;
  });
}

/** Does it now. @returns a trap, where it waits for something */
export function aim({ kind, forMs }: Aimed, world: World, plan: Plan): Trap | undefined {
  if (kind === "kill who stores next") return { on: "store", forMs };
  const atMs = world.now;
  const leader = leaderOf(world);
  if (leader === undefined) return undefined;
  const others = world.nodeNames.filter((name) => name !== leader);
  const add = (...faults: readonly Fault[]): undefined => {
    for (const fault of faults) world.addFault(fault);
    return undefined;
  };
  const crash = (node: string, host: "up" | "down", restartAfterMs = forMs): Fault => {
    return { type: "crash", node, atMs, restartAfterMs, host };
  };
  const half = Math.floor((world.nodeNames.length - 1) / 2);
  switch (kind) {
    case "kill":
      return add(crash(leader, "up"));
    case "power cut":
      return add(crash(leader, "down"));
    case "kill with the first fallback": {
      const program = world.program<ElectionProgram>(leader);
      const first = program?.machine.view(program.nowAt(world.clockOf(leader))).fallbacks[0];
      return add(crash(leader, "up"), ...(first === undefined ? [] : [crash(first.id, "up")]));
    }
    case "pause":
      return add({ type: "pause", node: leader, atMs, forMs });
    case "pause, timers first":
      return add({ type: "pause", node: leader, atMs, forMs, first: "timers" });
    case "suspend":
      return add({ type: "suspend", node: leader, atMs, forMs });
    case "cut off":
      return add(...cuts([leader], others, atMs, forMs));
    case "leave it with a minority":
      return add(
        ...cuts([leader, ...others.slice(0, Math.max(0, half - 1))], others.slice(Math.max(0, half - 1)), atMs, forMs),
      );
    case "leave it with a majority":
      return add(...cuts([leader, ...others.slice(half)], others.slice(0, half), atMs, forMs));
    case "mute, with the worst of clocks":
      add({ type: "drift", node: leader, atMs, rate: 1 - CLOCK_ERROR });
      for (const node of others) add({ type: "drift", node, atMs, rate: 1 + CLOCK_ERROR });
      return add(...cuts([leader], others, atMs, forMs, true));
    case "mute":
      return add(...cuts([leader], others, atMs, forMs, true));
    case "cut off, and replay its Ack": {
      const [one = leader, ...rest] = others;
      const untilMs = 1.2 * plan.leaseMs + 3 * plan.reportMs + forMs / 4;
      if (rest.length === 0 || atMs + untilMs + 1 >= plan.calmAtMs) return undefined;
      world.command(one, { type: "replay", from: leader }, atMs + untilMs + 1);
      return add(...cuts([leader], [one], atMs, untilMs), ...cuts([leader], rest, atMs, untilMs + 2 * plan.leaseMs));
    }
    case "deafen":
      return add(...cuts(others, [leader], atMs, forMs, true));
    case "isolate, and restart the others":
      return add(...cuts([leader], others, atMs, forMs), ...others.map((node) => crash(node, "up", 10)));
    case "set its wall clock":
      return add({ type: "wall", node: leader, atMs, byMs: plan.leaseMs });
    case "set its wall clock back":
      return add({ type: "wall", node: leader, atMs, byMs: -plan.leaseMs });
    case "resign":
    case "resign, and kill who is asked":
    case "resign, and kill who is offered":
      world.command(leader, { type: "resign" });
      if (kind === "resign") return undefined;
      return { on: kind === "resign, and kill who is asked" ? "prepare" : "offer", forMs };
  }
}
