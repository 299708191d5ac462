/** What must outlast a restart, and where it is kept (election rules E17 to E20). */
import type { Stored } from "../core/contract.js";

/** Keeps what a node has promised. Only one node at a time uses one. */
export interface ElectionStorage {
  /** What was stored last, or undefined where nothing ever was. Rejects where that cannot be told for certain. */
  load(): Promise<Stored | undefined>;
  /** Resolves once it would outlast a power failure. Is called again only when the last call has ended. */
  store(state: Stored): Promise<void>;
  /** Nothing more is stored. */
  close?(): Promise<void>;
}

class MemoryStorage implements ElectionStorage {
  #state: Stored | undefined;

  async load(): Promise<Stored | undefined> {
    return this.#state;
  }

  async store(state: Stored): Promise<void> {
    this.#state = state;
  }
}

/**
 * Forgets everything when the process ends: for hosts without an id, and tests. A voting member that keeps its votes there
 * must be started with `rejoin` whenever its process was started anew (election rule E20).
 */
export function memoryStorage(): ElectionStorage {
  return new MemoryStorage();
}

export function isMemoryStorage(storage: ElectionStorage): boolean {
  return storage instanceof MemoryStorage;
}
