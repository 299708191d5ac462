/** What must not be: which promise was broken, and how. */
export class Violation extends Error {
  /** A to G of docs/broadcast.md, or the number of a rule. */
  readonly oracle: string;

  constructor(oracle: string, message: string) {
    super(`${oracle}: ${message}`);
    this.name = "Violation";
    this.oracle = oracle;
  }
}

/** The violation that ended a run, however the simulator wrapped it; another error is the harness's own, and is thrown. */
export function violationIn(error: unknown): Violation {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof Violation) return cause;
  }
  if (error instanceof Error && (error as { code?: string }).code === "NOT_SETTLED") {
    return new Violation("liveness", error.message);
  }
  // A machine that throws, or that is never content, has broken the machine contract (docs/machine.md).
  const { code } = error as { code?: string };
  if (code === "PROGRAM_THREW" || code === "LIVELOCK" || code === "TOO_MANY_EVENTS" || code === "PROGRAM_MISUSE") {
    const { cause } = error as Error;
    return new Violation(
      code === "PROGRAM_THREW" ? "machine" : code.toLowerCase(),
      `${(error as Error).message}${cause instanceof Error ? `\n${cause.stack}` : ""}`,
    );
  }
  throw error;
}
