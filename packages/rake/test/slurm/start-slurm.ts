/** Starts a whole Slurm of one node on 127.0.0.1, from Debian's packages, in a folder of its own; and ends all of it. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { type RunningProcess, run, start } from "../../../../test/process.js";

export interface SlurmSize {
  /** Processors that Slurm is to think the node has; default 4, whatever there are. */
  readonly cpus?: number;
}

/** The daemons listen on ports that are in the configuration: those are looked for, and others where one is taken by then. */
const ATTEMPTS = 3;
const UP_MS = 20_000;

export class SlurmCluster implements AsyncDisposable {
  /** SLURM_CONF of who wants to use it. */
  readonly conf: string;
  readonly folder: string;
  readonly #daemons: RunningProcess[] = [];

  private constructor(folder: string) {
    this.folder = folder;
    this.conf = join(folder, "slurm.conf");
  }

  /** Resolves when a job could run, and has set SLURM_CONF for this process and those that it starts. */
  static async start({ cpus = 4 }: SlurmSize = {}): Promise<SlurmCluster> {
    for (let attempt = 1; ; attempt++) {
      const cluster = new SlurmCluster(mkdtempSync(join(tmpdir(), "lab-slurm-")));
      try {
        await cluster.#start(cpus);
        process.env["SLURM_CONF"] = cluster.conf;
        return cluster;
      } catch (error) {
        const logs = cluster.logs();
        await cluster[Symbol.asyncDispose]();
        if (attempt === ATTEMPTS) throw new Error(`Slurm does not start: ${(error as Error).message}\n${logs}`);
      }
    }
  }

  async #start(cpus: number): Promise<void> {
    const { folder } = this;
    // Users of jobs pass here to munge's socket; its key is in a folder that it insists on having for itself.
    chmodSync(folder, 0o711);
    for (const name of ["munge", "state", "spool"]) mkdirSync(join(folder, name), { mode: 0o711 });
    chmodSync(join(folder, "munge"), 0o755);
    mkdirSync(join(folder, "key"), { mode: 0o700 });
    writeFileSync(join(folder, "key", "munge.key"), randomBytes(128), { mode: 0o600 });
    const socket = join(folder, "munge", "socket");
    this.#daemons.push(
      start("munged", [
        "--foreground",
        `--key-file=${join(folder, "key", "munge.key")}`,
        `--socket=${socket}`,
        `--pid-file=${join(folder, "munge", "pid")}`,
        `--log-file=${join(folder, "munge.log")}`,
        `--seed-file=${join(folder, "key", "seed")}`,
      ]),
    );
    const [controller, node] = await freePorts(2);
    writeFileSync(this.conf, configuration({ folder, socket, cpus, controller, node }), { mode: 0o644 });
    const until = performance.now() + UP_MS;
    const env = { SLURM_CONF: this.conf };
    await this.#wait(until, async () => (await run("munge", ["--no-input", `--socket=${socket}`])).code === 0);
    this.#daemons.push(start("slurmctld", ["-D", "-f", this.conf], { env }));
    this.#daemons.push(start("slurmd", ["-D", "-N", hostname(), "-f", this.conf], { env }));
    await this.#wait(until, async () => (await this.query("sinfo", ["-h", "-o", "%T"])).trim() === "idle");
  }

  /** What a command of Slurm prints. */
  async query(command: string, args: readonly string[]): Promise<string> {
    return (await run(command, args, { env: { SLURM_CONF: this.conf } })).stdout;
  }

  /** Jobs that are there, and steps that run, one line each. */
  async left(): Promise<string[]> {
    const jobs = await this.query("squeue", ["--noheader", "--format=%i %T %j"]);
    const steps = await this.query("squeue", ["--noheader", "--steps", "--format=%i %j"]);
    return `${jobs}${steps}`.split("\n").filter((line) => line.trim() !== "");
  }

  logs(): string {
    return ["munge.log", "slurmctld.log", "slurmd.log"]
      .map((name) => {
        try {
          return `${name}:\n${readFileSync(join(this.folder, name), "utf8").slice(-2_000)}`;
        } catch {
          return `${name}: none`;
        }
      })
      .join("\n");
  }

  /** Jobs, daemons and the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (process.env["SLURM_CONF"] === this.conf) {
      // What supervises a step is no child of slurmd, and outlives it: so all jobs end before it does.
      await run("scancel", ["--quiet", "--full", "--signal=KILL", `--user=${userInfo().username}`]);
      await run("scancel", ["--quiet", "--state=RUNNING"]);
      for (let tries = 0; tries < 100 && (await this.left()).length > 0; tries++) await pause(50);
      delete process.env["SLURM_CONF"];
    }
    for (const daemon of this.#daemons.reverse()) await daemon[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #wait(until: number, isSo: () => Promise<boolean>): Promise<void> {
    let ended: string | undefined;
    for (const daemon of this.#daemons) {
      void daemon.exited.then(
        ({ code, stderr }) => {
          ended ??= `a daemon ended with ${code}: ${stderr.trim().split("\n").pop()}`;
        },
        (error: Error) => {
          ended ??= error.message;
        },
      );
    }
    while (!(await isSo())) {
      if (ended !== undefined) throw new Error(ended);
      if (performance.now() > until) throw new Error(`not up within ${UP_MS} ms`);
      await pause(25);
    }
  }
}

interface Configuration {
  readonly folder: string;
  readonly socket: string;
  readonly cpus: number;
  readonly controller: number | undefined;
  readonly node: number | undefined;
}

/** Every plugin that would need what a container may not have is put away: processes are found by their parents, not by cgroups. */
function configuration({ folder, socket, cpus, controller, node }: Configuration): string {
  const user = userInfo().username;
  return `ClusterName=lab
SlurmctldHost=${hostname()}(127.0.0.1)
SlurmctldPort=${controller}
SlurmdPort=${node}
SlurmUser=${user}
SlurmdUser=${user}
AuthType=auth/munge
AuthInfo=socket=${socket}
CredType=cred/munge
CommunicationParameters=NoInAddrAny
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd.log
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=100
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmdTimeout=300
KillWait=2
MinJobAge=60
SlurmdParameters=config_overrides
NodeName=${hostname()} NodeAddr=127.0.0.1 CPUs=${cpus} RealMemory=1000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`;
}

/** Of 127.0.0.1; nothing listens there yet, and others are not kept from doing so. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
