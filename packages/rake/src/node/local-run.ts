/** An action on the client's own machine (R2, R38): in the Rakefile's folder, with the user's environment and without limits. */
import type { RunEnd } from "../core/messages.js";
import type { StreamName } from "../core/server-contract.js";
import type { Fifos } from "./fifos.js";
import { type Launch, MARKER, runPaths } from "./launch.js";
import { hasMeter, meterArguments } from "./meter.js";
import { PIECE_BYTES } from "./pieces.js";
import { workingPerl } from "./sandbox.js";
import { ActionProcess } from "./spawn.js";
import { messageOf } from "./trouble.js";

export interface LocalRunOptions {
  readonly command: string;
  readonly folder: string;
  /** The build's own folder: by it the next build finds what this one left running, should it be killed. */
  readonly mark: string;
  readonly fifos: Fifos;
  /** The next piece is read when this one was taken. */
  readonly print: (stream: StreamName, bytes: Uint8Array) => Promise<void> | undefined;
  readonly started: () => void;
}

const NOTHING: RunEnd = { end: "FAILED", code: 0, cpuMicros: 0, peakBytes: 0, wallMicros: 0, text: "" };

export class LocalRun {
  /** Its processes are gone, and all that it printed was taken. */
  readonly ended: Promise<RunEnd>;
  readonly #options: LocalRunOptions;
  #process: ActionProcess | undefined;
  /** Asked for before there was a process. */
  #isKilled = false;

  constructor(options: LocalRunOptions) {
    this.#options = options;
    this.ended = this.#run();
  }

  /** The process group, or everything that belongs to it. */
  kill(hard: boolean): void {
    this.#isKilled = true;
    this.#process?.kill(hard);
  }

  async #run(): Promise<RunEnd> {
    const { command, folder, mark, fifos, started } = this.#options;
    let running: ActionProcess;
    try {
      const paths = { ...runPaths(mark), work: folder };
      running = await ActionProcess.start({ launch: localLaunch(command, mark), paths, user: undefined, fifos });
    } catch (error) {
      return { ...NOTHING, text: messageOf(error) };
    }
    this.#process = running;
    try {
      // It has done nothing yet that it could want to end well.
      if (this.#isKilled) running.kill(true);
      started();
      const printed = Promise.all([this.#print(running, "stdout"), this.#print(running, "stderr")]);
      const { code, signal, cpuMicros, peakBytes, wallMicros, failed } = await running.ended;
      await printed;
      if (failed !== undefined) return { ...NOTHING, text: failed };
      const how =
        signal === undefined
          ? ({ end: "EXITED", code: code ?? 0 } as const)
          : ({ end: "SIGNALLED", code: signal } as const);
      return { ...how, cpuMicros, peakBytes, wallMicros, text: "" };
    } finally {
      await running.end();
    }
  }

  async #print(running: ActionProcess, stream: StreamName): Promise<void> {
    for (;;) {
      const bytes = await running.pull(stream, PIECE_BYTES);
      if (bytes === undefined) return;
      await this.#options.print(stream, bytes);
    }
  }
}

const METER_MASK = 0o022;
let perl: { readonly path: string | undefined } | undefined;

/** Below the meter, which ends all that the action started when it ends, or when the client does, however that comes. */
function localLaunch(command: string, mark: string): Launch {
  perl ??= { path: hasMeter ? workingPerl() : undefined };
  const env = { ...process.env, [MARKER]: mark } as Record<string, string>;
  if (perl.path === undefined) {
    return { file: "/bin/sh", args: ["-c", command], env, isMetered: false, isContained: false };
  }
  // The meter sets a mask of its own: the user's is put back where it is another.
  const mask = process.umask();
  const again = ["/bin/sh", "-c", 'umask "$1" && exec /bin/sh -c "$2"', "sh", mask.toString(8), command];
  const words = mask === METER_MASK ? ["/bin/sh", "-c", command] : again;
  const [file = "", ...args] = meterArguments(perl.path, "below", undefined, words);
  return { file, args, env: { ...env, PERL_BADLANG: "0" }, isMetered: true, isContained: false };
}
