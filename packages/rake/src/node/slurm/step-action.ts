/** One action that `srun` runs in an allocation (R50): started, pulled from, told to end, measured, and gone. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import type { StreamName } from "../../core/server-contract.js";
import type { RunningAction } from "../engine.js";
import { type Measured, readMeasured } from "../meter.js";
import type { SpawnOptions } from "../spawn.js";
import type { Callbacks, CallName } from "./callbacks.js";
import { complaint, slurm, slurmEnvironment } from "./commands.js";
import { parseSteps, STEPS_ARGUMENTS } from "./parse.js";
import { pause } from "./queue.js";
import { PASS, stepArguments } from "./step-program.js";
import { StepStream } from "./step-streams.js";

export interface StepSetting {
  readonly jobId: number;
  /** Of this step alone, within the job. */
  readonly name: string;
  readonly cpus: number;
  readonly callbacks: Callbacks;
  /** Where steps reach it; undefined: where `srun` runs. */
  readonly address: string | undefined;
  readonly perl: string;
  /** More words for `srun`. */
  readonly arguments: readonly string[];
  readonly startMs: number;
  readonly endMs: number;
}

const KEEP_ALIVE_MS = 2_000;
const MOST_COMPLAINT = 4_000;

export class StepAction implements RunningAction {
  readonly ended: Promise<Measured>;
  readonly #setting: StepSetting;
  readonly #child: ChildProcess;
  readonly #pass: string;
  readonly #streams: Readonly<Record<StreamName, StepStream>> = { stdout: new StepStream(), stderr: new StepStream() };
  readonly #exited: Promise<void>;
  readonly #began = performance.now();
  /** The meter is gone, or was never there: with it, everything that it stood above. */
  readonly #meterGone: Promise<void>;
  #setMeterGone: () => void = () => {};
  #end: (measured: Measured) => void = () => {};
  #control: Socket | undefined;
  #said = "";
  #complaint = "";
  #hasExited = false;
  /** It was told to end, softly or not. */
  readonly #told: Promise<void>;
  #setTold: () => void = () => {};
  #isTold = false;
  #isKilled = false;
  #killing: Promise<void> | undefined;
  readonly #late: NodeJS.Timeout;

  private constructor(setting: StepSetting, options: SpawnOptions) {
    this.#setting = setting;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#told = new Promise((resolve) => {
      this.#setTold = resolve;
    });
    this.#meterGone = new Promise((resolve) => {
      this.#setMeterGone = resolve;
    });
    this.#pass = setting.callbacks.await((name, socket) => this.#called(name, socket));
    this.#child = spawn("srun", srunArguments(setting, options), {
      cwd: "/",
      env: { ...slurmOnly(), ...options.launch.env, [PASS]: this.#pass },
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
      ...(options.user === undefined ? {} : options.user),
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#complaint = (this.#complaint + text).slice(0, MOST_COMPLAINT);
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once("close", (code, signal) => {
        this.#srunEnded(signal === null ? `code ${code}` : signal);
        resolve();
      });
    });
    this.#late = setTimeout(() => this.#isLate(), setting.startMs);
  }

  /** Resolves once `srun` runs; the command may still wait for its processors. @throws what Node says where it cannot be started */
  static async start(setting: StepSetting, options: SpawnOptions): Promise<StepAction> {
    const action = new StepAction(setting, options);
    try {
      await new Promise<void>((resolve, reject) => action.#child.once("spawn", resolve).once("error", reject));
    } catch (error) {
      clearTimeout(action.#late);
      setting.callbacks.forget(action.#pass);
      throw error;
    }
    action.#child.on("error", () => {}); // a signal that could not be sent
    return action;
  }

  pull(stream: StreamName, maxBytes: number): Promise<Uint8Array | undefined> {
    return this.#streams[stream].pull(maxBytes);
  }

  kill(hard: boolean): void {
    this.#isTold = true;
    this.#setTold();
    this.#isKilled ||= hard;
    if (this.#control !== undefined) this.#control.write(hard ? "K" : "T");
    // It waits for processors, or begins: `srun` takes it back.
    else if (hard) this.#signal("SIGTERM");
  }

  killAll(): Promise<void> {
    this.#killing ??= this.#killAll();
    return this.#killing;
  }

  async end(): Promise<void> {
    await this.killAll();
    for (const stream of Object.values(this.#streams)) stream.giveUp();
    if (!(await within(this.#exited, this.#setting.endMs))) await this.#force();
    this.#setting.callbacks.forget(this.#pass);
  }

  async #killAll(): Promise<void> {
    this.kill(true);
    if (await within(this.#meterGone, this.#setting.endMs)) return;
    await this.#force();
  }

  /** The node does not do as it is told: Slurm is to end the step. Nothing more can be done where it does not. */
  async #force(): Promise<void> {
    const { jobId, name, endMs } = this.#setting;
    this.#setting.callbacks.forget(this.#pass);
    this.#control?.destroy();
    for (const until = performance.now() + endMs; performance.now() < until; await pause(100)) {
      try {
        const steps = parseSteps(await slurm("squeue", [...STEPS_ARGUMENTS, `--jobs=${jobId}`]));
        const ours = steps.find((step) => step.name === name);
        if (ours === undefined) break;
        await slurm("scancel", ["--quiet", "--signal=KILL", ours.id]);
      } catch {
        break; // the job is gone, and its steps with it; or nobody answers
      }
    }
    this.#signal("SIGKILL");
    await this.#exited;
  }

  #called(name: CallName, socket: Socket): void {
    if (name !== "c") {
      this.#streams[name === "o" ? "stdout" : "stderr"].begins(socket);
      return;
    }
    clearTimeout(this.#late);
    this.#control = socket;
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket
      .setEncoding("latin1")
      .on("data", (text: string) => this.#meterSaid(text))
      .once("close", () => this.#meterEnded());
    if (this.#isTold) socket.write(this.#isKilled ? "K" : "T");
  }

  #meterSaid(text: string): void {
    if (this.#said.includes("\n")) return;
    this.#said = (this.#said + text).slice(0, 256);
    if (!this.#said.includes("\n")) return;
    const measured = readMeasured(this.#said.slice(0, this.#said.indexOf("\n")));
    if (measured !== undefined) void this.#endWhole(measured);
  }

  /**
   * What was printed comes by other ways, and is to be whole where the end is a good one: so it is waited for, until somebody wants the
   * action to end.
   */
  async #endWhole(measured: Measured): Promise<void> {
    this.#lastCalls();
    const streams = Promise.all([this.#streams.stdout.over, this.#streams.stderr.over]);
    const whole = await Promise.race([streams, this.#told.then(() => [true])]);
    if (whole.every((one) => one)) this.#end(measured);
    else
      this.#end({ ...this.#nothing(), failed: "what the action printed is not whole: a connection to its node broke" });
  }

  /** The command ran, so both streams were to come: a call may still be on its way, or broke before it said whose it was. */
  #lastCalls(): void {
    void within(this.#told, this.#setting.endMs).then(() => {
      for (const stream of Object.values(this.#streams)) stream.expectNone(false);
    });
  }

  #meterEnded(): void {
    this.#setMeterGone();
    // Where it has said how the command ended, this comes second and does nothing.
    if (this.#isKilled) this.#end({ signal: 9, ...this.#nothing() });
    else
      void within(this.#exited, this.#setting.endMs).then(() => this.#fail("the node or its Slurm ended the action"));
  }

  #srunEnded(how: string): void {
    this.#hasExited = true;
    clearTimeout(this.#late);
    if (this.#control !== undefined) {
      this.#lastCalls();
      return;
    }
    for (const stream of Object.values(this.#streams)) stream.expectNone(true);
    this.#setting.callbacks.forget(this.#pass);
    this.#setMeterGone();
    if (this.#isKilled) this.#end({ signal: 9, ...this.#nothing() });
    else this.#fail(`srun ended with ${how}`);
  }

  #isLate(): void {
    this.#fail(`it did not begin within ${this.#setting.startMs} ms`);
    this.kill(true);
  }

  #fail(why: string): void {
    this.#end({ ...this.#nothing(), failed: complaint(this.#complaint) || why });
  }

  #nothing(): Omit<Measured, "code" | "signal" | "failed"> {
    return { cpuMicros: 0, peakBytes: 0, wallMicros: Math.round(1_000 * (performance.now() - this.#began)) };
  }

  #signal(signal: NodeJS.Signals): void {
    if (!this.#hasExited) this.#child.kill(signal);
  }
}

function srunArguments(setting: StepSetting, { launch, paths }: SpawnOptions): string[] {
  const { jobId, name, cpus, callbacks, perl, address } = setting;
  const names = Object.keys(launch.env);
  return [
    `--jobid=${jobId}`,
    `--job-name=${name}`,
    ...["--exact", "--nodes=1", "--ntasks=1", `--cpus-per-task=${cpus}`],
    // Without it a step takes all of the job's memory, and the next one waits for its end.
    "--mem=0",
    ...["--input=none", "--output=none", "--quiet", "--export=ALL", "--mpi=none"],
    `--chdir=${launch.isContained ? "/" : paths.work}`,
    ...setting.arguments,
    ...stepArguments({ perl, port: callbacks.port, address, names }, [launch.file, ...launch.args]),
  ];
}

/** What `srun` itself needs; what it hands on is the action's. */
function slurmOnly(): Record<string, string> {
  const { PATH = "", SLURM_CONF } = slurmEnvironment();
  return { PATH, ...(SLURM_CONF === undefined ? {} : { SLURM_CONF }) };
}

async function within(what: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const isThere = await Promise.race([what.then(() => true), late]);
  clearTimeout(timer);
  return isThere;
}
