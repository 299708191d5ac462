/** Writes to the durable log of each room, in the order of asking: those that wait while one is under way become one. */
import type { RoomStore, StoreWrite } from "./log.js";

export interface RoomWritesEvents {
  stored(room: string, id: number): void;
  failed(room: string, id: number, error: unknown): void;
  /** Every write came to its end. */
  idle(): void;
}

interface Waiting {
  readonly ids: number[];
  readonly writes: StoreWrite[];
}

interface Room {
  waiting: Waiting;
  isBusy: boolean;
}

export class RoomWrites {
  readonly #store: Pick<RoomStore, "write">;
  readonly #events: RoomWritesEvents;
  /** Rooms for which a write waits or is under way. */
  readonly #rooms = new Map<string, Room>();

  constructor(store: Pick<RoomStore, "write">, events: RoomWritesEvents) {
    this.#store = store;
    this.#events = events;
  }

  /** Whether every write came to its end. */
  get isIdle(): boolean {
    return this.#rooms.size === 0;
  }

  add(room: string, id: number, write: StoreWrite): void {
    let state = this.#rooms.get(room);
    if (state === undefined) {
      state = { waiting: { ids: [], writes: [] }, isBusy: false };
      this.#rooms.set(room, state);
      // Not at once: what one turn of the machine wants stored is one write.
      queueMicrotask(() => this.#next(room));
    }
    state.waiting.ids.push(id);
    state.waiting.writes.push(write);
  }

  #next(room: string): void {
    const state = this.#rooms.get(room);
    if (state === undefined || state.isBusy) return;
    const { ids, writes } = state.waiting;
    if (ids.length === 0) {
      this.#rooms.delete(room);
      if (this.isIdle) this.#events.idle();
      return;
    }
    state.waiting = { ids: [], writes: [] };
    state.isBusy = true;
    this.#write(room, writes).then(
      () => {
        state.isBusy = false;
        for (const id of ids) this.#events.stored(room, id);
        this.#next(room);
      },
      (error: unknown) => {
        // Nothing behind a write that failed is done. What is asked from here on is of the room that is opened anew.
        const behind = state.waiting.ids;
        state.waiting = { ids: [], writes: [] };
        state.isBusy = false;
        for (const id of [...ids, ...behind]) this.#events.failed(room, id, error);
        this.#next(room);
      },
    );
  }

  /** A store that throws has failed as one that rejects. */
  async #write(room: string, writes: readonly StoreWrite[]): Promise<void> {
    await this.#store.write(room, writes);
  }
}
