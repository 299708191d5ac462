/** How the command ends: a code for scripts, and a line for people. */

/** Exit codes of `simnet`. */
export const EXIT = {
  ok: 0,
  /** Anything that has no code of its own: an address that is taken, a file that cannot be written. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
} as const;

/** The text of the exit codes for `simnet --help`. */
export const EXIT_HELP = `
Exit codes: 0 ended by Ctrl-C or SIGTERM, 1 failure (an address that is taken, a file that cannot be written),
2 wrong command line.`;

/** A wrong command line that commander could not know of. */
export class UsageError extends Error {}

export function exitCodeOf(error: unknown): number {
  const isUsage = error instanceof UsageError || error instanceof RangeError || error instanceof TypeError;
  return isUsage && (error as NodeJS.ErrnoException).syscall === undefined ? EXIT.usage : EXIT.failed;
}

/** One line about what was thrown. */
export function describeFailure(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const advice = code === "EADDRINUSE" ? "; --listen 0 takes a free port" : "";
  return `simnet: ${message}${advice}\n`;
}
