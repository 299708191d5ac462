/** What `get` and `put` have in common: the display, the trace, the signals, and what is said in the end. */
import type { TransferResult } from "../node/transfer.js";
import type { TransferOptions } from "../node/transfer-options.js";
import { describeFailure } from "./exit-codes.js";
import { TraceRecorder } from "./trace-recorder.js";
import { closingLines, TransferDisplay } from "./transfer-display.js";
import { interruptible, type TransferFlags } from "./transfer-options.js";

export interface TransferTexts {
  /** What is transferred, for the bar. */
  readonly name: string;
  /** The title of the diagram. */
  readonly title: string;
  /** HOST:PORT. */
  readonly server: string;
}

type Watching = Pick<TransferOptions, "signal" | "onProgress" | "onDatagram">;

/** Runs a transfer, and prints what it was. @param done how its first line begins */
export async function runWatched<Result extends TransferResult>(
  flags: TransferFlags,
  texts: TransferTexts,
  transfer: (watching: Watching) => Promise<Result>,
  done: (result: Result) => string,
): Promise<void> {
  const isQuiet = flags.quiet === true;
  const display = new TransferDisplay(texts.name, isQuiet);
  const recorder = flags.trace === undefined ? undefined : new TraceRecorder(flags.trace);
  const draw = (): void => recorder?.write(texts.title, texts.server);
  let across = 0;
  let result: Result;
  try {
    result = await interruptible((signal) =>
      transfer({
        signal,
        onProgress: (progress) => {
          across = progress.bytes;
          display.progress(progress);
        },
        ...(recorder !== undefined && { onDatagram: (datagram) => recorder.see(datagram) }),
      }),
    );
  } catch (error) {
    display.stop();
    tellFailure(draw); // what became of the transfer matters more
    if (flags.v1 !== true && across > 0 && canGoOn(error)) process.stderr.write(`${RESUME_ADVICE}\n`);
    throw error;
  }
  display.stop();
  process.stdout.write(closingLines(done(result), result, isQuiet));
  draw();
}

function tellFailure(work: () => void): void {
  try {
    work();
  } catch (error) {
    process.stderr.write(describeFailure(error));
  }
}

const RESUME_ADVICE = "what got across is kept: --resume goes on with it";

/** Whether the part of this transfer is of use to another one. */
function canGoOn(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return !["exists", "changed", "mismatch", "UNKNOWN"].includes(String(code));
}
