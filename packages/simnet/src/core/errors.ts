/** What can go wrong in a simulation itself; wrong options are TypeError or RangeError. */

/**
 * The base class of every error of this package. Compare `code`, which is stable across versions: `PROGRAM_THREW`,
 * `PROGRAM_MISUSE`, `LIVELOCK`, `TOO_MANY_EVENTS`, ... The message is for people, `cause` is what was thrown inside.
 */
export class SimnetError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}
