/** Runs a plan in the simulator and says what came of it: how each transfer ended, and whether that was true. */
import { type TrafficCounts, World } from "@lab/simnet";
import { plainPlatform } from "../plain-platform.js";
import { type Dialect, type End, SERVER_PORT } from "./dialects.js";
import { CLIENT_NODES, contentOf, type Plan, SERVER, type TransferPlan } from "./plan.js";
import { TransferNode } from "./transfer-node.js";

/** Longer than any transfer of a plan can take, and any memory of it. */
const HOUR_MS = 3_600_000;

export type Ending = "success" | "failed" | "unknown" | "false success" | "stuck";

export interface PlanResult {
  readonly world: World;
  /** One for each transfer of the plan. */
  readonly endings: readonly Ending[];
  /** What must never be, in words; empty when all is well. */
  readonly violations: readonly string[];
  /** Losses, copies, late and corrupted packets. */
  readonly faults: number;
}

export function faultsOf(counts: Readonly<TrafficCounts>): number {
  return counts.lostOnLinks + counts.duplicated + counts.reordered + counts.corrupted;
}

export function runPlan(plan: Plan, dialect: Dialect, options: { readonly trace?: boolean } = {}): PlanResult {
  const violations: string[] = [];
  const contents = new Map(plan.transfers.map((transfer) => [transfer.name, contentOf(plan, transfer)]));
  const content = (name: string): Uint8Array => contents.get(name) ?? new Uint8Array();
  const served: Record<string, Uint8Array> = {};
  for (const { operation, name } of plan.transfers) if (operation === "get") served[name] = content(name);

  const platform = (label: string) => plainPlatform(`${plan.seed} ${label}`);
  const server = dialect.server(served, platform("server"), plan);
  const clients = plan.transfers.map((transfer) =>
    dialect.client(transfer, content(transfer.name), platform(transfer.name), plan),
  );
  const watch = dialect.isStrict ? new DeliveryOracle(content, violations) : undefined;
  const nodes = Object.fromEntries(
    CLIENT_NODES.map((node) => {
      const seats = plan.transfers.flatMap((transfer, index) =>
        transfer.node === node ? [startingAt(clients[index] as End, transfer.startAtMs)] : [],
      );
      return [node, new TransferNode(seats, watch?.output)];
    }),
  );
  const serverNode = new TransferNode([server], watch?.output);
  const world = new World({
    seed: plan.seed,
    nodes: {
      [SERVER]: () => serverNode,
      ...Object.fromEntries(Object.entries(nodes).map(([name, node]) => [name, () => node])),
    },
    impairments: plan.impairments,
    faults: plan.faults,
    trace: options.trace ?? false,
  });
  const isQuiet = world.run({ until: ({ now }) => now > HOUR_MS }) === "idle";

  const endings = plan.transfers.map((transfer, index) => {
    const outcome = nodes[transfer.node]?.outcomes.get(transfer.port);
    const receiver = transfer.operation === "get" ? (clients[index] as End) : server;
    if (outcome === undefined || !isQuiet) return "stuck";
    if (outcome.type !== "success") {
      if (transfer.operation === "get" && dialect.isStrict && receiver.read(transfer.name) !== undefined) {
        violations.push(`${describe(transfer)} ended in ${outcome.type}, but there is a file`);
      }
      return outcome.type;
    }
    const stored = receiver.read(transfer.name);
    return stored !== undefined && equal(stored, content(transfer.name)) ? "success" : "false success";
  });

  if (dialect.isStrict) {
    for (const [index, transfer] of plan.transfers.entries()) {
      const ending = endings[index];
      if (ending === "stuck" || ending === "false success") violations.push(`${describe(transfer)} is a ${ending}`);
      if (plan.weather === "fair" && ending !== "success") {
        violations.push(`${describe(transfer)} ended in ${ending} on a fair channel`);
      }
      const stored = transfer.operation === "put" ? server.read(transfer.name) : undefined;
      if (stored !== undefined && !equal(stored, content(transfer.name))) {
        violations.push(`${describe(transfer)} left another file on the server`);
      }
    }
    for (const end of [server, ...clients]) {
      if (end.disk.openFiles > 0) violations.push(`port ${end.port} left ${end.disk.openFiles} files open`);
      if (isQuiet && end.machine.nextDeadline() !== undefined) violations.push(`port ${end.port} left a timer`);
    }
    for (const { outcome, operation, name } of serverNode.served) {
      if (outcome !== "done" || operation !== "put") continue;
      const stored = server.read(name);
      if (stored === undefined || !equal(stored, content(name))) violations.push(`the server stored another ${name}`);
    }
  }
  return { world, endings, violations, faults: faultsOf(world.counts) };
}

/** I1 and I3: what is written is what the source has at that place, without gaps, and is committed once. */
class DeliveryOracle {
  readonly #content: (name: string) => Uint8Array;
  readonly #violations: string[];
  /** Of each open part: its file's name and the bytes written. Parts are known by the port and the effect that opened them. */
  readonly #parts = new Map<string, { name: string; length: number }>();
  readonly #commits = new Map<string, number>();

  constructor(content: (name: string) => Uint8Array, violations: string[]) {
    this.#content = content;
    this.#violations = violations;
  }

  readonly output: ConstructorParameters<typeof TransferNode>[1] = ({ port }, output) => {
    if (output.type === "open-part") this.#parts.set(`${port} ${output.id}`, { name: output.name, length: 0 });
    if (output.type !== "write-part" && output.type !== "commit-part" && output.type !== "truncate-part") return;
    const part = this.#parts.get(`${port} ${output.part}`);
    if (part === undefined) return;
    if (output.type === "truncate-part") part.length = output.length;
    else if (output.type === "write-part") {
      const end = output.offset + output.bytes.length;
      const expected = this.#content(part.name).subarray(output.offset, end);
      if (output.offset > part.length || !equal(output.bytes, expected)) {
        this.#violations.push(`I1: ${part.name} got bytes at ${output.offset} that are not those of the source`);
      }
      part.length = Math.max(part.length, end);
    } else {
      if (part.length !== this.#content(part.name).length) {
        this.#violations.push(`I1: ${part.name} is committed with ${part.length} bytes`);
      }
      const place = port === SERVER_PORT ? part.name : `${port} ${part.name}`;
      const commits = (this.#commits.get(place) ?? 0) + 1;
      this.#commits.set(place, commits);
      if (commits > 1) this.#violations.push(`I3: ${part.name} is committed ${commits} times`);
    }
  };
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
