/** When what was appended counts as committed (docs/broadcast.md B12, B25). */

import type { Append } from "./append.js";

export interface Commits {
  /** Bytes that wait to be stored. */
  readonly pendingBytes: number;
  /** Takes what was appended, in order. */
  append(append: Append, now: number): void;
  /** An effect that it asked for is done: whether it was one of these. */
  stored(id: number, now: number): boolean;
  /** An effect failed: whether it was one of these. */
  owns(id: number): boolean;
  /** Nothing more will be appended. */
  close(): void;
}

/** A log in memory alone: at once. */
export class MemoryCommits implements Commits {
  readonly pendingBytes = 0;
  readonly #commit: (append: Append, now: number) => void;

  constructor(commit: (append: Append, now: number) => void) {
    this.#commit = commit;
  }

  append(append: Append, now: number): void {
    this.#commit(append, now);
  }

  stored(): boolean {
    return false;
  }

  owns(): boolean {
    return false;
  }

  close(): void {}
}
