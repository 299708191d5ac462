/** How the command ends: a code for scripts (docs/rake.md R37), a line for people. */
import type { BuildResult } from "../core/client-contract.js";
import { RakeError } from "../core/errors.js";
import { printable } from "../core/words.js";

/** Exit codes of `rake`. */
export const EXIT = {
  ok: 0,
  /** An action failed, or a file could not be read or written; a server could not be started. */
  failed: 1,
  /** The Rakefile or the command line is wrong. */
  usage: 2,
  /** Hosts were lost, or never there, and nothing was left that could run an action. */
  noHost: 3,
  interrupted: 130,
  terminated: 143,
} as const;

/** The text of the exit codes for `rake --help`. */
export const EXIT_HELP = `
Exit codes: 0 all succeeded, 1 an action failed, 2 the Rakefile or the command line is wrong, 3 no host was left that could run
an action, 130 after Ctrl-C, 143 after SIGTERM. \`rake serve\` ends with 0 on both.`;

/** A wrong command line. */
export function usageError(message: string, cause?: unknown): RakeError {
  return new RakeError("USAGE", message, { cause });
}

const USAGE: ReadonlySet<string> = new Set(["USAGE", "RAKEFILE"]);

/** The exit code for what was thrown. */
export function exitCodeOf(error: unknown): number {
  if (USAGE.has(codeOf(error)) || isOption(error)) return EXIT.usage;
  if (codeOf(error) === "NO_HOST") return EXIT.noHost;
  return EXIT.failed;
}

/** The exit code of a build. @param signal what it was cancelled by */
export function exitCodeOfResult({ outcome, code }: BuildResult, signal: unknown): number {
  if (outcome === "succeeded") return EXIT.ok;
  if (outcome === "cancelled") return signal === "SIGTERM" ? EXIT.terminated : EXIT.interrupted;
  return code === "NO_HOST" ? EXIT.noHost : EXIT.failed;
}

/** Whether it is about an option of the library; Node's own errors of these classes have a code. */
function isOption(error: unknown): boolean {
  return (error instanceof RangeError || error instanceof TypeError) && !("code" in error);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** What a person can do about it, by the code of the error or of a cause. */
const ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: "port 0 takes a free one",
  EADDRNOTAVAIL: "this machine has no such address",
  EACCES: "ports below 1024 are for root alone",
};

/** The same of options of the library, by the message. */
const OPTION_ADVICE: readonly (readonly [RegExp, string])[] = [
  [/there must be a secret/, "--secret-file FILE names one; for TLS it is --tls-cert, --tls-key and --tls-ca"],
];

/** What options of the library are called on the command line. */
const FLAGS: Readonly<Record<string, string>> = {
  secret: "--secret-file",
  tls: "--tls-cert, --tls-key and --tls-ca",
  runAs: "--run-as",
  allow: "--allow",
  allowV1: "--allow-v1",
  env: "--env",
  readable: "--readable",
  chargeMs: "--charge",
  sandbox: "--sandbox",
  slots: "--slots",
  name: "--name",
  resources: "--resource",
  host: "--host",
  port: "--port",
  v1: "--v1",
  maxCacheBytes: "--max-cache-bytes",
  stateDir: "--state-dir",
};

/** Lines about what was thrown, safe to show on a terminal; faults of a Rakefile are `FILE:LINE:COLUMN: ...` and nothing else. */
export function describeFailure(error: unknown): string {
  if (codeOf(error) === "RAKEFILE") return `${(error as Error).message}\n`;
  const advice = adviceOn(error);
  return `rake: ${printable(messageOf(error))}${advice === undefined ? "" : `; ${advice}`}\n`;
}

/** One line about what does not keep the command from going on. */
export function warn(message: string): void {
  process.stderr.write(`rake: warning: ${printable(message)}\n`);
}

function adviceOn(error: unknown): string | undefined {
  if (isOption(error)) return OPTION_ADVICE.find(([pattern]) => pattern.test((error as Error).message))?.[1];
  for (let one = error; one instanceof Error; one = one.cause) {
    if (Object.hasOwn(ADVICE, codeOf(one))) return ADVICE[codeOf(one)];
  }
  return undefined;
}

/** In the words of the command line. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!isOption(error)) return error.message;
  return error.message.replace(/^\w+|\ballowV1\b/g, (word) =>
    Object.hasOwn(FLAGS, word) ? (FLAGS[word] as string) : word,
  );
}
