/** Nodes of `election run`, each a process of its own, with a network between them that can be cut. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LeaderInfo, Token } from "@lab/election";
import { TcpMesh } from "@lab/simnet";
import { type RunningProcess, startTypeScript } from "../../../test/process.js";

const COMMAND = new URL("../../../packages/election/src/cli/main.ts", import.meta.url);

export interface ClusterOptions {
  /** 1 to 7: as many as may vote. */
  readonly nodes: number;
  readonly mode: "quorum" | "available";
  /** Called when something has changed. */
  readonly onChange?: () => void;
}

export interface NodeStatus {
  readonly id: string;
  readonly process: "starting" | "running" | "frozen" | "dead";
  readonly isCutOff: boolean;
  /** As the node said last; `-` where it has not said anything. */
  readonly role: "leader" | "follower" | "leaderless" | "-";
  /** In which it leads or follows. */
  readonly epoch: number | undefined;
  readonly follows: string | undefined;
  readonly dashboard: string | undefined;
}

/** Whom all of some nodes follow, and since when, in nanoseconds of the clock that all processes share. */
export interface Agreement {
  readonly leader: string;
  readonly epoch: number;
  readonly since: bigint;
}

/** What `election run --json` prints of who leads. */
type NodeEvent = { readonly ns: string } & (
  | { readonly event: "elected" | "stepDown"; readonly token: Token }
  | { readonly event: "leader"; readonly leader: LeaderInfo | null }
);

export class Cluster implements AsyncDisposable {
  readonly ids: readonly string[];
  readonly #options: ClusterOptions;
  readonly #mesh: TcpMesh;
  readonly #folder = mkdtempSync(join(tmpdir(), "lab-cluster-"));
  readonly #processes = new Map<string, RunningProcess>();
  readonly #status = new Map<string, NodeStatus>();
  readonly #waiting = new Set<() => void>();
  /** When the last event happened. */
  #latest = 0n;

  constructor(options: ClusterOptions) {
    const { nodes } = options;
    if (!Number.isInteger(nodes) || nodes < 1 || nodes > 7) throw new RangeError(`nodes must be 1 to 7, not ${nodes}`);
    this.#options = options;
    this.ids = [..."abcdefg"].slice(0, nodes);
    this.#mesh = new TcpMesh({ names: this.ids });
    for (const id of this.ids) this.#status.set(id, fresh(id));
  }

  /** Resolves when every node listens. */
  async start(): Promise<void> {
    await this.#mesh.listen();
    await Promise.all(this.ids.map((id) => this.restart(id)));
  }

  status(id: string): NodeStatus {
    const status = this.#status.get(id);
    if (status === undefined) throw new RangeError(`there is no node ${id}, only ${this.ids.join(", ")}`);
    return status;
  }

  /** Ends a node as a crash does. */
  async kill(id: string): Promise<void> {
    const node = this.#process(id);
    this.#dead(id); // from now on: it may be started again before its end is seen
    node.kill("SIGKILL");
    await node.exited;
  }

  /** Starts a node that was killed, with what it had stored; one that still runs is killed first. */
  async restart(id: string): Promise<void> {
    if (this.#processes.has(id)) await this.kill(id);
    const { dashboard } = this.status(id);
    this.#set(id, { process: "starting" });
    const others = this.ids.filter((one) => one !== id);
    const flags = [
      ["--id", id, "--listen", "127.0.0.1:0", "--address", addressOf(id), "--name", `node ${id}`],
      ["--preset", "fast", "--state", this.#folder, "--json", "--mode", this.#options.mode],
      // Where it was before, so that a page that watches it finds it again.
      ["--ui", dashboard === undefined ? "0" : new URL(dashboard).port],
      this.#options.mode === "quorum"
        ? ["--members", this.ids.map((one) => `${one}=${addressOf(one)}`).join(",")]
        : ["--join", this.ids.map(addressOf).join(",")],
      ...others.map((one) => ["--route", `${addressOf(one)}=${this.#mesh.address(id, one)}`]),
    ].flat();
    const node = startTypeScript(COMMAND, ["run", ...flags], { onLine: (line) => this.#take(id, node, line) });
    this.#processes.set(id, node);
    const onEnd = (): void => {
      if (this.#processes.get(id) === node) this.#dead(id);
    };
    node.exited.then(onEnd, onEnd);
    await this.#mesh.attach(id, { port: await node.port() });
    const url = (await node.line(/^dashboard on (\S+)$/))[1];
    this.#set(id, { process: "running", dashboard: url });
  }

  /** Stops a node's process without ending it: it does not know. */
  freeze(id: string): void {
    this.#process(id).signal("SIGSTOP");
    this.#set(id, { process: "frozen" });
  }

  thaw(id: string): void {
    this.#process(id).signal("SIGCONT");
    this.#set(id, { process: "running" });
  }

  /** Nothing crosses between a node and the others, and nobody is told. */
  cutOff(id: string): void {
    this.status(id);
    this.#mesh.split(id);
    this.#set(id, { isCutOff: true });
  }

  /** Ends that; towards nodes that are cut off themselves, nothing changes. */
  heal(id: string): void {
    this.#set(id, { isCutOff: false });
    const reached = this.ids.filter((one) => one !== id && !this.status(one).isCutOff);
    this.#mesh.heal([id], reached);
    this.#mesh.heal(reached, [id]);
  }

  /** The node among these that all of these follow, once that is so. Default: all nodes. */
  async agreement(ids: readonly string[] = this.ids): Promise<Agreement> {
    for (;;) {
      const [first] = ids.map((id) => this.status(id));
      const leader = first?.follows;
      const isLed = leader !== undefined && ids.includes(leader) && this.status(leader).role === "leader";
      const agree = (id: string): boolean => {
        const { follows, epoch } = this.status(id);
        return follows === leader && epoch === first?.epoch;
      };
      if (isLed && ids.every(agree)) return { leader, epoch: first?.epoch ?? 0, since: this.#latest };
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const nodes = [...this.#processes.values()];
    this.#processes.clear();
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
    await this.#mesh.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #process(id: string): RunningProcess {
    this.status(id);
    const node = this.#processes.get(id);
    if (node === undefined) throw new Error(`${id} does not run`);
    return node;
  }

  #dead(id: string): void {
    this.#processes.delete(id);
    this.#set(id, { process: "dead", role: "-", epoch: undefined, follows: undefined });
  }

  #take(id: string, node: RunningProcess, line: string): void {
    if (!line.startsWith("{") || this.#processes.get(id) !== node) return;
    const event = JSON.parse(line) as NodeEvent;
    if (event.event === "elected" || event.event === "stepDown" || event.event === "leader") {
      const ns = BigInt(event.ns);
      if (ns > this.#latest) this.#latest = ns; // lines of different processes arrive in any order
      this.#set(id, saidOf(id, event));
    }
  }

  #set(id: string, change: Partial<NodeStatus>): void {
    this.#status.set(id, { ...this.status(id), ...change });
    this.#options.onChange?.();
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

function fresh(id: string): NodeStatus {
  const unknown = { epoch: undefined, follows: undefined, dashboard: undefined };
  return { id, process: "starting", isCutOff: false, role: "-", ...unknown };
}

function saidOf(id: string, event: NodeEvent): Pick<NodeStatus, "role" | "epoch" | "follows"> {
  if (event.event === "elected") return { role: "leader", epoch: event.token.epoch, follows: id };
  const leader = event.event === "leader" ? event.leader : null;
  if (leader === null) return { role: "leaderless", epoch: undefined, follows: undefined };
  return { role: leader.id === id ? "leader" : "follower", epoch: leader.epoch, follows: leader.id };
}

/** What nodes call each other; each is told where the network between them begins for it. */
function addressOf(id: string): string {
  return `${id}.cluster:1`;
}
