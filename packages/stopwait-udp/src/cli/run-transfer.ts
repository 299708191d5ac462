/** What `get` and `put` have in common: the display, the trace, the signals, and what is said in the end. */
import type { TransferResult } from "../node/transfer.js";
import type { TransferOptions } from "../node/transfer-options.js";
import { describeFailure } from "./exit-codes.js";
import { TraceRecorder } from "./trace-recorder.js";
import { closingLines, jsonLine, TransferDisplay } from "./transfer-display.js";
import { interruptible, type TransferFlags } from "./transfer-options.js";

export interface TransferTexts {
  /** What is transferred, for the bar. */
  readonly name: string;
  /** The title of the diagram. */
  readonly title: string;
  /** HOST:PORT. */
  readonly server: string;
}

type Watching = Pick<TransferOptions, "signal" | "onProgress" | "onWaiting" | "onDatagram">;

/** Runs a transfer, and prints what it was. @param done how its first line begins @param named what --json calls the file */
export async function runWatched<Result extends TransferResult>(
  flags: TransferFlags,
  texts: TransferTexts,
  transfer: (watching: Watching) => Promise<Result>,
  done: (result: Result) => string,
  named: (result: Result) => object,
): Promise<void> {
  const isQuiet = flags.quiet === true;
  const display = new TransferDisplay(texts.name, isQuiet);
  const recorder = flags.trace === undefined ? undefined : new TraceRecorder(flags.trace, flags.traceEvents);
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
        onWaiting: ({ forMs }) => {
          if (!isQuiet) process.stderr.write(`${WAITING} ${Math.ceil(forMs / 1000)} s\n`);
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
  if (flags.json === true) process.stdout.write(`${jsonLine(named(result), result)}\n`);
  else process.stdout.write(closingLines(done(result), result, { isQuiet, v1: flags.v1, resume: flags.resume }));
  draw();
}

function tellFailure(work: () => void): void {
  try {
    work();
  } catch (error) {
    process.stderr.write(describeFailure(error));
  }
}

const WAITING = "the server still holds the transfer that was cut off; waiting up to";
const RESUME_ADVICE = "what got across is kept: --resume goes on with it";

/** Whether the part of this transfer is of use to another one. */
function canGoOn(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return !["exists", "changed", "mismatch", "UNKNOWN"].includes(String(code));
}
