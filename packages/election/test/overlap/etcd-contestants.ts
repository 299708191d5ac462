/** Candidates of the etcd engine, each with a proxy between it and etcd. */
import { join } from "node:path";
import { TcpProxy } from "@lab/simnet";
import { type RunningProcess, start } from "../../../../test/process.js";
import { EtcdCluster } from "../etcd/start-etcd.js";
import { compiledProgram } from "../processes/compiled.js";
import { type Claim, Witness } from "../processes/witness.js";
import type { Contestants } from "./cases.js";

export class EtcdContestants implements Contestants {
  readonly ids: readonly string[];
  readonly #folder: string;
  readonly #etcd: EtcdCluster;
  readonly #witness = new Witness();
  readonly #proxies = new Map<string, TcpProxy>();
  readonly #processes = new Map<string, RunningProcess>();

  private constructor(etcd: EtcdCluster, size: number, folder: string) {
    this.#etcd = etcd;
    this.#folder = folder;
    this.ids = Array.from({ length: size }, (_, index) => String.fromCharCode(97 + index));
  }

  /** One member of etcd is enough: what is tested is what its clients think. */
  static async start(size: number, folder: string, resource: string): Promise<EtcdContestants> {
    const one = new EtcdContestants(await EtcdCluster.start(1), size, folder);
    try {
      for (const id of one.ids) await one.#startCandidate(id, resource);
      return one;
    } catch (error) {
      await one[Symbol.asyncDispose]();
      throw error;
    }
  }

  samplesOf(id: string): string {
    return join(this.#folder, `${id}.samples`);
  }

  async settled(ids: readonly string[]): Promise<Claim> {
    return await this.#witness.settled(ids);
  }

  async steppedDown(id: string): Promise<void> {
    await this.#witness.steppedDown(id);
  }

  cut(id: string, how: "both ways" | "one way"): void {
    this.#proxies.get(id)?.cut(how === "one way" ? { direction: "to-server" } : {});
  }

  split(): never {
    throw new Error("candidates do not talk to each other: there is nothing to split");
  }

  heal(): void {
    for (const proxy of this.#proxies.values()) proxy.heal();
  }

  signal(id: string, signal: NodeJS.Signals): void {
    this.#processes.get(id)?.signal(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#processes.values()].map((one) => one[Symbol.asyncDispose]()));
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.close()));
    await this.#etcd[Symbol.asyncDispose]();
  }

  async #startCandidate(id: string, resource: string): Promise<void> {
    const [endpoint = ""] = this.#etcd.endpoints;
    const proxy = new TcpProxy({ to: { port: Number(new URL(endpoint).port) } });
    this.#proxies.set(id, proxy);
    const { host, port } = await proxy.listen();
    const args = [`http://${host}:${port}`, id, this.samplesOf(id), resource];
    const onLine = (line: string): void => this.#witness.take(id, line);
    this.#processes.set(id, start(process.execPath, [compiledProgram("asking-candidate.ts"), ...args], { onLine }));
  }
}
