/** A session of a shared log that is connected to this gateway, and the PUBACKs that the log's entries make (docs/broadcast.md B14, B38). */

import type { Run } from "./append.js";
import type { Connection } from "./connection.js";
import type { SharedEntry } from "./server-contract.js";
import type { SharedPublisher } from "./shared-publisher.js";

export interface LocalMember {
  readonly connection: Connection;
  readonly clientId: string;
  readonly owner: string;
  readonly member: number;
  readonly publisher: SharedPublisher;
  /** The last that is in the log and was seen there. */
  lastClientSeq: number;
  lastNumber: number;
  lastIsMarker: boolean;
  /** PUBACKs of what the log gives just now. */
  runs: Run[];
}

/** Its publish is in the log. False: it was known. */
export function seenInLog(local: LocalMember, number: number, { kind, clientSeq }: SharedEntry): boolean {
  if (clientSeq <= local.lastClientSeq) return false;
  local.publisher.seen(clientSeq);
  local.lastClientSeq = clientSeq;
  local.lastNumber = number;
  local.lastIsMarker = kind === "marker";
  const run = local.runs[local.runs.length - 1];
  if (run !== undefined && run.code === "ok" && kind === "message" && run.number === number - 1) {
    run.clientSeq = clientSeq;
    run.number = number;
  } else {
    local.runs.push({ clientSeq, number, code: kind === "marker" ? "too big" : "ok" });
  }
  return true;
}
