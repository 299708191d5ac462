/** What can go wrong, one class per kind; compare `code`, since an ESM and a CJS copy of the package make two classes. */

/**
 * The base class of every error of this package. `code` is stable across versions; `message` is for people.
 * Wrong options are not among them: those throw the language's own `TypeError` and `RangeError`.
 */
export class BroadcastError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/**
 * The caller's mistake: a publish by an observer (`OBSERVER`), on a room that was left (`LEFT`), or that an error ended
 * (`ENDED`, that error being the `cause`).
 */
export class LocalProtocolError extends BroadcastError {}

/** The peer's mistake, the only error that the decoder throws; its code is `BAD_MESSAGE` or `TOO_BIG`. */
export class RemoteProtocolError extends BroadcastError {}

/** The server closed the connection and it is not to be tried again; `code` is that of its CLOSE (rule B33). */
export class ClosedError extends BroadcastError {}

/** What became of a publish is not `ok`: `TOO_BIG`, `UNKNOWN_OUTCOME` (B34) or `NUMBER_LOST` (B32). */
export class PublishError extends BroadcastError {}
