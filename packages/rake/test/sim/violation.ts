/** What must not be: which promise was broken, and how. */
export class Violation extends Error {
  /** A guarantee of docs/rake.md (A to F), the number of a rule, or what every machine owes. */
  readonly oracle: string;

  constructor(oracle: string, message: string) {
    super(`${oracle}: ${message}`);
    this.name = "Violation";
    this.oracle = oracle;
  }
}

const OWED: Readonly<Record<string, string>> = {
  PROGRAM_THREW: "machine",
  LIVELOCK: "livelock",
  TOO_MANY_EVENTS: "too many events",
  PROGRAM_MISUSE: "misuse",
};

/** The violation that ended a run, however the simulator wrapped it; another error is the harness's own, and is thrown. */
export function violationIn(error: unknown): Violation {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof Violation) return cause;
  }
  const { code } = error as { code?: string };
  const owed = OWED[code ?? ""];
  if (owed === undefined) throw error;
  const { cause } = error as Error;
  return new Violation(owed, `${(error as Error).message}${cause instanceof Error ? `\n${cause.stack}` : ""}`);
}
