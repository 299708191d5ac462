/** A node of which a test decides what it says, for the dashboard to show. */
import type { ClusterView, ElectionView, ElectorEvents, HostRow, LeaderInfo } from "../../src/core/index.js";
import type { ShownElector } from "../../src/node/dashboard.js";

export function hostRow(id: string, more: Partial<HostRow> = {}): HostRow {
  return {
    rank: 1,
    id,
    hostName: `host-${id}`,
    address: `127.0.0.1:1${id.charCodeAt(0)}`,
    ui: undefined,
    load: {
      cpuPercent: 12.5,
      usedRamBytes: 4e9,
      totalRamBytes: 16e9,
      freeBandwidthBytes: 1e8,
      freeDiskBytes: 2e11,
      measuredAtMs: 1,
    },
    score: 80,
    status: "connected",
    medal: undefined,
    isLeader: false,
    ...more,
  };
}

export function clusterView(more: Partial<ClusterView> = {}): ClusterView {
  return {
    id: "a",
    address: "127.0.0.1:197",
    incarnation: "0011223344556677",
    mode: "available",
    role: "leader",
    epoch: 1,
    leader: { id: "a", address: "127.0.0.1:197", epoch: 1 },
    fallbacks: [],
    leaseMs: 1_500,
    leaseRemainingMs: 1_200,
    hosts: [hostRow("a", { isLeader: true }), hostRow("b", { rank: 2 })],
    ...more,
  };
}

type FakeView = Omit<ElectionView, "malformed">;

export class FakeElector implements ShownElector {
  readonly warnings: readonly string[] = [];
  readonly #listeners = new Map<string, Set<(...args: never[]) => void>>();
  current: FakeView;

  constructor(view: Partial<FakeView> = {}) {
    this.current = clusterView(view);
  }

  get address(): string {
    return this.current.address;
  }

  view(): ElectionView {
    return { ...this.current, malformed: 0 };
  }

  leader(): LeaderInfo | undefined {
    return this.current.leader;
  }

  on<Name extends keyof ElectorEvents>(event: Name, listener: ElectorEvents[Name]): this {
    const all = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, all.add(listener));
    return this;
  }

  off<Name extends keyof ElectorEvents>(event: Name, listener: ElectorEvents[Name]): this {
    this.#listeners.get(event)?.delete(listener);
    return this;
  }

  /** Changes what it says, and tells its listeners. */
  change(view: Partial<FakeView>): void {
    const former = this.current.leader;
    this.current = clusterView({ ...this.current, ...view });
    const { leader, hosts } = this.current;
    if (leader !== former) this.#emit("leader", leader);
    if (view.hosts !== undefined) this.#emit("hosts", hosts);
  }

  get listenerCount(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }

  #emit(event: string, ...args: unknown[]): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(...(args as never[]));
  }
}
