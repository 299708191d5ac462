/** Stores a file on a server: whole under its name, or not at all, or nobody can tell. */
import { realpath } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { V1PutClient } from "../core/v1-put-client.js";
import { V2PutClient } from "../core/v2-put-client.js";
import { type KeysOf, refuseUnknownKeys } from "./known-keys.js";
import { runTransfer, type TransferResult } from "./transfer.js";
import { requireText, TRANSFER_KEYS, type TransferOptions } from "./transfer-options.js";

export interface PutOptions extends TransferOptions {
  /** The path of the file. */
  readonly from: string;
  /** Its name on the server. Default: the last element of the path. */
  readonly name?: string | undefined;
  /** Of version 2: whether the server may replace a file, if it allows that at all. Default false. */
  readonly overwrite?: boolean | undefined;
}

const KEYS: KeysOf<PutOptions> = { ...TRANSFER_KEYS, from: true, name: true, overwrite: true };

/**
 * Stores a file on a server that takes files.
 *
 * ```ts
 * const { bytes, sha256 } = await put({ from: "hello.txt" });
 * ```
 * @throws TypeError or RangeError for a wrong option; SocketError where the server cannot be reached; TransferError with
 * the code of what went wrong; UnknownOutcomeError where the last packet was never answered; the signal's reason
 */
export async function put(options: PutOptions): Promise<TransferResult> {
  refuseUnknownKeys(options, KEYS);
  const from = resolve(requireText("from", options.from));
  const { overwrite } = options;
  if (options.version === 1 && overwrite !== undefined)
    throw new TypeError("overwrite is an option of version 2 alone");
  // A link of the user's own may lead anywhere: what it leads to is the file.
  const path = await realpath(from).catch(() => from);
  return await runTransfer(options, {
    operation: "put",
    name: requireText("name", options.name ?? basename(from)),
    root: dirname(path),
    localName: basename(path),
    version1: (shared) => new V1PutClient(shared),
    version2: (shared, ticket) => new V2PutClient({ ...shared, overwrite, resume: ticket?.key }),
  });
}
