/** What can go wrong, one class per kind; compare `code`, since an ESM and a CJS copy of the package make two classes. */

/**
 * The base class of every error of this package. `code` is stable across versions; `message` is for people.
 * Wrong options are not among them: those throw the language's own `TypeError` and `RangeError`.
 */
export class RakeError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The peer's mistake, the only error that a decoder throws; its code is `BAD_MESSAGE` or `TOO_BIG`. */
export class RemoteProtocolError extends RakeError {}

/** A Rakefile that is not one (R5): its code is `RAKEFILE`, its message has a line for each fault. */
export class RakefileError extends RakeError {}

/** A build that did not succeed: `ACTION_FAILED`, `NO_HOST`, `CANCELLED`, `INPUT` or `OUTPUT`. */
export class BuildError extends RakeError {}
