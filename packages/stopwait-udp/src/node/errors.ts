/** What a driver reports. Compare `code`, since an ESM and a CJS copy of the package make two classes of each. */
import { StopwaitError } from "../core/errors.js";

/**
 * The network could not be used: `LISTEN` (the address or port is not to be had), `RESOLVE` (no such host), `CONNECT` (no
 * route), `REFUSED` (nobody listens there: the host said so before anything else was heard).
 */
export class SocketError extends StopwaitError {}

/** A transfer that certainly did not succeed. `code` is that of the outcome, such as `TIMEOUT` or `FILE_MISSING`. */
export class TransferError extends StopwaitError {}

/**
 * Nobody can tell whether a PUT succeeded (`UNKNOWN`): its last packet was sent and never answered. The file is on the
 * server, whole, or it is not there at all; a GET or another PUT finds out.
 */
export class UnknownOutcomeError extends StopwaitError {}
