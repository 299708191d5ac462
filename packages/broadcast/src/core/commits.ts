/** When what was appended counts as committed (docs/broadcast.md B12, B25). */

import type { Append } from "./append.js";

export interface Commits {
  /** Bytes of entries that wait to be stored. */
  readonly pendingBytes: number;
  /** Takes what was appended, in order. */
  append(append: Append, now: number): void;
}

/** A log in memory alone: at once. */
export class MemoryCommits implements Commits {
  readonly pendingBytes = 0;
  readonly append: (append: Append, now: number) => void;

  constructor(commit: (append: Append, now: number) => void) {
    this.append = commit;
  }
}
