/** A rake server that `sbatch` starts in an allocation (R49). */
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { listOf, MAX_MS, plainText, whole } from "../../core/option-checks.js";
import type { HostAddress } from "../../core/plan.js";
import { removeFolder } from "../removal.js";
import { complaint, slurm } from "./commands.js";
import { SlurmError } from "./errors.js";
import type { SlurmHost } from "./host.js";
import { resolveSlurmOptions, type SlurmOptions, type SlurmSettings } from "./options.js";
import { type JobLine, parseSubmitted } from "./parse.js";
import { pilotFiles, pilotScript } from "./pilot-script.js";
import { cancelJob, cpusFor, isOver, isOverWithin, jobOf, nodesOf, pause } from "./queue.js";

export interface PilotOptions extends SlurmOptions {
  /**
   * The words that start a server on the node, before `--host`, `--port` and `--secret-file`; its first line must be `listening on HOST:PORT`. Default
   * `["rake", "serve"]`.
   */
  readonly command?: readonly string[];
  /** More words for the server, behind the others; default none. */
  readonly serverArguments?: readonly string[];
  /** Where the server listens on its node; default 0.0.0.0, found by the address that Slurm has for the node. */
  readonly listen?: string;
  /** Without a sign of life of this process for so long the pilot ends by itself; default 30,000 ms, from 1,000. */
  readonly leaseMs?: number;
}

const LOOK_MS = 25;

/**
 * Submits the job, and resolves when its server listens. It starts once; an action costs there what it costs with any server.
 *
 * ```ts
 * await using host = await pilot({ cpus: 16, partition: "short" });
 * await build({ rakefile, hosts: [host.address], secret: host.secret });
 * ```
 *
 * @throws TypeError or RangeError for a wrong option; SlurmError: `SLURM_NOT_STARTED` where it does not serve within `startMs`, with what it
 * printed; nothing of it is left then
 */
export async function pilot(options: PilotOptions = {}): Promise<SlurmHost> {
  const settings = resolveSlurmOptions(options);
  const words = (name: string, value: readonly string[]): readonly string[] =>
    listOf(name, value, (item, word) => plainText(item, word, 1, 4_096));
  const command = words("command", options.command ?? ["rake", "serve"]);
  if (command.length === 0) throw new RangeError("command must have a word at least");
  const serverArguments = words("serverArguments", options.serverArguments ?? []);
  const listen = plainText("listen", options.listen ?? "0.0.0.0", 1, 256);
  const leaseMs = whole("leaseMs", options.leaseMs, { default: 30_000, min: 1_000, max: MAX_MS });
  const cpus = await cpusFor(settings.cpus, settings.maxCpus, options.partition);
  const folder = mkdtempSync(join(realpathSync(settings.folder), ".rake-pilot-")); // 0700
  const files = pilotFiles(folder);
  const started: { jobId: number | undefined } = { jobId: undefined };
  const lease = new Lease(files.lease, leaseMs);
  try {
    // As text: a line's end in it would be cut off.
    writeFileSync(files.secret, randomBytes(32).toString("hex"), { mode: 0o600, flag: "wx" });
    const server = [
      ...command,
      "--host",
      listen,
      "--port",
      "0",
      "--secret-file",
      files.secret,
      "--slots",
      String(cpus),
      ...serverArguments,
    ];
    writeFileSync(files.script, pilotScript(files, server, leaseMs), { mode: 0o700, flag: "wx" });
    const submitted = await slurm("sbatch", [
      ...settings.arguments,
      ...["--parsable", "--nodes=1", "--ntasks=1", `--cpus-per-task=${cpus}`, "--no-requeue", "--open-mode=append"],
      ...[`--output=${files.log}`, `--chdir=${folder}`, files.script],
    ]);
    const jobId = parseSubmitted(submitted);
    if (jobId === undefined)
      throw new SlurmError("SLURM_REFUSED", `sbatch: no job number in ${JSON.stringify(submitted)}`);
    started.jobId = jobId;
    const address = await servedAt(jobId, files, settings);
    return new PilotHost(jobId, address, new Uint8Array(readFileSync(files.secret)), folder, lease, settings);
  } catch (error) {
    lease.end();
    try {
      if (started.jobId !== undefined) await cancelJob(started.jobId, settings.endMs);
    } catch {
      // The first error says more. Without its folder, which is its lease, the pilot ends by itself.
    }
    await removeFolder(folder);
    throw error;
  }
}

/** Where it listens, as it says itself. @throws SlurmError where the job ends before, or does not say it in time */
async function servedAt(
  jobId: number,
  files: ReturnType<typeof pilotFiles>,
  settings: SlurmSettings,
): Promise<HostAddress> {
  const began = performance.now();
  let askedAt = began;
  let job: JobLine | undefined;
  for (;;) {
    const match = /^listening on (\S+):(\d+)$/m.exec(textOf(files.listening));
    if (match !== null) return await reachable(match[1] ?? "", Number(match[2]), jobId);
    const now = performance.now();
    if (now - askedAt >= Math.min(settings.pollMs, settings.startMs)) {
      job = await jobOf(jobId);
      askedAt = performance.now();
      if (isOver(job)) throw notStarted(`job ${jobId} ended before its server listened`, job, files.log);
    }
    if (now - began >= settings.startMs) {
      job = await jobOf(jobId);
      throw notStarted(`job ${jobId} does not serve within ${settings.startMs} ms`, job, files.log);
    }
    await pause(LOOK_MS);
  }
}

function notStarted(what: string, job: JobLine | undefined, log: string): SlurmError {
  const state = job === undefined ? "" : ` (${job.state}${job.reason === "None" ? "" : `, ${job.reason}`})`;
  const said = complaint(textOf(log).slice(-1_000));
  return new SlurmError("SLURM_NOT_STARTED", `${what}${state}${said === "" ? "" : `: ${said}`}`);
}

/** One that listens everywhere is reached as Slurm itself reaches its node. */
async function reachable(host: string, port: number, jobId: number): Promise<HostAddress> {
  const plain = host.replace(/^\[(.*)\]$/, "$1");
  if (plain !== "0.0.0.0" && plain !== "::") return { host: plain, port };
  const job = await jobOf(jobId);
  const node = (await nodesOf(undefined)).find(({ name }) => name === job?.node);
  if (node === undefined) throw new SlurmError("SLURM_NOT_STARTED", `job ${jobId} is on no node that Slurm knows`);
  return { host: node.address, port };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Tells the pilot that this process is there, by writing another number each time: no clocks are compared. */
class Lease {
  readonly #timer: NodeJS.Timeout;

  constructor(path: string, leaseMs: number) {
    let count = 0;
    const renew = (): void => {
      try {
        writeFileSync(path, `${++count}\n`, { mode: 0o600 });
      } catch {
        // A disk that is full for a moment; the next one counts.
      }
    };
    renew();
    this.#timer = setInterval(renew, leaseMs / 4);
    this.#timer.unref();
  }

  end(): void {
    clearInterval(this.#timer);
  }
}

class PilotHost implements SlurmHost {
  readonly jobId: number;
  readonly address: HostAddress;
  readonly secret: Uint8Array;
  readonly lost: Promise<string>;
  readonly #folder: string;
  readonly #lease: Lease;
  readonly #settings: SlurmSettings;
  readonly #timer: NodeJS.Timeout;
  #isAsking = false;
  #lose: (why: string) => void = () => {};
  #closing: Promise<void> | undefined;

  constructor(
    jobId: number,
    address: HostAddress,
    secret: Uint8Array,
    folder: string,
    lease: Lease,
    settings: SlurmSettings,
  ) {
    this.jobId = jobId;
    this.address = address;
    this.secret = secret;
    this.#folder = folder;
    this.#lease = lease;
    this.#settings = settings;
    this.lost = new Promise((resolve) => {
      this.#lose = resolve;
    });
    this.#timer = setInterval(() => void this.#look(), settings.pollMs);
    this.#timer.unref();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The build hears of a lost server by its connection; this tells why. */
  async #look(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      const job = await jobOf(this.jobId);
      if (this.#closing === undefined && isOver(job)) {
        clearInterval(this.#timer);
        const said = complaint(textOf(pilotFiles(this.#folder).log).slice(-1_000));
        const how = job === undefined ? "ended" : `ended as ${job.state}`;
        this.#lose(`job ${this.jobId} ${how}${said === "" ? "" : `: ${said}`}`);
      }
    } catch {
      // Nobody answered this time.
    } finally {
      this.#isAsking = false;
    }
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    this.#lease.end();
    const { endMs } = this.#settings;
    // Told to end, the server takes its processes and folders with it; cancelled, it could not. The script tells it, once: with
    // `--full` it would hear it twice, and take the second for haste.
    await slurm("scancel", ["--quiet", "--batch", "--signal=TERM", String(this.jobId)]).catch(() => {});
    if (!(await isOverWithin(this.jobId, endMs))) await cancelJob(this.jobId, endMs);
    await removeFolder(this.#folder);
  }
}
