/** How the command ends: a code for scripts, a line for people (S94). */
import { StopwaitError } from "../core/errors.js";
import { printable } from "../core/printable.js";
import { UnknownOutcomeError } from "../node/errors.js";

/** Exit codes of `stopwait`. */
export const EXIT = {
  ok: 0,
  /** The file certainly did not get there: refused, no answer, a local file that cannot be read or written, ... */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The last packet of a PUT was never answered: the file is there, whole, or not at all. */
  unknown: 3,
  /** Interrupted from the terminal (SIGINT). */
  interrupted: 130,
  /** Ended by SIGTERM. */
  terminated: 143,
} as const;

/** The text of the exit codes for `stopwait --help`. */
export const EXIT_HELP = `
Exit codes: 0 done, 1 failed, 2 wrong command line, 3 nobody can tell (the end of a put was never confirmed),
130 interrupted.`;

/** A signal ended the transfer. */
export class Interruption extends StopwaitError {
  readonly exitCode: number;

  constructor(signal: "SIGINT" | "SIGTERM") {
    super("INTERRUPTED", "interrupted");
    this.exitCode = signal === "SIGINT" ? EXIT.interrupted : EXIT.terminated;
  }
}

/** A wrong command line. */
export function usageError(message: string, cause?: unknown): StopwaitError {
  return new StopwaitError("USAGE", message, { cause });
}

/** The exit code for what was thrown. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UnknownOutcomeError) return EXIT.unknown;
  if (error instanceof Interruption) return error.exitCode;
  if (error instanceof StopwaitError && (error.code === "USAGE" || error.code === "INSECURE")) return EXIT.usage;
  if (error instanceof RangeError || error instanceof TypeError) return EXIT.usage; // an option
  return EXIT.failed;
}

/** What a person can do about it, by code. */
const ADVICE: Readonly<Record<string, string>> = {
  REFUSED: "is a server running there? (stopwait serve starts one)",
  LISTEN: "-p PORT takes another port, -p 0 a free one",
  exists: "--overwrite replaces it",
  held: "another transfer is storing there right now",
  INSECURE: "--secret-file FILE names a secret, --insecure-write does without",
};

/** One line about what was thrown, safe to show on a terminal. */
export function describeFailure(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const { code } = (error ?? {}) as { readonly code?: unknown };
  const advice = error instanceof StopwaitError ? ADVICE[String(code)] : undefined;
  const word = error instanceof UnknownOutcomeError ? "unknown: " : "";
  return `stopwait: ${word}${printable(message)}${advice === undefined ? "" : `; ${advice}`}\n`;
}
