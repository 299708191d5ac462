/** The world of a plan while it runs: its ends as they are now, across crashes. */
import { SimnetError, World } from "@lab/simnet";
import type { Outcome } from "../../src/core/contract.js";
import { plainPlatform } from "../plain-platform.js";
import { DeliveryOracle } from "./delivery-oracle.js";
import type { ClientEnd, Dialect, End } from "./dialects.js";
import { CLIENT_NODES, contentOf, type Plan, SERVER, type TransferPlan } from "./plan.js";
import { type Served, TransferNode } from "./transfer-node.js";

/** Longer than any transfer of a plan can take, and any memory of it. */
const HOUR_MS = 3_600_000;
/** Twenty times what the longest transfer of a plan needs. */
const MOST_EVENTS = 50_000;

/** One run of a plan: the world, and the ends as they are now. */
export class PlannedWorld {
  readonly plan: Plan;
  readonly world: World;
  /** What must never be, in words. */
  readonly violations: string[] = [];
  readonly clients: readonly ClientEnd[];
  readonly #dialect: Dialect;
  readonly #contents: ReadonlyMap<string, Uint8Array>;
  readonly #oracle: DeliveryOracle | undefined;
  readonly #nodes = new Map<string, TransferNode>();
  readonly #served: Served[][] = [];
  #server: End | undefined;

  /** @param onStep called after every event */
  constructor(plan: Plan, dialect: Dialect, trace: boolean, onStep?: (run: PlannedWorld) => void) {
    this.plan = plan;
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
    const names = new Set<string>([...CLIENT_NODES, ...plan.transfers.map(({ node }) => node)]);
    const nodes = [...names].map((name) => [name, () => clientNode(name)] as const);
    this.world = new World({
      seed: plan.seed,
      nodes: { [SERVER]: ({ incarnation }) => this.#serverNode(incarnation), ...Object.fromEntries(nodes) },
      impairments: plan.impairments,
      faults: plan.faults,
      trace,
      ...(onStep !== undefined && { onStep: () => onStep(this) }),
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

  /** Until nothing is left to happen; false if that never comes, be it that packets beget packets without end. */
  run(): boolean {
    const end = this.world.now + HOUR_MS;
    try {
      return this.world.run({ until: ({ now }) => now > end, maxEvents: MOST_EVENTS }) === "idle";
    } catch (error) {
      if (error instanceof SimnetError && (error.code === "LIVELOCK" || error.code === "TOO_MANY_EVENTS")) return false;
      throw error;
    }
  }

  /** Goes on with a transfer from another node, on a channel on which nothing goes wrong any more. */
  resume(transfer: TransferPlan, index: number): { readonly client: ClientEnd; readonly node: string } | undefined {
    const again = { ...transfer, port: transfer.port + 100 };
    const platform = this.#platform(`${transfer.name} again`);
    const client = this.#dialect.resumed?.(again, this.clients[index] as ClientEnd, platform, this.plan);
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
    return plainPlatform(`${this.plan.seed} ${label}`);
  }

  #node(name: string, seats: readonly End[]): TransferNode {
    const node = new TransferNode(seats, this.#oracle?.watch);
    this.#nodes.set(name, node);
    return node;
  }

  #serverNode(incarnation: number): TransferNode {
    const platform = this.#platform(`server ${incarnation}`);
    const { transfers } = this.plan;
    const served = transfers.filter(({ operation }) => operation === "get").map(({ name }) => name);
    const files = Object.fromEntries(served.map((name) => [name, this.content(name)]));
    this.#server =
      this.#server === undefined
        ? this.#dialect.server(files, platform, this.plan)
        : this.#dialect.restarted(this.#server, platform, this.plan);
    const node = this.#node(SERVER, [this.#server]);
    this.#served.push(node.served);
    return node;
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
