/** What a download asks for on its connections. */
import type { Request } from "./requests.js";

/** Something that was asked for on a connection. */
export interface Job {
  readonly id: number;
  /** `metadata` begins a connection, `recheck` ends a download; a `check` is compared, a `slice` is written. */
  readonly kind: "help" | "metadata" | "check" | "slice" | "recheck";
  readonly request: Request;
  /** First byte, and number of bytes, of a slice or check. */
  readonly offset: number;
  readonly size: number;
  received: number;
  /** What came and is not handed to a write. */
  chunks: Uint8Array[];
  chunkBytes: number;
  pendingWrites: number;
  /** Its answer does not matter any more, and what it wrote does not count. */
  void: boolean;
}

export function createJob(id: number, kind: Job["kind"], request: Request): Job {
  const [offset, size] = request.type === "get_slice" ? [request.offset, request.size] : [0, 0];
  const nothing = { received: 0, chunks: [], chunkBytes: 0, pendingWrites: 0, void: false };
  return { id, kind, request, offset, size, ...nothing };
}

/** Adds a piece of the answer. */
export function addChunk(job: Job, chunk: Uint8Array): void {
  job.received += chunk.length;
  if (job.void || chunk.length === 0) return;
  job.chunks.push(chunk);
  job.chunkBytes += chunk.length;
}
