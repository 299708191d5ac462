/** How the command ends: a code for scripts, a line for people, an object for `--json`. */
import { ConnectionError, DownloadError, HftpError, RemoteProtocolError, ReplyError } from "../core/errors.js";
import { printable, printableJson } from "../core/printable.js";

/** Exit codes of `hftp`. */
export const EXIT = {
  ok: 0,
  /** Anything that has no code of its own. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** No connection, a lost one, or a server that is silent for too long. */
  connection: 3,
  /** The server answered with a code other than 0, such as 202. */
  refused: 4,
  /** The server broke the protocol. */
  protocol: 5,
  /** A local file: it is there already, another process writes it, it cannot be written, ... */
  file: 6,
  /** The file on the server changed while it was fetched. */
  changed: 7,
  /** The file is not the one that `--expect` names. */
  digest: 8,
  /** Interrupted from the terminal (SIGINT). */
  interrupted: 130,
  /** Ended by SIGTERM. */
  terminated: 143,
} as const;

/** The text of the exit codes for `hftp --help`. */
export const EXIT_HELP = `
Exit codes: 0 done, 1 other failure, 2 wrong command line, 3 no or lost connection, 4 refused by the server,
5 the server broke the protocol, 6 local file, 7 the file changed meanwhile, 8 digest differs, 130 interrupted.`;

/** The exit code for what was thrown. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof DownloadError) {
    switch (error.code) {
      case "SIZE_CHANGED":
        return EXIT.changed;
      case "DIGEST_MISMATCH":
        return EXIT.digest;
      case "EXISTS":
      case "IN_USE":
      case "FILE_ERROR":
        return EXIT.file;
      case "RETRIES_EXHAUSTED":
        return error.cause === undefined ? EXIT.connection : exitCodeOf(error.cause);
      case "ABORTED":
        return (error.cause as { readonly exitCode?: number } | undefined)?.exitCode ?? EXIT.interrupted;
    }
  }
  if (error instanceof ReplyError) return EXIT.refused;
  if (error instanceof RemoteProtocolError) return EXIT.protocol;
  if (error instanceof ConnectionError) return EXIT.connection;
  if (error instanceof HftpError) return ["USAGE", "INVALID_REQUEST"].includes(error.code) ? EXIT.usage : EXIT.failed;
  if (error instanceof TypeError || error instanceof RangeError) return EXIT.usage;
  return typeof (error as NodeJS.ErrnoException)?.syscall === "string" ? EXIT.file : EXIT.failed;
}

/** One line about what was thrown, safe to show on a terminal; or one JSON object. */
export function describeFailure(error: unknown, json: boolean): string {
  const message = error instanceof Error ? error.message : String(error);
  if (!json) return `hftp: ${printable(message)}${isRefused(error) ? REFUSED_ADVICE : ""}\n`;
  const code = (error as { readonly code?: unknown } | null)?.code;
  const status = error instanceof ReplyError ? { status: error.status } : {};
  const failure = { code: typeof code === "string" ? code : "FAILED", ...status, message, exitCode: exitCodeOf(error) };
  return `${printableJson({ error: failure })}\n`;
}

const REFUSED_ADVICE = "; is a server running there? (hftp serve starts one)";

/** Nobody listens at the address. */
function isRefused(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { readonly code?: unknown; readonly cause?: unknown };
  if (error instanceof ConnectionError) return code === "CONNECT_FAILED" && isRefused(cause);
  return code === "ECONNREFUSED";
}

/** Tells of a failure on standard error after which the command goes on; its exit code is that of the first one. */
export function reportFailure(error: unknown, json: boolean): void {
  process.stderr.write(describeFailure(error, json));
  process.exitCode ||= exitCodeOf(error);
}

/** A wrong command line. */
export function usageError(message: string, cause?: unknown): HftpError {
  return new HftpError("USAGE", message, { cause });
}
