/** What can go wrong, one class per kind; compare `code`, since an ESM and a CJS copy of the package make two classes. */

/** The base class of every error of this package. `code` is stable across versions; `message` is for people. */
export class HftpError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The caller's mistake: a call in the wrong state, a request that cannot be written. Wrong options are TypeError or RangeError. */
export class LocalProtocolError extends HftpError {}

/** The peer broke the protocol: a malformed reply, bytes nobody asked for, a body of the wrong length. */
export class RemoteProtocolError extends HftpError {}

/** The connection could not be made, was lost, or was silent for too long (`CONNECT_FAILED`, `CLOSED`, `TIMEOUT`). */
export class ConnectionError extends HftpError {}

/** The server answered with a status other than 0. `code` is `STATUS_<number>`. */
export class ReplyError extends HftpError {
  /** The status code of the reply, such as 202. */
  readonly status: number;
  /** The text of the reply, such as `FILE NOT FOUND`. */
  readonly text: string;

  constructor(status: number, text: string, request: string) {
    super(`STATUS_${status}`, `the server answered ${status} ${text} to: ${request}`);
    this.status = status;
    this.text = text;
  }
}

/**
 * A download that did not end with the whole, right file under its final name: `SIZE_CHANGED`, `DIGEST_MISMATCH`,
 * `RETRIES_EXHAUSTED`, `EXISTS`, `IN_USE`, `FILE_ERROR`, `ABORTED`.
 */
export class DownloadError extends HftpError {}
