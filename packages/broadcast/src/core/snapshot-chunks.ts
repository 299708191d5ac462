/** A snapshot on its way to one member, in pieces (docs/broadcast.md B31). */

import type { Connection, OutgoingSnapshot } from "./connection.js";
import type { Outbox } from "./outbox.js";

const CHUNK_BYTES = 65_536;

/** Sends the next chunk of the snapshot that the connection is being sent; behind the last one it is sent none any more. */
export function sendChunk(out: Outbox, connection: Connection): void {
  const outgoing = connection.snapshot as OutgoingSnapshot;
  const { upTo, bytes } = outgoing.snapshot;
  const end = Math.min(bytes.length, outgoing.at + CHUNK_BYTES);
  const isLast = end === bytes.length;
  const chunk = bytes.subarray(outgoing.at, end);
  out.say(connection.id, { type: "snapshot", upTo, chunk: outgoing.chunk, isLast, bytes: chunk });
  outgoing.at = end;
  outgoing.chunk++;
  if (isLast) connection.snapshot = undefined;
}
