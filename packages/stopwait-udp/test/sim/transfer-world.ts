/** Runs a plan in the simulator and says what came of it: how each transfer ended, and whether that was true. */
import type { TrafficCounts, World } from "@lab/simnet";
import { StopwaitServer } from "../../src/core/server.js";
import { V1Server } from "../../src/core/v1-server.js";
import type { Dialect, End } from "./dialects.js";
import type { Plan, TransferPlan } from "./plan.js";
import { PlannedWorld } from "./planned-world.js";
import { outcomeText } from "./transfer-node.js";

export type Ending = "success" | "failed" | "unknown" | "false success" | "stuck";

export interface PlanResult {
  readonly world: World;
  /** One for each transfer of the plan. */
  readonly endings: readonly Ending[];
  /** Transfers that were gone on with after they had failed. */
  readonly resumed: number;
  /** What must never be, in words; empty when all is well. */
  readonly violations: readonly string[];
  /** Losses, copies, late and corrupted packets, and crashes. */
  readonly faults: number;
}

export function faultsOf(counts: Readonly<TrafficCounts>): number {
  return counts.lostOnLinks + counts.duplicated + counts.reordered + counts.corrupted;
}

export function runPlan(plan: Plan, dialect: Dialect, options: { readonly trace?: boolean } = {}): PlanResult {
  return finishPlan(new PlannedWorld(plan, dialect, options.trace ?? false), plan, dialect);
}

/** Runs a world to its end, and looks at everything that must hold there. */
export function finishPlan(run: PlannedWorld, plan: Plan, dialect: Dialect): PlanResult {
  const { world, violations, clients } = run;
  const isQuiet = run.run();
  const endings = plan.transfers.map((transfer, index): Ending => {
    const outcome = run.outcome(transfer.node, transfer.port);
    const receiver = transfer.operation === "get" ? (clients[index] as End) : run.server;
    if (outcome === undefined || !isQuiet) return "stuck";
    const stored = receiver.read(transfer.name);
    if (outcome.type === "success") {
      return stored !== undefined && equal(stored, run.content(transfer.name)) ? "success" : "false success";
    }
    const isExcluded = outcome.type === "failed" || transfer.operation === "get";
    if (isExcluded && dialect.isStrict && stored !== undefined) {
      violations.push(`I2: ${describe(transfer)} ended in ${outcomeText(outcome)}, but there is a file`);
    }
    return outcome.type;
  });
  const crashes = plan.faults.filter(({ type }) => type === "crash").length;
  let resumed = 0;
  if (dialect.isStrict) {
    checkEndings(run, plan, endings);
    checkQuiet(run, clients, isQuiet);
    if (plan.isResumed && isQuiet) resumed = resumeAll(run, plan, endings);
    checkQuiet(run, [], isQuiet);
    checkFiles(run, plan);
  }
  return { world, endings, resumed, violations, faults: faultsOf(world.counts) + crashes };
}

function checkEndings({ violations }: PlannedWorld, plan: Plan, endings: readonly Ending[]): void {
  for (const [index, transfer] of plan.transfers.entries()) {
    const ending = endings[index];
    if (ending === "stuck" || ending === "false success") violations.push(`${describe(transfer)} is a ${ending}`);
    if (plan.weather === "fair" && ending !== "success") {
      violations.push(`I4: ${describe(transfer)} ended in ${ending} on a fair channel`);
    }
  }
}

/** I11: what failed is gone on with, and gives the same file. */
function resumeAll(run: PlannedWorld, plan: Plan, endings: readonly Ending[]): number {
  let count = 0;
  for (const [index, transfer] of plan.transfers.entries()) {
    const ending = endings[index];
    const started = ending === "failed" || ending === "unknown" ? run.resume(transfer, index) : undefined;
    if (started === undefined) continue;
    count++;
    const isQuiet = run.run();
    const outcome = run.outcome(started.node, started.client.port);
    const stored = (transfer.operation === "get" ? started.client : run.server).read(transfer.name);
    // What nobody knew may have been a success: then the name is taken, by the right file.
    const isDoneBefore = ending === "unknown" && outcome?.type === "failed" && outcome.code === "exists";
    const isRight = stored !== undefined && equal(stored, run.content(transfer.name));
    if (!isQuiet || !isRight || (outcome?.type !== "success" && !isDoneBefore)) {
      const end = outcome === undefined ? "nothing" : outcomeText(outcome);
      run.violations.push(`I11: ${describe(transfer)} was gone on with after ${ending}, and ended in ${end}`);
    }
    if (started.client.disk.openFiles > 0) run.violations.push(`I4: ${describe(transfer)} left files open`);
  }
  return count;
}

/** I4: nothing is open, nothing is remembered, and nobody waits for anything. */
function checkQuiet({ server, violations }: PlannedWorld, clients: readonly End[], isQuiet: boolean): void {
  for (const end of [server, ...clients]) {
    if (end.disk.openFiles > 0) violations.push(`I4: port ${end.port} left ${end.disk.openFiles} files open`);
    if (isQuiet && end.machine.nextDeadline() !== undefined) violations.push(`I4: port ${end.port} left a timer`);
  }
  const { machine } = server;
  const servers =
    machine instanceof StopwaitServer ? [machine.v1, machine.v2] : machine instanceof V1Server ? [machine] : [];
  const remembered = servers.reduce((sum, { liveSessions, memories }) => sum + liveSessions + memories, 0);
  if (isQuiet && remembered > 0) violations.push(`I4: the server remembers ${remembered} sessions`);
}

/** I2 on the server's side: whatever it has is right, and what it reported as done is there. */
function checkFiles(run: PlannedWorld, { transfers }: Plan): void {
  for (const transfer of transfers.filter(({ operation }) => operation === "put")) {
    const stored = run.server.read(transfer.name);
    const isDone = run.served.some(({ name, outcome }) => name === transfer.name && outcome === "done");
    if (stored === undefined ? isDone : !equal(stored, run.content(transfer.name))) {
      run.violations.push(`I2: ${describe(transfer)}: the server has another file, or none`);
    }
  }
}

function describe({ operation, name, size, node, port }: TransferPlan): string {
  return `${operation} of ${name} (${size} bytes) by ${node}:${port}`;
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
