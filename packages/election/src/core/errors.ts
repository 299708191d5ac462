/** What can go wrong, one class per kind; compare `code`, since an ESM and a CJS copy of the package make two classes. */

/**
 * The base class of every error of this package. `code` is stable across versions; `message` is for people.
 * Wrong options are not among them: those throw the language's own `TypeError` and `RangeError`.
 */
export class ElectionError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The caller's mistake: a node that does not lead is asked to hand over (`NOT_LEADER`). */
export class LocalProtocolError extends ElectionError {}

/**
 * The peer's mistake, the only error that the decoder throws: `MALFORMED`, `WRONG_VERSION`, `WRONG_TAG`,
 * `WRONG_CLUSTER` or `WRONG_SETTINGS` (its mode, members, lease or promise factor differ); a `ViewReader` throws `UNSTEADY` and `TOO_MANY_ROWS` as well.
 */
export class RemoteProtocolError extends ElectionError {}

/** A `FencedResource` was asked with a token below one that it accepted already (election rule E14); code `STALE_TOKEN`. */
export class StaleTokenError extends ElectionError {
  constructor(message: string) {
    super("STALE_TOKEN", message);
  }
}
