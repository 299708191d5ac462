/** Fetches a file: whole under its name, or not at all. */
import { basename, dirname, resolve } from "node:path";
import { V1GetClient } from "../core/v1-get-client.js";
import { V2GetClient } from "../core/v2-get-client.js";
import { type KeysOf, refuseUnknownKeys } from "./known-keys.js";
import { runTransfer, type TransferResult } from "./transfer.js";
import { requireText, TRANSFER_KEYS, type TransferOptions } from "./transfer-options.js";

export interface GetOptions extends TransferOptions {
  /** The file's name on the server. */
  readonly name: string;
  /** Where it goes: the path of a file. What arrives is kept in `.stopwait-parts` next to it until it is whole. */
  readonly to: string;
  /** Whether a file that stands there already may be replaced. Default false. */
  readonly overwrite?: boolean | undefined;
}

const KEYS: KeysOf<GetOptions> = { ...TRANSFER_KEYS, name: true, to: true, overwrite: true };

/** A file that was fetched. */
export interface GetResult extends TransferResult {
  /** Where it is, as an absolute path. */
  readonly path: string;
}

/**
 * Fetches a file.
 *
 * ```ts
 * const { bytes, sha256 } = await get({ name: "hello.txt", to: "copy.txt" });
 * ```
 * @throws TypeError or RangeError for a wrong option; SocketError where the server cannot be reached; TransferError with
 * the code of what went wrong; the signal's reason
 */
export async function get(options: GetOptions): Promise<GetResult> {
  refuseUnknownKeys(options, KEYS);
  const path = resolve(requireText("to", options.to));
  const { overwrite = false } = options;
  const result = await runTransfer(options, {
    operation: "get",
    name: requireText("name", options.name),
    root: dirname(path),
    localName: basename(path),
    version1: (shared) => new V1GetClient({ ...shared, overwrite }),
    version2: (shared, ticket) => new V2GetClient({ ...shared, overwrite, resume: ticket?.key, etag: ticket?.etag }),
  });
  return { ...result, path };
}
