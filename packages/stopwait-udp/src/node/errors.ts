/** What a driver reports. Compare `code`, since an ESM and a CJS copy of the package make two classes of each. */
import { StopwaitError } from "../core/errors.js";

/**
 * The network could not be used: `LISTEN` (the address or port is not to be had), `RESOLVE` (no such host), `CONNECT` (no
 * route), `REFUSED` (nobody listens there: the host said so before anything else was heard).
 */
export class SocketError extends StopwaitError {}

/**
 * A transfer that certainly did not succeed. `code` is one word: `not-found`, `denied`, `exists`, `too-large`, `busy`,
 * `no-session`, `mismatch`, `changed`, `full`, `failed`, `held`, `aborted`, `gone`, `bad-request`, `timeout` (nothing was
 * heard for too long), `protocol` (the server broke the rules), or `refused` (by version 1, with a text that is not known).
 */
export class TransferError extends StopwaitError {
  /** Whose file or disk it was: `local` on this side, `server` for all that the server said, or did not say. */
  readonly side: "local" | "server";
  /** With `local`: the path of the file. */
  readonly path: string | undefined;

  constructor(code: string, message: string, path?: string) {
    super(code, path === undefined ? message : `${path}: ${message}`);
    this.side = path === undefined ? "server" : "local";
    this.path = path;
  }
}

/**
 * Nobody can tell whether a PUT succeeded (`UNKNOWN`): its last packet was sent and never answered. The file is on the
 * server, whole, or it is not there at all; a GET or another PUT finds out.
 */
export class UnknownOutcomeError extends StopwaitError {}
