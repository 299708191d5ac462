/** Runs a plan in the simulator and says what came of it: how each transfer ended, and whether that was true. */
import { type TrafficCounts, World } from "@lab/simnet";
import type { Outcome } from "../../src/core/contract.js";
import { plainPlatform } from "../plain-platform.js";
import { DeliveryOracle } from "./delivery-oracle.js";
import type { ClientEnd, Dialect, End } from "./dialects.js";
import { CLIENT_NODES, contentOf, type Plan, SERVER, type TransferPlan } from "./plan.js";
import { outcomeText, type Served, TransferNode } from "./transfer-node.js";

/** Longer than any transfer of a plan can take, and any memory of it. */
const HOUR_MS = 3_600_000;

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

/** One run of a plan: the world, and the ends as they are now. */
class PlannedWorld {
  readonly world: World;
  readonly violations: string[] = [];
  readonly clients: readonly ClientEnd[];
  readonly #plan: Plan;
  readonly #dialect: Dialect;
  readonly #contents: ReadonlyMap<string, Uint8Array>;
  readonly #oracle: DeliveryOracle | undefined;
  readonly #nodes = new Map<string, TransferNode>();
  readonly #served: Served[][] = [];
  #server: End | undefined;

  constructor(plan: Plan, dialect: Dialect, trace: boolean) {
    this.#plan = plan;
    this.#dialect = dialect;
    this.#contents = new Map(plan.transfers.map((transfer) => [transfer.name, contentOf(plan, transfer)]));
    this.#oracle = dialect.isStrict ? new DeliveryOracle((name) => this.content(name), this.violations) : undefined;
    this.clients = plan.transfers.map((transfer) =>
      dialect.client(transfer, this.content(transfer.name), this.#platform(transfer.name), plan),
    );
    const clientNode = (name: string): TransferNode => {
      const seats = plan.transfers.flatMap((transfer, index) =>
        transfer.node === name ? [startingAt(this.clients[index] as End, transfer.startAtMs)] : [],
      );
      return this.#node(name, seats);
    };
    const nodes = CLIENT_NODES.map((name) => [name, () => clientNode(name)] as const);
    this.world = new World({
      seed: plan.seed,
      nodes: { [SERVER]: ({ incarnation }) => this.#serverNode(incarnation), ...Object.fromEntries(nodes) },
      impairments: plan.impairments,
      faults: plan.faults,
      trace,
    });
  }

  content(name: string): Uint8Array {
    return this.#contents.get(name) ?? new Uint8Array();
  }

  get server(): End {
    return this.#server as End;
  }

  /** What the server reported, before a crash and after it. */
  get served(): readonly Served[] {
    return this.#served.flat();
  }

  outcome(node: string, port: number): Outcome | undefined {
    return this.#nodes.get(node)?.outcomes.get(port);
  }

  /** Until nothing is left to happen; false if that never comes. */
  run(): boolean {
    const end = this.world.now + HOUR_MS;
    return this.world.run({ until: ({ now }) => now > end }) === "idle";
  }

  /** Goes on with a transfer from another node, on a channel on which nothing goes wrong any more. */
  resume(transfer: TransferPlan, index: number): { readonly client: ClientEnd; readonly node: string } | undefined {
    const again = { ...transfer, port: transfer.port + 100 };
    const platform = this.#platform(`${transfer.name} again`);
    const client = this.#dialect.resumed?.(again, this.clients[index] as ClientEnd, platform, this.#plan);
    if (client === undefined) return undefined;
    const node = `${transfer.node} again ${index}`;
    this.world.addNode(node, () => this.#node(node, [client]));
    const atMs = this.world.now;
    for (const [from, to] of [
      [node, SERVER],
      [SERVER, node],
    ] as const) {
      this.world.addFault({ type: "link", from, to, atMs, impairments: { latencyMs: 5 } });
    }
    return { client, node };
  }

  #platform(label: string): ReturnType<typeof plainPlatform> {
    return plainPlatform(`${this.#plan.seed} ${label}`);
  }

  #node(name: string, seats: readonly End[]): TransferNode {
    const node = new TransferNode(seats, this.#oracle?.watch);
    this.#nodes.set(name, node);
    return node;
  }

  #serverNode(incarnation: number): TransferNode {
    const platform = this.#platform(`server ${incarnation}`);
    const { transfers } = this.#plan;
    const served = transfers.filter(({ operation }) => operation === "get").map(({ name }) => name);
    const files = Object.fromEntries(served.map((name) => [name, this.content(name)]));
    this.#server =
      this.#server === undefined
        ? this.#dialect.server(files, platform, this.#plan)
        : this.#dialect.restarted(this.#server, platform, this.#plan);
    const node = this.#node(SERVER, [this.#server]);
    this.#served.push(node.served);
    return node;
  }
}

export function runPlan(plan: Plan, dialect: Dialect, options: { readonly trace?: boolean } = {}): PlanResult {
  const run = new PlannedWorld(plan, dialect, options.trace ?? false);
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

/** I4: nothing is open, and nobody waits for anything. */
function checkQuiet({ server, violations }: PlannedWorld, clients: readonly End[], isQuiet: boolean): void {
  for (const end of [server, ...clients]) {
    if (end.disk.openFiles > 0) violations.push(`I4: port ${end.port} left ${end.disk.openFiles} files open`);
    if (isQuiet && end.machine.nextDeadline() !== undefined) violations.push(`I4: port ${end.port} left a timer`);
  }
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

/** A client that begins later: its deadline is the time of its start. */
function startingAt(end: End, startAtMs: number): End {
  if (startAtMs === 0) return end;
  const { machine } = end;
  let isStarted = false;
  return {
    ...end,
    machine: {
      handle(now, input) {
        if (input.type === "tick") isStarted = true;
        return machine.handle(now, input);
      },
      nextDeadline: () => (isStarted ? machine.nextDeadline() : startAtMs),
    },
  };
}

function describe({ operation, name, size, node, port }: TransferPlan): string {
  return `${operation} of ${name} (${size} bytes) by ${node}:${port}`;
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
