/** Three members of etcd in one cluster, and who leads, asked of each again and again. */
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type RunningProcess, run, start } from "../../../../test/process.js";
import { monoMs } from "../processes/clock.js";
import { reservePorts } from "../processes/reserve-ports.js";

/** How long between two questions to a member: the resolution of what is measured. */
export const POLL_MS = 5;
const STEP_TIMEOUT_MS = 60_000;
const NAMES = ["e1", "e2", "e3"] as const;

export interface EtcdTimes {
  readonly heartbeatMs: number;
  readonly electionMs: number;
}

interface Status {
  readonly member: string;
  readonly leader: string;
  readonly term: number;
}

/** The version that etcd gives, or undefined where there is none. */
export async function etcdVersion(command: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(command, ["--version"]);
    return /etcd Version: (\S+)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

export class EtcdCluster implements AsyncDisposable {
  readonly #command: string;
  readonly #times: EtcdTimes;
  readonly #folder = mkdtempSync(join(tmpdir(), "etcd-bench-"));
  readonly #running = new Map<string, RunningProcess>();
  /** One connection to each member is kept. */
  readonly #agent = new Agent({ keepAlive: true });
  #ports: readonly number[] = [];

  constructor(command: string, times: EtcdTimes) {
    this.#command = command;
    this.#times = times;
    process.once("exit", this.#removeFolder);
  }

  async start(): Promise<void> {
    this.#ports = await reservePorts(2 * NAMES.length);
    for (const name of NAMES) this.startMember(name);
  }

  startMember(name: string): void {
    const [client, peer] = [this.#url(name, 0), this.#url(name, 1)];
    const { heartbeatMs, electionMs } = this.#times;
    const member = start(this.#command, [
      ...["--name", name, "--data-dir", join(this.#folder, name), "--log-level", "error", "--logger", "zap"],
      ...["--listen-client-urls", client, "--advertise-client-urls", client],
      ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
      ...["--initial-cluster", NAMES.map((other) => `${other}=${this.#url(other, 1)}`).join(",")],
      ...["--heartbeat-interval", String(heartbeatMs), "--election-timeout", String(electionMs)],
    ]);
    this.#running.set(name, member);
  }

  /** The name of the leader that all running members name, once they do. */
  async settled(): Promise<string> {
    const statuses = await this.#until("a settled etcd", [...this.#running.keys()], () => true);
    const leader = [...statuses].find(([, { member, leader }]) => member === leader)?.[0];
    if (leader === undefined) throw new Error("etcd's leader is none of its members");
    return leader;
  }

  /** Kills the leader. @returns milliseconds until every survivor named one and the same other */
  async killLeader(name: string): Promise<number> {
    const member = this.#running.get(name);
    const before = await this.#status(name);
    if (member === undefined || before === undefined) throw new Error(`${name} does not run`);
    this.#running.delete(name);
    const killedAt = monoMs();
    member.signal("SIGKILL");
    await this.#until("another leader", [...this.#running.keys()], ({ leader }) => leader !== before.member);
    const ms = monoMs() - killedAt;
    await member.exited;
    return ms;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    await Promise.all([...this.#running.values()].map((member) => member[Symbol.asyncDispose]()));
    process.off("exit", this.#removeFolder);
    this.#removeFolder();
  }

  readonly #removeFolder = (): void => rmSync(this.#folder, { recursive: true, force: true });

  /** Asks these members every few milliseconds until all name the same leader in the same term, and `accept` it. */
  async #until(
    what: string,
    names: readonly string[],
    accept: (status: Status) => boolean,
  ): Promise<ReadonlyMap<string, Status>> {
    const deadline = monoMs() + STEP_TIMEOUT_MS;
    for (;;) {
      const asked = monoMs();
      const statuses = await Promise.all(names.map(async (name) => await this.#status(name)));
      const known = statuses.filter((status): status is Status => status !== undefined && status.leader !== "0");
      const [first] = known;
      const agree = known.every((status) => status.leader === first?.leader && status.term === first.term);
      if (known.length === names.length && agree && known.every(accept)) {
        return new Map(names.map((name, index) => [name, known[index] as Status]));
      }
      if (asked > deadline) throw new Error(`${what}: not within ${STEP_TIMEOUT_MS} ms`);
      await sleep(Math.max(0, POLL_MS - (monoMs() - asked)));
    }
  }

  /** Undefined where the member does not answer. */
  async #status(name: string): Promise<Status | undefined> {
    return await new Promise((resolve) => {
      const asked = request(
        `${this.#url(name, 0)}/v3/maintenance/status`,
        { method: "POST", agent: this.#agent, timeout: 1_000 },
        (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (part: string) => {
            text += part;
          });
          response.on("error", () => resolve(undefined)).on("end", () => resolve(statusOf(text)));
        },
      );
      asked.on("timeout", () => asked.destroy()).on("error", () => resolve(undefined));
      asked.end("{}");
    });
  }

  #url(name: string, which: 0 | 1): string {
    return `http://127.0.0.1:${this.#ports[2 * NAMES.indexOf(name as "e1") + which]}`;
  }
}

function statusOf(text: string): Status | undefined {
  try {
    const answer = JSON.parse(text) as {
      readonly header?: { readonly member_id?: string };
      readonly leader?: string;
      readonly raftTerm?: string;
    };
    if (answer.header?.member_id === undefined) return undefined;
    // A field that is 0 is left out of the gateway's JSON.
    return { member: answer.header.member_id, leader: answer.leader ?? "0", term: Number(answer.raftTerm ?? 0) };
  } catch {
    return undefined;
  }
}
