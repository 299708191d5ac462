/** Runs a server's actions by `srun` in one allocation (R50). */
import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import { RakeError } from "../../core/errors.js";
import type { ActionEngine, RunningAction } from "../engine.js";
import type { SpawnOptions } from "../spawn.js";
import { Allocation } from "./allocation.js";
import { Callbacks } from "./callbacks.js";
import { slurm } from "./commands.js";
import type { SlurmSettings } from "./options.js";
import { othersCpus } from "./parse.js";
import { cpusFor } from "./queue.js";
import { StepAction } from "./step-action.js";

export interface EngineOptions {
  readonly settings: SlurmSettings;
  readonly partition: string | undefined;
  readonly cpusPerAction: number;
  /** Where steps call back, and the address by which they find it. */
  readonly listen: string;
  readonly address: string | undefined;
  readonly stepArguments: readonly string[];
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
}

export class SlurmEngine implements ActionEngine {
  /** Actions that its processors are enough for. */
  readonly cores: number;
  readonly allocation: Allocation;
  readonly #options: EngineOptions;
  readonly #callbacks: Callbacks;
  readonly #tag = `rake-${randomBytes(4).toString("hex")}`;
  #steps = 0;
  #busy = 0;
  #askedAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;

  private constructor(options: EngineOptions, cores: number, allocation: Allocation, callbacks: Callbacks) {
    this.#options = options;
    this.cores = cores;
    this.allocation = allocation;
    this.#callbacks = callbacks;
  }

  /** Resolves when it has its processors. @throws SlurmError */
  static async open(options: EngineOptions): Promise<SlurmEngine> {
    const { settings, partition, cpusPerAction, listen, user } = options;
    const cpus = await cpusFor(settings.cpus, settings.maxCpus, partition);
    const tasks = Math.max(1, Math.floor(cpus / cpusPerAction));
    const callbacks = await Callbacks.listen(listen);
    try {
      const allocation = await Allocation.take(settings, { tasks, cpusPerTask: cpusPerAction, user });
      return new SlurmEngine(options, tasks, allocation, callbacks);
    } catch (error) {
      await callbacks.close();
      throw error;
    }
  }

  readonly start = async (options: SpawnOptions): Promise<RunningAction> => {
    const { settings, cpusPerAction: cpus, address, stepArguments } = this.#options;
    if (!options.launch.isMetered) {
      throw new RakeError("SANDBOX", "actions by srun need perl, which says exactly how an action ended");
    }
    return await StepAction.start(
      {
        jobId: this.allocation.jobId,
        name: `${this.#tag}-${++this.#steps}`,
        cpus,
        callbacks: this.#callbacks,
        address,
        perl: "perl",
        arguments: stepArguments,
        startMs: settings.startMs,
        endMs: settings.endMs,
      },
      options,
    );
  };

  /** What was last heard; Slurm is asked anew where that is older than `pollMs`. */
  busyCores(): number {
    if (this.#asking === undefined && performance.now() - this.#askedAt >= this.#options.settings.pollMs) {
      this.#asking = this.#ask().finally(() => {
        this.#askedAt = performance.now();
        this.#asking = undefined;
      });
    }
    return this.#busy;
  }

  /** Gives everything back. Its actions have ended. @throws SlurmError where the job does not end */
  async close(): Promise<void> {
    await this.#asking;
    await this.#callbacks.close();
    await this.allocation.close(this.#options.settings.endMs);
  }

  /** Other steps of the job, such as those that somebody started by hand. */
  async #ask(): Promise<void> {
    try {
      const steps = await slurm("scontrol", ["--oneliner", "show", "step", String(this.allocation.jobId)]);
      const cpus = othersCpus(steps, (name) => name.startsWith(this.#tag));
      this.#busy = cpus / this.#options.cpusPerAction;
    } catch {
      this.#busy = 0; // "not found": there are no steps. A job that is gone is told otherwise.
    }
  }
}
