/** One schedule run again from its choices, with words and a trace. */

import { choiceIndex, choiceType, isFault } from "./explore-choice.js";
import type { FailingSchedule } from "./explore-report.js";
import type { ExploredWorld, Scenario } from "./explore-scenario.js";
import { commandText, type Flight, ProgramThrew, SmallWorld } from "./explore-small-world.js";
import type { Describe, TraceEvent } from "./trace.js";

/** How one schedule went: like a failing one, but it may also end well, or stop at the end of the given choices. */
export interface ReplayedSchedule extends Pick<FailingSchedule, "faults" | "steps" | "trace"> {
  readonly failure: Pick<FailingSchedule, "kind" | "message"> | undefined;
  /** Whether nothing is left to happen. */
  readonly ended: boolean;
}

/**
 * Runs the schedule of a report's `choices` again; it stops at the first failure. Stuck schedules do not fail here: they
 * just have not ended.
 * @param look called with the world after the last step
 * @throws RangeError if a choice cannot be taken, since the scenario is another one than the one explored
 */
export function replaySchedule(
  scenario: Scenario,
  choices: readonly number[],
  look: (world: ExploredWorld) => void = () => {},
): ReplayedSchedule {
  const trace: TraceEvent[] = [];
  const steps: FailingSchedule["steps"][number][] = [];
  const world = new SmallWorld(scenario, (event) => trace.push(event));
  let failure = failureOf(scenario, world);
  for (const [index, code] of choices.entries()) {
    if (failure !== undefined) break;
    const next = world.next();
    if (code !== next && !world.alternatives(next, true).includes(code)) {
      throw new RangeError(`choice ${index + 1} of the schedule cannot be taken: was another scenario explored?`);
    }
    steps.push({ at: world.now, isFault: isFault(code), text: describeChoice(world, scenario, code) });
    try {
      world.take(code);
      failure = failureOf(scenario, world);
    } catch (error) {
      if (!(error instanceof ProgramThrew)) throw error;
      failure = { kind: "threw", message: error.message };
    }
  }
  look(world);
  return { failure, steps, trace, faults: world.faults, ended: world.next() === undefined };
}

/** What the checks of the scenario say of this world. */
export function failureOf(scenario: Scenario, world: SmallWorld): ReplayedSchedule["failure"] {
  const unsafe = scenario.check?.(world);
  if (unsafe !== undefined) return { kind: "check", message: unsafe };
  if (scenario.checkEnd === undefined || world.next() !== undefined) return undefined;
  const unfinished = scenario.checkEnd(world);
  return unfinished === undefined ? undefined : { kind: "checkEnd", message: unfinished };
}

function describeChoice(world: SmallWorld, scenario: Scenario, code: number): string {
  const index = choiceIndex(code);
  const packet = world.packet(code);
  const what = packet === undefined ? "" : describePacket(packet, scenario.describe);
  switch (choiceType(code)) {
    case "command":
      return `${world.command?.node} is told: ${commandText(world.command?.command)}`;
    case "effect":
      return `an effect of ${world.effectNode.name} completes`;
    case "deliver":
      return `${what} arrives`;
    case "timer":
      return `the timer of ${world.node(index).name} fires`;
    case "release":
      return `${what} arrives, held back until now`;
    case "restart":
      return `${world.node(index).name} restarts`;
    case "drop":
      return `${what} is lost`;
    case "duplicate":
      return `${what} arrives, and a copy follows it`;
    case "duplicate-held":
      return `${what} arrives, held back until now, and a copy follows it`;
    case "hold":
      return `${what} is held back`;
    case "early-timer":
      return `the timer of ${world.node(index).name} fires early`;
    default: {
      const { node, durable, restart } = world.crash(index);
      return `${node} crashes, its durable state is ${durable}${restart === "at once" ? ", and restarts" : ""}`;
    }
  }
}

function describePacket({ id, from, to, bytes, copy }: Flight, describe: Describe | undefined): string {
  const content = describe?.(bytes, from, to) ?? hexadecimal(bytes);
  return `${copy > 0 ? "copy of " : ""}packet ${id} from ${from.node} to ${to.node} (${content})`;
}

function hexadecimal(bytes: Uint8Array): string {
  const first = Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return `${bytes.length} bytes: ${first}${bytes.length > 8 ? " ..." : ""}`;
}
