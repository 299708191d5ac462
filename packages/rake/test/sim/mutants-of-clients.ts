/** Bugs in one rule of a client (`mutants.ts`). */
import {
  BuildMachine,
  type BuildMachineOptions,
  type ClientInput,
  type ClientMessage,
  type ClientOutput,
  type Learned,
  type Plan,
  type Platform,
  type ServerMessage,
} from "../../src/core/index.js";
import { ForgedBuild } from "./forged-machines.js";

const ENDED = { end: "EXITED", code: 0, cpuMicros: 0, peakBytes: 0, wallMicros: 0, text: "" } as const;

interface Running {
  readonly link: number;
  readonly actionId: number;
  stdout: number;
  stderr: number;
  outputs: number;
  hasStatus: boolean;
}

/** Knows what runs where, and what came of it. */
class WatchingBuild extends ForgedBuild {
  protected readonly running: Map<string, Running> = new Map();

  protected override says(link: number, message: ClientMessage): readonly ClientMessage[] {
    if (message.type === "CANCEL") this.running.delete(`${link} ${message.actionId}`);
    return [message];
  }

  protected override hears(link: number, message: ServerMessage): readonly ServerMessage[] {
    if (!("actionId" in message)) return [message];
    const { actionId } = message;
    const key = `${link} ${actionId}`;
    const running = this.running.get(key);
    if (message.type === "STARTED") {
      this.running.set(key, { link, actionId, stdout: 0, stderr: 0, outputs: 0, hasStatus: false });
    } else if (running === undefined) return [message];
    else if (message.type === "STDOUT") running.stdout += message.body.length;
    else if (message.type === "STDERR") running.stderr += message.body.length;
    else if (message.type === "STATUS") running.hasStatus = true;
    else if (message.type === "OUTPUT" && message.last) running.outputs++;
    else if (message.type === "DONE") this.running.delete(key);
    return [message];
  }

  protected doneOf({ actionId, stdout, stderr, outputs }: Running): ServerMessage {
    return { type: "DONE", actionId, stdoutBytes: stdout, stderrBytes: stderr, outputs };
  }
}

/** A host that is gone has succeeded. */
export class VanishedIsSuccess extends WatchingBuild {
  override handle(now: number, input: ClientInput): ClientOutput[] {
    const out: ClientOutput[] = [];
    if (input.type === "closed") {
      for (const [key, running] of [...this.running]) {
        if (running.link !== input.link) continue;
        this.running.delete(key);
        if (!running.hasStatus)
          this.give(now, running.link, { type: "STATUS", actionId: running.actionId, ...ENDED }, out);
        this.give(now, running.link, this.doneOf(running), out);
      }
    }
    return [...out, ...super.handle(now, input)];
  }
}

/** The first output that is whole is all that it waits for. */
export class CommitsBeforeDone extends WatchingBuild {
  readonly #done = new Set<string>();

  protected override hears(link: number, message: ServerMessage): readonly ServerMessage[] {
    const key = "actionId" in message ? `${link} ${message.actionId}` : "";
    if (this.#done.has(key)) return [];
    const running = this.running.get(key);
    const heard = super.hears(link, message);
    if (message.type !== "OUTPUT" || !message.last || running === undefined) return heard;
    this.#done.add(key);
    return [message, this.doneOf(running)];
  }
}

/** Who has lost hears nothing of it. */
export class ReleasesNobody extends ForgedBuild {
  protected override says(_link: number, message: ClientMessage): readonly ClientMessage[] {
    return message.type === "RELEASE" ? [] : [message];
  }
}

/** What was written has the digest that was announced. */
export class ChecksNoDigest extends ForgedBuild {
  readonly #announced = new Map<string, string>();

  protected override hears(_link: number, message: ServerMessage): readonly ServerMessage[] {
    if (message.type === "OUTPUT") this.#announced.set(message.path, message.digest);
    return [message];
  }

  protected override told(input: ClientInput): readonly ClientInput[] {
    if (input.type !== "outputWritten") return [input];
    return [{ ...input, digest: this.#announced.get(input.path) ?? input.digest }];
  }
}

/** An action is tried again as long as it takes. */
export class TriesForEver extends BuildMachine {
  constructor(plan: Plan, options: BuildMachineOptions, platform: Platform, learned?: Learned) {
    super(plan, { ...options, maxAttempts: 1_000 }, platform, learned);
  }
}

/** Another exit code than 0 is as good. */
export class IgnoresExitCodes extends ForgedBuild {
  protected override hears(_link: number, message: ServerMessage): readonly ServerMessage[] {
    return [message.type === "STATUS" && message.end === "EXITED" ? { ...message, code: 0 } : message];
  }
}

/** One set is as good as another: they begin together. */
export class KnowsNoSets extends BuildMachine {
  constructor(plan: Plan, options: BuildMachineOptions, platform: Platform, learned?: Learned) {
    const [first, ...others] = plan.sets;
    const actions = [first, ...others].flatMap((set) => set?.actions ?? []);
    super({ ...plan, sets: first === undefined ? [] : [{ ...first, actions }] }, options, platform, learned);
  }
}

/** The next set begins, whatever became of the one before. */
export class GoesOnBehindFailures extends BuildMachine {
  #next: BuildMachine | undefined;
  readonly #begin: (set: number) => BuildMachine | undefined;
  #set = 0;

  constructor(plan: Plan, options: BuildMachineOptions, platform: Platform, learned?: Learned) {
    super(plan, options, platform, learned);
    this.#begin = (set) => {
      const sets = plan.sets.slice(set);
      return sets.length === 0 ? undefined : new BuildMachine({ ...plan, sets }, options, platform, learned);
    };
  }

  override handle(now: number, input: ClientInput): ClientOutput[] {
    if (this.#next !== undefined) return this.#next.handle(now, input);
    const outputs = super.handle(now, input);
    for (const output of outputs) if (output.type === "event" && output.event.type === "setStarted") this.#set++;
    const last = outputs.at(-1);
    if (last?.type !== "finished" || last.result.code !== "ACTION_FAILED") return outputs;
    this.#next = this.#begin(this.#set);
    if (this.#next === undefined) return outputs;
    return [...outputs.slice(0, -1), ...this.#next.handle(now, { type: "begin" })];
  }
}

/** What was made by another toolchain is as good. */
export class ForgetsToolchains extends ForgedBuild {
  protected override hears(_link: number, message: ServerMessage): readonly ServerMessage[] {
    return [message.type === "WELCOME" ? { ...message, toolchain: "" } : message];
  }
}

/** What an attempt printed that was not the first is shown of none. */
export class ShowsTheFirstAlone extends ForgedBuild {
  protected override asks(output: ClientOutput): readonly ClientOutput[] {
    return output.type === "showKept" ? [] : [output];
  }
}

/** No host is lost by its silence. */
export class WaitsForEver extends BuildMachine {
  constructor(plan: Plan, options: BuildMachineOptions, platform: Platform, learned?: Learned) {
    const long = 2_000_000_000;
    super(plan, { ...options, answerMs: long, startMs: long, stallMs: long, maxRunMs: long }, platform, learned);
  }
}
