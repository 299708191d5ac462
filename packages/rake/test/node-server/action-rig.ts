/** The effects of a server without its machine: a folder, a store, and actions that are run in them, all real. */
import { createHash } from "node:crypto";
import { chmodSync } from "node:fs";
import { atTestEnd } from "../../../../test/beside.js";
import { scratchFolder } from "../../../../test/scratch.js";
import type { RunEnd, Sandbox } from "../../src/core/messages.js";
import type { FoundOutput, Job, JobLimits, ServerInput, StreamName } from "../../src/core/server-contract.js";
import { Fifos } from "../../src/node/fifos.js";
import type { Launcher } from "../../src/node/launch.js";
import type { ReadyRuns } from "../../src/node/ready-runs.js";
import { Run } from "../../src/node/run.js";
import { actionUser } from "../../src/node/run-as.js";
import { findSandbox } from "../../src/node/sandbox.js";
import { StateFolder } from "../../src/node/state-folder.js";
import { Store } from "../../src/node/store.js";
import { Uploads } from "../../src/node/uploads.js";

export const LIMITS: JobLimits = {
  cpuSeconds: 20,
  memoryBytes: 2 ** 32,
  processes: 256,
  fileBytes: 2 ** 26,
  openFiles: 256,
  folderBytes: 2 ** 28,
  outputs: 100,
  outputBytes: 2 ** 28,
};

type Told<Type extends ServerInput["type"]> = Extract<ServerInput, { type: Type }>;

export function digestOfText(text: string | Uint8Array): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A file of an action: text alone has mode 0644. */
export type InputFile = string | { readonly text: string; readonly mode: number };

/** What became of an action that was run to its end. */
export interface Outcome {
  readonly end: RunEnd;
  readonly stdout: string;
  readonly stderr: string;
}

export class ActionRig {
  readonly folder: StateFolder;
  readonly store: Store;
  readonly fifos: Fifos;
  readonly uploads: Uploads;
  readonly launcher: Launcher;
  readonly told: ServerInput[] = [];
  readonly trouble: string[] = [];
  /** Where actions are started, while there is one ready; default nowhere. */
  ready: ReadyRuns | undefined;
  readonly #waiting = new Set<() => void>();
  #last = 0;

  private constructor(folder: StateFolder, store: Store, fifos: Fifos, launcher: Launcher) {
    this.folder = folder;
    this.store = store;
    this.fifos = fifos;
    this.launcher = launcher;
    this.uploads = new Uploads(folder.uploads, store, this.tell);
  }

  /** @param plain without perl, as on a machine that has none */
  static async make(sandbox: Sandbox, { plain = false }: { readonly plain?: boolean } = {}): Promise<ActionRig> {
    const top = scratchFolder();
    chmodSync(top, 0o711);
    const folder = await StateFolder.open(`${top}/state`);
    const store = new Store(folder.store);
    store.load();
    const fifos = new Fifos(folder.fifos);
    const env = { PATH: process.env["PATH"] ?? "", LANG: "C.UTF-8" };
    const common = { user: actionUser(undefined), env, readable: [], runs: folder.runs, store, fifos };
    const { launcher } = await findSandbox({ ...common, wanted: sandbox });
    const rig = new ActionRig(folder, store, fifos, plain ? { ...launcher, perl: undefined } : launcher);
    atTestEnd(async () => {
      await rig.uploads.close();
      folder.close();
    });
    return rig;
  }

  readonly tell = (input: ServerInput): void => {
    this.told.push(input);
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  };

  /** The first of its kind that was or will be told. */
  async hear<Type extends ServerInput["type"]>(
    type: Type,
    accept: (told: Told<Type>) => boolean = () => true,
  ): Promise<Told<Type>> {
    for (let next = 0; ; ) {
      for (; next < this.told.length; next++) {
        const told = this.told[next] as ServerInput;
        if (told.type === type && accept(told as Told<Type>)) return told as Told<Type>;
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Puts a file into the store as an upload does. */
  async put(text: string | Uint8Array): Promise<string> {
    const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    const upload = ++this.#last;
    const digest = digestOfText(bytes);
    this.uploads.open(upload, bytes.length, digest);
    this.uploads.write(upload, bytes);
    this.uploads.end(upload);
    await this.hear("uploaded", (told) => told.upload === upload);
    return digest;
  }

  async start(
    command: string,
    files: Readonly<Record<string, InputFile>> = {},
    more: Partial<Omit<Job, "limits">> & { readonly limits?: Partial<JobLimits> } = {},
  ): Promise<RigRun> {
    const inputs: { path: string; digest: string; mode: number }[] = [];
    for (const [path, file] of Object.entries(files)) {
      const { text, mode } = typeof file === "string" ? { text: file, mode: 0o644 } : file;
      inputs.push({ path, digest: await this.put(text), mode });
    }
    const number = ++this.#last;
    const top = `${this.folder.runs}/${number}`;
    const setting = {
      launcher: this.launcher,
      store: this.store,
      fifos: this.fifos,
      ready: this.ready,
      tell: this.tell,
      trouble: (message: string): void => {
        this.trouble.push(message);
      },
    };
    const run = new Run(number, top, setting);
    run.start({ command, inputs, ...more, limits: { ...LIMITS, ...more.limits } });
    return new RigRun(this, run, number, top);
  }
}

export class RigRun {
  readonly run: Run;
  readonly number: number;
  readonly top: string;
  readonly #rig: ActionRig;

  constructor(rig: ActionRig, run: Run, number: number, top: string) {
    this.#rig = rig;
    this.run = run;
    this.number = number;
    this.top = top;
    atTestEnd(() => this.remove());
  }

  #isRemoved: Promise<void> | undefined;

  remove(): Promise<void> {
    this.#isRemoved ??= this.run.remove();
    return this.#isRemoved;
  }

  async started(): Promise<void> {
    await this.#rig.hear("started", ({ run }) => run === this.number);
  }

  async ended(): Promise<RunEnd> {
    return (await this.#rig.hear("ended", ({ run }) => run === this.number)).end;
  }

  /** All that comes of a stream, as text. */
  async text(stream: StreamName): Promise<string> {
    let text = "";
    for (let seen = 0; ; ) {
      this.run.pull(stream, 65_536);
      let count = 0;
      const told = await Promise.race([
        this.#rig.hear("streamEnded", (one) => one.run === this.number && one.stream === stream),
        this.#rig.hear("printed", (one) => one.run === this.number && one.stream === stream && ++count > seen),
      ]);
      if (told.type === "streamEnded") return text;
      text += Buffer.from(told.bytes).toString("latin1");
      seen++;
    }
  }

  /** To the end of the command and of both its streams. */
  async outcome(): Promise<Outcome> {
    await this.started();
    const [end, stdout, stderr] = await Promise.all([this.ended(), this.text("stdout"), this.text("stderr")]);
    return { end, stdout, stderr };
  }

  async outputs(wanted: readonly string[] = [], newestOnly = false): Promise<readonly FoundOutput[]> {
    this.run.collect(wanted, newestOnly);
    const told = await Promise.race([
      this.#rig.hear("collected", ({ run }) => run === this.number),
      this.#rig.hear("collectFailed", ({ run }) => run === this.number),
    ]);
    if (told.type === "collected") return told.outputs;
    throw new Error(`${told.limited ? "limited: " : ""}${told.message}`);
  }

  async output(index: number, size: number): Promise<string> {
    this.run.readOutput(index, 0, size);
    const told = await Promise.race([
      this.#rig.hear("outputBytes", ({ run }) => run === this.number),
      this.#rig.hear("outputFailed", ({ run }) => run === this.number),
    ]);
    if (told.type === "outputBytes") return Buffer.from(told.bytes).toString();
    throw new Error(told.message);
  }
}
