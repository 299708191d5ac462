/** Five (or so) real nodes in quorum mode, each a process of its own, which can be killed and started again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningProcess, startTypeScript } from "../../../../test/process.js";
import { monoMs } from "./clock.js";
import { EventLog, type NodeEvent } from "./events.js";
import { randomWait } from "./random-wait.js";
import { reservePorts } from "./reserve-ports.js";

/** No step of a round takes that long; when one does, something is broken and the measurement fails. */
const STEP_TIMEOUT_MS = 30_000;

export interface ClusterOptions {
  readonly nodes: number;
  readonly mode: "quorum" | "available";
  readonly preset: "default" | "fast";
}

/** Who leads, and in which epoch. */
export interface Claim {
  readonly leader: string;
  readonly epoch: number;
}

export class ElectionCluster implements AsyncDisposable {
  readonly log: EventLog = new EventLog();
  readonly ids: readonly string[];
  readonly #options: ClusterOptions;
  readonly #folder = mkdtempSync(join(tmpdir(), "election-bench-"));
  readonly #running = new Map<string, RunningProcess>();
  /** Of each node that runs: whom it follows, by its last event. */
  readonly #follows = new Map<string, Claim>();
  #ports: readonly number[] = [];

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.ids = Array.from({ length: options.nodes }, (_, index) => `n${index + 1}`);
    process.once("exit", this.#removeFolder);
  }

  async start(): Promise<void> {
    this.#ports = await reservePorts(this.ids.length);
    await Promise.all(this.ids.map((id) => this.startNode(id)));
  }

  /** Resolves when it listens. */
  async startNode(id: string): Promise<void> {
    const { mode, preset } = this.#options;
    const options = {
      id,
      mode,
      preset,
      listen: this.#address(id),
      ...(mode === "quorum"
        ? { members: this.ids.map((member) => ({ id: member, address: this.#address(member) })) }
        : { seeds: this.ids.map((seed) => this.#address(seed)) }),
      state: join(this.#folder, `${id}.json`),
    };
    const node = startTypeScript(new URL("./node-process.ts", import.meta.url), [JSON.stringify(options)], {
      onLine: (line) => {
        if (line.startsWith("{")) this.#take({ node: id, ...JSON.parse(line) } as NodeEvent);
      },
    });
    this.#running.set(id, node);
    await node.line(/^listening on /);
  }

  /** The one leader that all running nodes follow and count on its table, once that is so. */
  async settled(): Promise<Claim> {
    const since = monoMs();
    return await this.log.until("a settled cluster", STEP_TIMEOUT_MS, () => {
      const claim = this.followedBy([...this.#running.keys()]);
      if (claim === undefined) return undefined;
      const isCounted = (event: NodeEvent): boolean =>
        event.event === "hosts" && event.node === claim.leader && event.live === this.#running.size;
      return this.log.since(since).some(isCounted) ? claim : undefined;
    });
  }

  /**
   * The same, and then a random part of `ms` later: what is measured next begins anywhere in an interval of what repeats.
   * Where another leads by then, as on a machine that is too busy, all begins again.
   */
  async settledAnywhereIn(ms: number): Promise<Claim> {
    for (;;) {
      const claim = await this.settled();
      await randomWait(ms);
      const now = this.followedBy([...this.#running.keys()]);
      if (now !== undefined && isSame(now, claim)) return claim;
    }
  }

  /** Whom all of these nodes follow now, if it is one of the running ones. */
  followedBy(ids: readonly string[]): Claim | undefined {
    const [first, ...others] = ids.map((id) => this.#follows.get(id));
    if (first === undefined || !this.#running.has(first.leader)) return undefined;
    return others.every((claim) => claim !== undefined && isSame(claim, first)) ? first : undefined;
  }

  /** Kills a node as `kill -9` does. Resolves when it is gone. @returns the time right before */
  async kill(id: string): Promise<number> {
    const node = this.#node(id);
    this.#running.delete(id);
    this.#follows.delete(id);
    const at = monoMs();
    node.signal("SIGKILL");
    await node.exited;
    return at;
  }

  /** Asks a leader to hand over. @returns the time right before */
  resign(id: string): number {
    const at = monoMs();
    this.#node(id).signal("SIGUSR2");
    return at;
  }

  /** Waits for something that the nodes do. */
  async until<Found>(what: string, find: () => Found | undefined): Promise<Found> {
    return await this.log.until(what, STEP_TIMEOUT_MS, find);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.values()].map((node) => node[Symbol.asyncDispose]()));
    process.off("exit", this.#removeFolder);
    this.#removeFolder();
  }

  readonly #removeFolder = (): void => rmSync(this.#folder, { recursive: true, force: true });

  #take(event: NodeEvent): void {
    if (event.event === "leader" && this.#running.has(event.node)) this.#follows.set(event.node, event);
    this.log.add(event);
  }

  #node(id: string): RunningProcess {
    const node = this.#running.get(id);
    if (node === undefined) throw new Error(`${id} does not run`);
    return node;
  }

  #address(id: string): string {
    return `127.0.0.1:${this.#ports[this.ids.indexOf(id)]}`;
  }
}

function isSame(a: Claim, b: Claim): boolean {
  return a.leader === b.leader && a.epoch === b.epoch;
}
