/** Nodes that are processes of their own, and can be killed, frozen, restarted and cut off. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TcpMesh } from "@lab/simnet";
import { type RunningProcess, start } from "../../../../test/process.js";
import { compiledProgram } from "./compiled.js";
import type { Events } from "./events.js";
import type { NodeConfig, Times } from "./node-config.js";
import { type Claim, Witness } from "./witness.js";

export interface ClusterOptions {
  readonly size: number;
  readonly mode: "quorum" | "available";
  /** Default: the preset `fast`. */
  readonly times?: Times;
  /** Whether the nodes ask themselves all the time; `samplesOf` is where the answers are. Default false. */
  readonly asks?: boolean;
  /** `HOST:PORT` of a `resource.ts`. */
  readonly resource?: string;
  /** Where the nodes keep their files. Default: a folder that goes with the cluster. */
  readonly folder?: string;
  /** In hexadecimal. Default none. */
  readonly secret?: string;
  /** Real addresses, at which the nodes listen and reach each other without a mesh. Default: symbolic ones. */
  readonly addressOf?: (id: string) => string;
  /** Of node-config.ts. Default false. */
  readonly answersByFlag?: boolean;
  /** How a node's process is started. Default: on this machine. */
  readonly launch?: StartNode;
}

/** How a node's process is started; it prints `listening on HOST:PORT` first. */
export type StartNode = (config: NodeConfig, onLine: (line: string) => void) => RunningProcess;

const startHere: StartNode = (config, onLine) =>
  start(process.execPath, [compiledProgram("asking-node.ts"), JSON.stringify(config)], { onLine });

/**
 * Members have to know each other's addresses before any listens: those are symbolic (`a.cluster:1`), and each node's
 * routes lead from them to the proxies of a TcpMesh, which are told where a node listens when it does.
 */
export class NodeCluster implements AsyncDisposable {
  readonly ids: readonly string[];
  readonly mesh: TcpMesh;
  readonly #options: ClusterOptions;
  readonly #own: string | undefined;
  readonly #folder: string;
  readonly #running = new Map<string, RunningProcess>();
  readonly #witness = new Witness();

  private constructor(options: ClusterOptions) {
    this.#options = options;
    this.ids = Array.from({ length: options.size }, (_, index) => String.fromCharCode(97 + index));
    this.mesh = new TcpMesh({ names: this.ids });
    this.#own = options.folder === undefined ? mkdtempSync(join(tmpdir(), "lab-cluster-")) : undefined;
    this.#folder = options.folder ?? this.#own ?? "";
  }

  /** Resolves when every node listens. */
  static async start(options: ClusterOptions): Promise<NodeCluster> {
    const cluster = new NodeCluster(options);
    try {
      if (options.addressOf === undefined) await cluster.mesh.listen();
      await Promise.all(cluster.ids.map((id) => cluster.startNode(id)));
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  /** Where the answers of a node are. */
  samplesOf(id: string): string {
    return join(this.#folder, `${id}.samples`);
  }

  /** Starts a node, or starts it again with what it stored. Resolves when it listens. */
  async startNode(id: string): Promise<void> {
    const { mode, times = { preset: "fast" }, asks = false, resource, secret, launch = startHere } = this.#options;
    const { addressOf = symbolicAddress, answersByFlag } = this.#options;
    const isMeshed = this.#options.addressOf === undefined;
    const others = this.ids.filter((one) => one !== id);
    const config: NodeConfig = {
      id,
      mode,
      listen: isMeshed ? "127.0.0.1:0" : addressOf(id),
      address: addressOf(id),
      cluster: this.ids.map((one) => ({ id: one, address: addressOf(one) })),
      routes: isMeshed ? Object.fromEntries(others.map((one) => [addressOf(one), this.mesh.address(id, one)])) : {},
      state: join(this.#folder, `${id}.json`),
      times,
      ...(asks && { samples: this.samplesOf(id) }),
      ...(resource !== undefined && { resource }),
      ...(secret !== undefined && { secret }),
      ...(answersByFlag !== undefined && { answersByFlag }),
    };
    const node = launch(config, (line) => {
      if (this.#running.get(id) === node) this.#witness.take(id, line);
    });
    this.#running.set(id, node);
    const port = await node.port();
    if (isMeshed) await this.mesh.attach(id, { port });
  }

  /** Kills a node as `kill -9` does. Resolves when it is gone. */
  async kill(id: string): Promise<void> {
    const node = this.#node(id);
    this.#running.delete(id);
    this.#witness.forget(id);
    node.kill("SIGKILL");
    await node.exited;
  }

  signal(id: string, signal: NodeJS.Signals): void {
    this.#node(id).signal(signal);
  }

  get events(): Events {
    return this.#witness.events;
  }

  /** Who leads by its own word. */
  get leading(): readonly string[] {
    return this.#witness.leading;
  }

  /** The one among these that all of these follow, once that is so. Default: of all that run. */
  async settled(ids: readonly string[] = [...this.#running.keys()]): Promise<Claim> {
    return await this.#witness.settled(ids);
  }

  followedBy(ids: readonly string[]): Claim | undefined {
    return this.#witness.followedBy(ids);
  }

  async steppedDown(id: string): Promise<void> {
    await this.#witness.steppedDown(id);
  }

  /** Cuts a node off from all others. `one way`: it is not heard any more, but hears. */
  cut(id: string, how: "both ways" | "one way"): void {
    const others = this.ids.filter((one) => one !== id);
    this.mesh.cut([id], others);
    if (how === "both ways") this.mesh.cut(others, [id]);
  }

  /** Nothing crosses between these and all others. */
  split(side: readonly string[]): void {
    this.mesh.split(...side);
  }

  heal(): void {
    this.mesh.heal();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.values()].map((node) => node[Symbol.asyncDispose]()));
    await this.mesh.close();
    if (this.#own !== undefined) rmSync(this.#own, { recursive: true, force: true });
  }

  #node(id: string): RunningProcess {
    const node = this.#running.get(id);
    if (node === undefined) throw new Error(`${id} does not run`);
    return node;
  }
}

function symbolicAddress(id: string): string {
  return `${id}.cluster:1`;
}
