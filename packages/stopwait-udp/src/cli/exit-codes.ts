/** How the command ends: a code for scripts, a line for people (S94). */
import { StopwaitError } from "../core/errors.js";
import { printable } from "../core/printable.js";
import { NO_SECRET } from "../core/v1-texts.js";
import { NO_REPLACING, NOT_WRITABLE, SECRET_WANTED, SECRET_WRONG } from "../core/v2-codes.js";
import { TransferError, UnknownOutcomeError } from "../node/errors.js";

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

/** The flags that matter for what a person can do about a failure. */
export interface GivenFlags {
  readonly overwrite?: boolean;
  readonly secretFile?: string;
  readonly v1?: boolean;
}

/** What a person can do about it, by code. */
const ADVICE: Readonly<Record<string, string>> = {
  REFUSED: "is a server running there? (stopwait serve starts one)",
  held: "another transfer is storing there right now",
  INSECURE: "--secret-file FILE names a secret, --insecure-write does without",
  busy: "try again later, or serve with a larger --max-sessions",
};

/** What options of the library are called on the command line. */
const FLAGS: Readonly<Record<string, string>> = {
  remoteName: "NAME",
  name: "NAME",
  from: "FILE",
  to: "-o PATH",
  host: "HOST",
  secret: "the secret of --secret-file",
  directory: "-d DIR",
};

function adviceFor(error: StopwaitError, given: GivenFlags): string | undefined {
  const { code, message } = error;
  if (code === "LISTEN") {
    if (message.includes("EADDRNOTAVAIL")) return "this machine has no such address: -a ADDRESS takes another one";
    return "-p PORT takes another port, -p 0 a free one";
  }
  if (code === "exists") return replacing(error instanceof TransferError && error.side === "local", given);
  if (message.includes(NOT_WRITABLE)) return "serve --writable lets it take them";
  if (message.includes(SECRET_WANTED) || message.includes(NO_SECRET)) {
    return given.v1 === true ? "version 1 has no secrets" : "--secret-file FILE gives it";
  }
  if (message.includes(SECRET_WRONG)) return "--secret-file must have the same content on both sides";
  if (code === "timeout" && message.startsWith("no answer at all")) {
    if (given.v1 !== true) return "is it the right HOST:PORT?";
    return "is it the right HOST:PORT? other machines are answered in version 1 only with serve --allow-v1";
  }
  return ADVICE[code];
}

function replacing(isLocal: boolean, given: GivenFlags): string | undefined {
  if (isLocal) return "--overwrite replaces it";
  if (given.v1 === true) return "choose another NAME";
  if (given.overwrite === true) return "the server does not allow replacing (serve --overwrite)";
  return "--overwrite replaces it, if the server allows that (serve --overwrite)";
}

/** One line about what was thrown, safe to show on a terminal. */
export function describeFailure(error: unknown, given: GivenFlags = {}): string {
  const advice = error instanceof StopwaitError ? adviceFor(error, given) : undefined;
  const word = error instanceof UnknownOutcomeError ? "unknown: " : "";
  return `stopwait: ${word}${printable(messageOf(error))}${advice === undefined ? "" : `; ${advice}`}\n`;
}

/** In the words of the command line. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message } = error;
  if (error instanceof RangeError || error instanceof TypeError) {
    return message.replace(/^\w+/, (word) => (Object.hasOwn(FLAGS, word) ? (FLAGS[word] as string) : word));
  }
  if (error instanceof StopwaitError && error.code === "INSECURE") return message.replace(/: it needs .*$/, "");
  if (error instanceof StopwaitError && message.endsWith(NO_REPLACING)) return "the server says: the name is taken";
  return message;
}
