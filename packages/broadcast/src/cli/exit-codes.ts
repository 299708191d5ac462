/** How the command ends: a code for scripts, a line for people. */
import { BroadcastError, ClosedError } from "../core/errors.js";
import { printable } from "../core/printable.js";
import { MAY_SPEAK_TLS, NOT_TRUSTED, SPEAKS_NO_TLS, SPEAKS_TLS } from "../node/tls-words.js";

/** Exit codes of `broadcast`. */
export const EXIT = {
  ok: 0,
  /** The server could not be started, or refused what was asked. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** No server was reached. */
  unreached: 3,
} as const;

/** The text of the exit codes for `broadcast --help`. */
export const EXIT_HELP = `
Exit codes: 0 done, 1 failed (the server cannot start, refused what was asked, or lost a message), 2 wrong command line,
3 no server was reached. \`serve\`, \`join\` and \`tail\` end with 0 on Ctrl-C and SIGTERM, and all but \`serve\` and
\`publish\` where nobody reads their output any more.`;

/** A wrong command line. */
export function usageError(message: string, cause?: unknown): BroadcastError {
  return new BroadcastError("USAGE", message, { cause });
}

/** The exit code for what was thrown. */
export function exitCodeOf(error: unknown): number {
  if (codeOf(error) === "USAGE" || isOption(error)) return EXIT.usage;
  return codeOf(error) === "UNREACHABLE" ? EXIT.unreached : EXIT.failed;
}

/** Whether it is about an option of the library; Node's own errors of these classes have a code. */
function isOption(error: unknown): boolean {
  return (error instanceof RangeError || error instanceof TypeError) && !("code" in error);
}

/** What a person can do about it, by the code of the error or of its cause. */
const ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: "port 0 takes a free one",
  EADDRNOTAVAIL: "this machine has no such address",
  EACCES: "ports below 1024 are for root alone",
  LOCKED: "another --log has room, or the server that runs can be asked: --address HOST:PORT",
  UNREACHABLE: "is a server running there? (broadcast serve starts one)",
  UNAUTHORIZED: "--secret-file must be the server's",
  FULL: "the server takes no more",
  TAKEN_OVER: "another process uses the same --position",
};

/** What is known better than by a code, by what the message says. */
const ADVICE_ON: readonly (readonly [words: string, advice: string])[] = [
  ["there is no such room", "--room must be one of the server's --rooms"],
  [
    "this is not its token",
    "the file of --position is of another log, or was changed; without it the member begins anew",
  ],
  [SPEAKS_TLS, "--tls, or --tls-ca FILE for a certificate of your own"],
  [MAY_SPEAK_TLS, "if it does: --tls, or --tls-ca FILE for a certificate of your own"],
  [SPEAKS_NO_TLS, "leave --tls and --tls-ca out, or start it with --tls-cert and --tls-key"],
  [NOT_TRUSTED, "--tls-ca FILE trusts the certificates in FILE"],
  ["certificate", "--tls-ca FILE says what to trust, and --address must have the name that the certificate has"],
  ["a WELCOME without a CHALLENGE", "the server has no secret: leave --secret-file out, or start it with the same one"],
];

/** What options of the library are called on the command line. */
const FLAGS: Readonly<Record<string, string>> = {
  address: "--address",
  room: "--room",
  name: "--name",
  host: "--listen",
  window: "--window",
  from: "--from",
  folder: "--log",
  url: "--redis",
  servers: "--nats",
  historyMessages: "--history-messages",
  graceMs: "--grace-ms",
  secret: "--secret-file",
  tls: "--tls-cert and --tls-key",
  rooms: "--rooms",
};

/** One line about what was thrown, safe to show on a terminal. */
export function describeFailure(error: unknown): string {
  const advice = isOption(error) ? undefined : adviceOn(error);
  return `broadcast: ${printable(messageOf(error))}${advice === undefined ? "" : `; ${advice}`}\n`;
}

/** One line about what does not keep the command from going on. */
export function warn(message: string): void {
  process.stderr.write(`broadcast: warning: ${printable(message)}\n`);
}

function adviceOn(error: unknown): string | undefined {
  const said = error instanceof ClosedError ? ADVICE_ON.find(([words]) => error.message.includes(words)) : undefined;
  return said?.[1] ?? ADVICE[adviceCode(error)];
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** The code of the error, or of its causes, that there is advice for. */
function adviceCode(error: unknown): string {
  // What a server cannot reach is its log.
  if (codeOf(error) === "LOG" && codeOf((error as Error).cause) === "UNREACHABLE") return "";
  for (let one = error; one instanceof Error; one = one.cause) {
    if (Object.hasOwn(ADVICE, codeOf(one))) return codeOf(one);
  }
  return "";
}

/** In the words of the command line. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!isOption(error)) return error.message;
  return error.message
    .replace(/^\w+/, (word) => (Object.hasOwn(FLAGS, word) ? (FLAGS[word] as string) : word))
    .replace(
      "there must be a secret and TLS, or insecure must be true",
      "it needs --secret-file, --tls-cert and --tls-key, or --insecure",
    );
}
