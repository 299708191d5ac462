/** Stores a file on a server: whole under its name, or not at all, or nobody can tell. */
import { realpath } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import type { ClientOutput } from "../core/contract.js";
import { V1PutClient } from "../core/v1-put-client.js";
import type { Drivable } from "./machine-loop.js";
import { requireText } from "./number-options.js";
import { nodePlatform } from "./platform.js";
import { runTransfer, type TransferOptions, type TransferResult } from "./transfer.js";

export interface PutOptions extends TransferOptions {
  /** The path of the file. */
  readonly from: string;
  /** Its name on the server. Default: the last element of the path. */
  readonly name?: string | undefined;
  /** 2, or 1 for the wire format of the course. Default 2. */
  readonly version?: 1 | 2 | undefined;
}

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
  const from = resolve(requireText("from", options.from));
  const remoteName = requireText("name", options.name ?? basename(from));
  const { version = 2 } = options;
  if (version !== 1 && version !== 2) throw new RangeError(`version is ${String(version)}, but must be 1 or 2`);
  // A link of the user's own may lead anywhere: what it leads to is the file.
  const path = await realpath(from).catch(() => from);
  const localName = basename(path);
  return await runTransfer(options, {
    operation: "put",
    name: remoteName,
    root: dirname(path),
    machine: (server): Drivable<ClientOutput> =>
      new V1PutClient({ server, remoteName, localName, platform: nodePlatform }),
  });
}
