/** How the command ends: a code for scripts, a line for people. */
import { ElectionError } from "../core/index.js";
import { printable } from "./printable.js";

/** Exit codes of `election`. */
export const EXIT = {
  ok: 0,
  /** The node could not be started or reached, or did not do what was asked. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The node answered, but the cluster has no leader that does. */
  leaderless: 3,
} as const;

/** The text of the exit codes for `election --help`. */
export const EXIT_HELP = `
Exit codes: 0 done, 1 failed (the node cannot be started or reached), 2 wrong command line,
3 the node was reached but no leader was. \`run\` ends with 0 on Ctrl-C and SIGTERM.`;

/** A wrong command line. */
export function usageError(message: string, cause?: unknown): ElectionError {
  return new ElectionError("USAGE", message, { cause });
}

/** The exit code for what was thrown. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof ElectionError && error.code === "USAGE") return EXIT.usage;
  if (error instanceof ElectionError && error.code === "NO_LEADER") return EXIT.leaderless;
  return isOption(error) ? EXIT.usage : EXIT.failed;
}

/** Whether it is about an option of the library; Node's own errors of these classes have a code. */
function isOption(error: unknown): boolean {
  return (error instanceof RangeError || error instanceof TypeError) && !("code" in error);
}

const OTHER_FOLDER = "--state names another folder";

/** What a person can do about it, by the code of the error or of its cause. */
const ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: "--listen HOST:0 takes a free port",
  EADDRNOTAVAIL: "this machine has no such address",
  CLOSED: "--cluster and --secret-file must be those of the nodes",
  FOLDER: OTHER_FOLDER,
  FAILED: OTHER_FOLDER,
  REFUSED: "is a node running there? (election run starts one)",
};

/** What options of the library are called on the command line. */
const FLAGS: Readonly<Record<string, string>> = {
  id: "--id",
  cluster: "--cluster",
  listen: "--listen",
  address: "--address",
  members: "--members",
  seeds: "--join",
  rejoin: "--rejoin",
  hostName: "--name",
  secret: "--secret-file",
  routes: "--route",
};

/** One line about what was thrown, safe to show on a terminal. */
export function describeFailure(error: unknown): string {
  const message = messageOf(error);
  let advice = isOption(error) ? undefined : ADVICE[codeOf(error)];
  if (message.startsWith("the dashboard")) advice = advice?.replace("--listen HOST:0", "--ui 0");
  return `election: ${printable(message)}${advice === undefined ? "" : `; ${advice}`}\n`;
}

/** One line about what does not keep the command from going on. */
export function warn(message: string): void {
  process.stderr.write(`election: warning: ${printable(message)}\n`);
}

function codeOf(error: unknown): string {
  for (let one = error; one instanceof Error; one = one.cause) {
    const { code } = one as NodeJS.ErrnoException;
    if (code !== undefined && Object.hasOwn(ADVICE, code)) return code;
  }
  return "";
}

/** In the words of the command line. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!isOption(error)) return error.message.replace("with rejoin", "with --rejoin");
  return error.message
    .replace(/^\w+/, (word) => (Object.hasOwn(FLAGS, word) ? (FLAGS[word] as string) : word))
    .replace("address must say", "--address must say")
    .replace("there must be a secret", "it needs --secret-file FILE");
}
