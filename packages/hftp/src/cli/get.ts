/** `hftp get`: a file, whole and checked, or nothing. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { DownloadError } from "../core/errors.js";
import { printableJson } from "../core/printable.js";
import { renderTranscript, type TranscriptEntry } from "../core/transcript.js";
import { type DownloadOptions, type DownloadResult, download } from "../node/download.js";
import { addConnectionOptions, type ConnectionFlags, connectionOptions, SERVER_HELP } from "./connection-options.js";
import { DownloadDisplay } from "./download-display.js";
import { EXIT, usageError } from "./exit-codes.js";
import { wholeNumber } from "./numbers.js";

export interface GetFlags extends ConnectionFlags {
  readonly output?: string;
  readonly resume?: true;
  readonly parallel?: number;
  readonly pipeline?: number | true;
  readonly sliceBytes?: number;
  readonly retries?: number;
  readonly expect?: string;
  readonly raw?: true;
  readonly force?: true;
  readonly transcript?: true;
  readonly quiet?: true;
}

/** Lines of an exchange that are kept for `--transcript`; later ones are counted. */
const MAX_TRANSCRIPT_ENTRIES = 10_000;
const DEFAULT_PIPELINE = 4;

export function addGetCommand(program: Command): void {
  const command = program
    .command("get")
    .summary("fetch a file")
    .description(
      "Fetch a file into NAME.part, and give it its name once it is whole, its size was asked for again, and --expect " +
        "(if given) agrees. HFTP has no checksums: only --expect proves that the bytes are the right ones.",
    )
    .argument("<server>", SERVER_HELP)
    .argument("<name>", "name of the file on the server")
    .option("-o, --output <path>", "where it goes: a file, or a directory that exists (default: NAME in this one)")
    .option("-f, --force", "replace a file that is there already")
    .option("-r, --resume", "go on with NAME.part where an earlier download stopped")
    .option("-n, --parallel <n>", "connections at a time", wholeNumber(1, 64), 1)
    .option("--expect <sha256>", "fail unless the file has this SHA-256")
    .option("--raw", "ask for raw bytes if the server answers help (2026), base64 otherwise")
    .option("--pipeline [n]", "requests per connection without waiting; 4 if no number is given", wholeNumber(1, 64))
    .option(
      "--slice-bytes <n>",
      "bytes asked for in one request (default: 4194304; 1048576 with --parallel)",
      wholeNumber(1, 2 ** 40),
    )
    .option("--retries <n>", "losses of a connection in a row before it is given up (default: 5)", wholeNumber(0, 1000))
    .option("--transcript", "print the exchange on standard error when it is over")
    .option("-q, --quiet", "no progress bar, no notes");
  addConnectionOptions(command).action(async (server: string, name: string, flags: GetFlags) => {
    const display = new DownloadDisplay(name, flags);
    const result = await get(server, name, flags, display);
    process.stdout.write(flags.json ? `${printableJson({ name, ...result })}\n` : display.finished(result));
  });
}

/** What a person can do about a trouble; the shell has other words for it. */
export interface GetAdvice {
  /** A file is there already. */
  readonly exists: string;
  /** A directory is there. */
  readonly directory: string;
  /** How to go on with a `.part` file. */
  readonly resume: string;
}

const ADVICE: GetAdvice = {
  exists: "--force replaces it, -o PATH puts the file elsewhere",
  directory: "name a file with -o PATH",
  resume: "--resume",
};

/** Downloads as the flags say; the signal, SIGINT and SIGTERM stop it in good order. */
export async function get(
  server: string,
  name: string,
  flags: GetFlags,
  display: DownloadDisplay,
  { advice = ADVICE, signal }: { readonly advice?: GetAdvice; readonly signal?: AbortSignal } = {},
): Promise<DownloadResult> {
  const entries: TranscriptEntry[] = [];
  let left = 0;
  const interruption = new AbortController();
  const interrupted = (): void => interruption.abort({ exitCode: EXIT.interrupted });
  const terminated = (): void => interruption.abort({ exitCode: EXIT.terminated });
  const to = localPath(name, flags.output, advice);
  process.once("SIGINT", interrupted).once("SIGTERM", terminated);
  signal?.addEventListener("abort", interrupted, { once: true });
  if (signal?.aborted) interrupted();
  const options: DownloadOptions = {
    ...connectionOptions(server, flags),
    name,
    to,
    resume: flags.resume,
    overwrite: flags.force,
    parallel: flags.parallel,
    pipeline: flags.pipeline === true ? DEFAULT_PIPELINE : flags.pipeline,
    sliceBytes: flags.sliceBytes,
    maxRetries: flags.retries,
    expect: flags.expect,
    raw: flags.raw,
    signal: interruption.signal,
    onProgress: (progress) => display.progress(progress),
    onNotice: (notice) => display.notice(notice),
    ...(flags.transcript === true && {
      onTranscript: (entry: TranscriptEntry) => {
        if (entries.length < MAX_TRANSCRIPT_ENTRIES) entries.push(entry);
        else left++;
      },
    }),
  };
  try {
    return await download(options);
  } catch (error) {
    throw explained(error, to, advice);
  } finally {
    display.stop();
    process.off("SIGINT", interrupted).off("SIGTERM", terminated);
    signal?.removeEventListener("abort", interrupted);
    if (flags.transcript) {
      process.stderr.write(renderTranscript(entries));
      if (left > 0) process.stderr.write(`... and ${left} lines more\n`);
    }
  }
}

/** Out of what the person typed alone: never out of what a server said (H37). */
function localPath(name: string, output: string | undefined, advice: GetAdvice): string {
  const path = output === undefined ? name : isDirectory(output) ? join(output, name) : output;
  if (!isDirectory(path)) return path;
  throw usageError(`${path} is a directory: ${advice.directory}`);
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Adds what a person can do about it. */
function explained(error: unknown, path: string, advice: GetAdvice): unknown {
  if (!(error instanceof DownloadError)) return error;
  const left = existsSync(`${path}.part`) && existsSync(`${path}.part.json`);
  const resume = left ? `; what was fetched so far is in ${path}.part: ${advice.resume} goes on with it` : "";
  const messages: Readonly<Record<string, string>> = {
    EXISTS: `${path} is there already: ${advice.exists}`,
    ABORTED: `interrupted${resume}`,
    RETRIES_EXHAUSTED: `${error.message}${resume}`,
  };
  const message = messages[error.code];
  return message === undefined ? error : new DownloadError(error.code, message, { cause: error.cause });
}
