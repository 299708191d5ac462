/** Starts etcd for a test: members on free ports of 127.0.0.1, their data in a folder that goes away. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningProcess, start } from "../../../../test/process.js";

/** Ports that the system gives out now; all are taken at once, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

export class EtcdMember {
  readonly endpoint: string;
  readonly #args: readonly string[];
  #process: RunningProcess | undefined;

  constructor(endpoint: string, args: readonly string[]) {
    this.endpoint = endpoint;
    this.#args = args;
  }

  /** Resolves when it serves clients, for which it needs a majority. */
  async start(): Promise<void> {
    this.#process = start("etcd", this.#args);
    await this.#process.line(/ready to serve client requests/);
  }

  async kill(): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
  }
}

export class EtcdCluster implements AsyncDisposable {
  readonly members: readonly EtcdMember[];
  readonly #folder: string;

  private constructor(folder: string, members: readonly EtcdMember[]) {
    this.#folder = folder;
    this.members = members;
  }

  /** Elections of etcd itself take 0.5 to 1 s, so that it grants leases of 1 s. */
  static async start(count: number): Promise<EtcdCluster> {
    const ports = await freePorts(2 * count);
    const folder = mkdtempSync(join(tmpdir(), "lab-etcd-"));
    const urls = ports.map((port) => `http://127.0.0.1:${port}`);
    const peers = urls.slice(count);
    const initial = peers.map((peer, index) => `m${index}=${peer}`).join(",");
    const members = urls.slice(0, count).map((client, index) => {
      const peer = peers[index] as string;
      return new EtcdMember(client, [
        ...["--name", `m${index}`, "--data-dir", join(folder, `m${index}`), "--log-outputs", "stdout"],
        ...["--listen-client-urls", client, "--advertise-client-urls", client],
        ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", initial],
        ...["--heartbeat-interval", "50", "--election-timeout", "500"],
      ]);
    });
    const cluster = new EtcdCluster(folder, members);
    try {
      await Promise.all(members.map((member) => member.start()));
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  get endpoints(): readonly string[] {
    return this.members.map(({ endpoint }) => endpoint);
  }

  /** The members, the one that leads etcd itself at the end: without it etcd elects for a while, and answers nothing. */
  async leaderLast(): Promise<readonly EtcdMember[]> {
    const status = await fetch(`${this.endpoints[0]}/v3/maintenance/status`, { method: "POST", body: "{}" });
    const { leader } = (await status.json()) as { leader: string };
    const list = await fetch(`${this.endpoints[0]}/v3/cluster/member/list`, { method: "POST", body: "{}" });
    const { members } = (await list.json()) as { members: { ID: string; clientURLs: string[] }[] };
    const leads = members.find(({ ID }) => ID === leader)?.clientURLs[0];
    return [...this.members].sort((one, other) => Number(one.endpoint === leads) - Number(other.endpoint === leads));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
