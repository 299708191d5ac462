/** Fetches a file: whole under its name, or not at all. */
import { basename, dirname, resolve } from "node:path";
import type { ClientOutput } from "../core/contract.js";
import { V1GetClient } from "../core/v1-get-client.js";
import type { Drivable } from "./machine-loop.js";
import { requireText } from "./number-options.js";
import { nodePlatform } from "./platform.js";
import { runTransfer, type TransferOptions, type TransferResult } from "./transfer.js";

export interface GetOptions extends TransferOptions {
  /** The file's name on the server. */
  readonly name: string;
  /** Where it goes: the path of a file. What arrives is kept in `.stopwait-parts` next to it until it is whole. */
  readonly to: string;
  /** Whether a file that stands there already may be replaced. Default false. */
  readonly overwrite?: boolean | undefined;
  /** 2, or 1 for the wire format of the course. Default 2. */
  readonly version?: 1 | 2 | undefined;
}

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
  const remoteName = requireText("name", options.name);
  const path = resolve(requireText("to", options.to));
  const { overwrite = false, version = 2 } = options;
  if (version !== 1 && version !== 2) throw new RangeError(`version is ${String(version)}, but must be 1 or 2`);
  const localName = basename(path);
  const result = await runTransfer(options, {
    operation: "get",
    name: remoteName,
    root: dirname(path),
    machine: (server): Drivable<ClientOutput> =>
      new V1GetClient({ server, remoteName, localName, platform: nodePlatform, overwrite }),
  });
  return { ...result, path };
}
