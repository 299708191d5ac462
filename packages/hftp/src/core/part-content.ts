/** What a download has of its file, what it lacks, and what is on its way to the `.part` file (docs/hftp.md, H32, H33). */
import { decodeDownloadState, encodeDownloadState } from "./download-state.js";
import type { Job } from "./jobs.js";
import type { Leftover } from "./leftover.js";
import { type Range, Ranges } from "./ranges.js";

/** Bytes of a job on their way to the `.part` file. */
export interface Writing {
  readonly job: Job;
  readonly range: Range;
}

/** More ranges than this of an earlier download are not compared, but fetched again: the shorter ones (H33, H40). */
export const MAX_CHECKS = 1_000;

export class PartContent {
  /** Bytes that are in the `.part` file. */
  #done: Ranges = new Ranges();
  /** Bytes that are neither there nor asked for. */
  #todo: Ranges = new Ranges();
  /** What of an earlier download is still to be fetched again and compared. */
  #checks: Range[] = [];
  #size = 0;
  #pendingBytes = 0;
  /** What was compared differs from what is on the server. */
  differs = false;
  /** The state file does not tell all that is there. */
  unsaved = false;

  /** Size of the whole file. */
  get size(): number {
    return this.#size;
  }

  /** Bytes that are in the `.part` file. */
  get bytes(): number {
    return this.#done.total;
  }

  /** Bytes that are being written. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Nothing is left to compare. */
  get isChecked(): boolean {
    return this.#checks.length === 0;
  }

  /** Nothing is left to ask for or to write; what was asked for and not answered is not counted. */
  get isComplete(): boolean {
    return this.#todo.isEmpty && this.#pendingBytes === 0;
  }

  /** From zero. */
  begin(size: number): void {
    this.#size = size;
    this.#done = new Ranges();
    this.#todo = new Ranges([[0, size]]);
    this.#checks = [];
    this.differs = false;
    this.unsaved = false;
  }

  /** With what an earlier download of the same file left; false where that is of another one, or not to be read. */
  resume(name: string, size: number, part: Leftover, verifyBytes: number): boolean {
    const state = part.state === undefined ? undefined : decodeDownloadState(part.state, part.bytes);
    if (state === undefined || state.name !== name || state.size !== size) return false;
    this.#size = size;
    this.#done = Ranges.sorted(worthChecking(state.done, verifyBytes));
    this.#todo = this.#done.holes(size);
    this.#checks = [...this.#done].map(([start, end]): Range => [Math.max(start, end - verifyBytes), end]);
    return true;
  }

  /** The text of the state file. */
  state(name: string): string {
    return encodeDownloadState({ name, size: this.#size, done: this.#done });
  }

  /** The next bytes to compare. */
  nextCheck(): Range | undefined {
    return this.#checks.shift();
  }

  /** The next bytes to fetch. */
  nextSlice(max: number): Range | undefined {
    return this.#todo.take(max);
  }

  /** How many requests it takes to get what was not asked for. */
  requestsLeft(sliceBytes: number): number {
    let count = this.#checks.length;
    for (const [start, end] of this.#todo) count += Math.ceil((end - start) / sliceBytes);
    return count;
  }

  /** Takes over what a job has gathered; undefined where that is nothing. */
  write(job: Job): (Writing & { readonly chunks: readonly Uint8Array[] }) | undefined {
    if (job.chunkBytes === 0) return undefined;
    const end = job.offset + job.received;
    const { chunks, chunkBytes } = job;
    this.#pendingBytes += chunkBytes;
    job.chunks = [];
    job.chunkBytes = 0;
    job.pendingWrites++;
    return { job, range: [end - chunkBytes, end], chunks };
  }

  /** A write has ended. */
  written({ job, range }: Writing, successful: boolean): void {
    this.#pendingBytes -= range[1] - range[0];
    job.pendingWrites--;
    if (job.void) {
      this.#refetch(job);
    } else if (successful) {
      this.#done.add(...range);
      this.unsaved = true;
    }
  }

  /** The answer to a job broke off after some bytes, which are kept. */
  giveBackRest(job: Job): void {
    const end = job.offset + job.size;
    if (job.kind === "check") this.#checks.push([job.offset, end]);
    else if (job.kind === "slice") this.#todo.add(job.offset + job.received, end);
  }

  /** The answer to a job broke the protocol: nothing of it is trusted. */
  giveBackAll(job: Job): void {
    if (job.kind !== "slice") return this.giveBackRest(job);
    job.void = true;
    job.chunks = [];
    job.chunkBytes = 0;
    this.#done.subtract(job.offset, job.offset + job.size);
    this.unsaved = true;
    this.#refetch(job);
  }

  /** Once the last write of what is not trusted has ended: it must not land on what is fetched anew. */
  #refetch(job: Job): void {
    if (job.pendingWrites === 0) this.#todo.add(job.offset, job.offset + job.size);
  }
}

/** A range of which all would be fetched to compare it is fetched as a part of the hole around it: in fewer requests. */
function worthChecking(done: Ranges, verifyBytes: number): Range[] {
  const long = [...done].filter(([start, end]) => end - start > verifyBytes);
  if (long.length <= MAX_CHECKS) return long;
  const longest = long.sort((one, other) => other[1] - other[0] - (one[1] - one[0])).slice(0, MAX_CHECKS);
  return longest.sort((one, other) => one[0] - other[0]);
}
