/** What a driver reports. Compare `code`, since an ESM and a CJS copy of the package make two classes of each. */
import { ElectionError } from "../core/errors.js";

/** `LISTEN`: the address or port is not to be had. `STOPPED`: an elector is started once. */
export class ElectorError extends ElectionError {}

/**
 * What a node must remember cannot be read or written: `DAMAGED` (the file is there and is not what was stored), `IN_USE`
 * (another process has it), `FOREIGN` (it is another node's), `FOLDER` (its folder cannot be made), `FAILED` (what the file system says, in `cause`).
 */
export class StorageError extends ElectionError {}

/**
 * A node could not be asked: `REFUSED` (nobody listens there), `TIMEOUT`, `CLOSED` (it ended the
 * connection, as a node does that has another secret or cluster), `PROTOCOL` (what it answered is no answer), `NO_LEADER`,
 * `ABORTED`.
 */
export class QueryError extends ElectionError {}
