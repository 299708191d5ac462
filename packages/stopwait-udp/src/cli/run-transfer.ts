/** What `get` and `put` have in common: the display, the trace, the signals, and what is said in the end. */
import type { TransferResult } from "../node/transfer.js";
import type { TransferOptions } from "../node/transfer-options.js";
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
  try {
    const result = await interruptible((signal) =>
      transfer({
        signal,
        onProgress: (progress) => display.progress(progress),
        ...(recorder !== undefined && { onDatagram: (datagram) => recorder.see(datagram) }),
      }),
    );
    display.stop();
    process.stdout.write(closingLines(done(result), result, isQuiet));
  } finally {
    display.stop();
    recorder?.write(texts.title, texts.server);
  }
}
