/** The sessions of a shared log that are connected to this gateway, and the PUBACKs that the log's entries make (docs/broadcast.md B14, B38). */

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

export class LocalMembers {
  readonly #byConnection = new Map<Connection, LocalMember>();
  readonly #byMember = new Map<number, LocalMember>();
  readonly #byClient = new Map<string, LocalMember>();
  /** Those who have runs. */
  #acknowledged: LocalMember[] = [];

  get size(): number {
    return this.#byConnection.size;
  }

  [Symbol.iterator](): IterableIterator<LocalMember> {
    return this.#byConnection.values();
  }

  of(connection: Connection): LocalMember | undefined {
    return this.#byConnection.get(connection);
  }

  ofClient(clientId: string): LocalMember | undefined {
    return this.#byClient.get(clientId);
  }

  add(local: LocalMember): void {
    this.#byConnection.set(local.connection, local);
    this.#byMember.set(local.member, local);
    this.#byClient.set(local.clientId, local);
  }

  /** Its connection is gone; another of the same session may have its place. */
  delete(local: LocalMember): void {
    this.#byConnection.delete(local.connection);
    if (this.#byMember.get(local.member) === local) this.#byMember.delete(local.member);
    if (this.#byClient.get(local.clientId) === local) this.#byClient.delete(local.clientId);
  }

  /** The log gave a message or a marker. */
  seen(number: number, entry: SharedEntry): void {
    const local = this.#byMember.get(entry.member);
    if (local === undefined) return;
    const isFirst = local.runs.length === 0;
    if (seenInLog(local, number, entry) && isFirst) this.#acknowledged.push(local);
  }

  /** All that the log gave at once was seen: the PUBACKs of those who are still there. */
  acknowledge(puback: (connection: Connection, run: Run) => void): void {
    const acknowledged = this.#acknowledged;
    this.#acknowledged = [];
    for (const local of acknowledged) {
      const { connection, runs } = local;
      local.runs = [];
      if (connection.state !== "open") continue;
      for (const run of runs) puback(connection, run);
    }
  }
}

/** Its publish is in the log. False: it was known. */
function seenInLog(local: LocalMember, number: number, { kind, clientSeq }: SharedEntry): boolean {
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
