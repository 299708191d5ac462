/** What holds at the end of every build, whatever its hosts did (docs/rake.md guarantees A to D). */
import type { BuildEvent, Plan } from "../../src/core/index.js";
import { contentOf, digestOf } from "./fake-server.js";
import type { FakeWorld } from "./fake-world.js";

/** Attempts that do not count (R32). */
const UNCOUNTED = "the reservation had expired";

/** The first thing that is wrong, if any. */
export function fault(world: FakeWorld, plan: Plan, maxAttempts = 3): string | undefined {
  const { result, events } = world;
  if (result === undefined) return "no result";
  const actions = plan.sets.flatMap((set) => set.actions);
  if (result.succeeded + result.failed + result.notRun !== actions.length) return "the counts are not all actions";
  if (world.openLinks > 0) return "a connection is left open";
  const succeeded = world.ofType("actionSucceeded");
  if (result.outcome === "succeeded" && succeeded.length !== actions.length) return "a success without every action";
  if (result.outcome === "succeeded" && world.ofType("actionFailed").length > 0) return "a success with a failure";
  for (const { action, attempt } of succeeded) {
    const placed = world.ofType("placed").find((one) => one.attempt === attempt);
    if (placed === undefined || placed.action !== action) return `action ${action} succeeded by no attempt of its own`;
    if (placed.where === "cache") continue;
    const ends = world.ofType("ended").filter((one) => one.attempt === attempt);
    if (ends.length !== 1 || ends[0]?.end.end !== "EXITED" || ends[0].end.code !== 0) {
      return `action ${action} succeeded without exit code 0`;
    }
    const isCommitted = world.settled.some((one) => one.attempt === attempt && one.how === "commit");
    if (placed.why !== "local" && !isCommitted) return `action ${action} succeeded without its outputs`;
  }
  return attemptFault(world, maxAttempts) ?? orderFault(events, plan) ?? outputFault(world, plan);
}

function attemptFault(world: FakeWorld, maxAttempts: number): string | undefined {
  const counts = new Map<number, number>();
  for (const { attempt, action, where, why } of world.ofType("placed")) {
    const settled = world.settled.filter((one) => one.attempt === attempt);
    if (why === "local") {
      if (settled.length > 0) return `the local attempt ${attempt} is ${settled[0]?.how}ed`;
      continue;
    }
    if (settled.length !== 1) return `attempt ${attempt} is settled ${settled.length} times`;
    if (where === "cache" || where === "local") continue;
    const lost = world.ofType("attemptLost").find((one) => one.attempt === attempt);
    if (lost?.why !== UNCOUNTED) counts.set(action, (counts.get(action) ?? 0) + 1);
  }
  for (const [action, count] of counts) if (count > maxAttempts) return `${count} attempts of action ${action}`;
  const commits = world.settled.filter(({ how }) => how === "commit").map(({ attempt }) => attempt);
  const owners = world.ofType("placed").filter(({ attempt }) => commits.includes(attempt));
  const isTwice = new Set(owners.map(({ action }) => action)).size !== commits.length;
  return isTwice ? "an action has two commits, or an attempt none" : undefined;
}

function orderFault(events: readonly BuildEvent[], plan: Plan): string | undefined {
  const setOf = new Map(plan.sets.flatMap(({ actions }, set) => actions.map(({ index }) => [index, set] as const)));
  let begun = -1;
  let ended = -1;
  for (const event of events) {
    if (event.type === "setStarted") {
      if (event.set !== ended + 1 || event.set !== begun + 1) return `set ${event.set} begins behind ${ended}`;
      begun = event.set;
    } else if (event.type === "setEnded") {
      if (event.set !== begun) return `set ${event.set} ends, ${begun} was begun`;
      if (event.succeeded) ended = event.set;
    } else if ("action" in event && (setOf.get(event.action) !== begun || ended === begun)) {
      return `${event.type} of action ${event.action} out of its set`;
    }
  }
  return undefined;
}

/** What stands in its place is what the command makes, wherever it ran. */
function outputFault(world: FakeWorld, plan: Plan): string | undefined {
  const commands = new Map(plan.sets.flatMap(({ actions }) => actions.map(({ index, command }) => [index, command])));
  for (const { attempt, path, digest } of world.committed) {
    const placed = world.ofType("placed").find((one) => one.attempt === attempt);
    const command = commands.get(placed?.action ?? -1) ?? "";
    if (placed?.where !== "cache" && digest !== digestOf(contentOf(command, path)))
      return `${path} is not as it should be`;
  }
  return undefined;
}
