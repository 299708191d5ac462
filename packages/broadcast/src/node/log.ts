/** Where the entries of a server's rooms are kept: in memory, in a store of its own, or in a log that gateways share. */

import type {
  Durability,
  Recovered,
  SharedAnswer,
  SharedEntry,
  SharedRequest,
  StoredMeta,
  StoredSegment,
} from "../core/server-contract.js";

export type Log =
  | { readonly kind: "memory" }
  | { readonly kind: "durable"; readonly durability: Durability; readonly store: RoomStore }
  | { readonly kind: "shared"; readonly shared: SharedLog };

/** A write to a room's durable log. */
export type StoreWrite =
  | { readonly type: "meta"; readonly meta: StoredMeta }
  | { readonly type: "segment"; readonly segment: StoredSegment }
  | { readonly type: "trim"; readonly upTo: number; readonly checkpoint: Uint8Array };

/** A durable log of rooms. All of it may be called at any time; what is asked of one room is done in the order of asking. */
export interface RoomStore {
  /** Takes the store for this process alone; rejects where another has it. Called once, before all else. */
  start(): Promise<void>;
  open(room: string): Promise<Recovered>;
  /** Resolves when all of it is as safe as the store's durability promises. One call is one atomic write. */
  write(room: string, writes: readonly StoreWrite[]): Promise<void>;
  /** Segments from the one that holds `from` on, until `maxBytes` are reached, at least one where there is one. */
  read(room: string, from: number, maxBytes: number): Promise<readonly StoredSegment[]>;
  close(): Promise<void>;
}

/** What a gateway hears of a shared log. */
export interface SharedListener {
  /** The next entries of an opened room, in order, without a hole. */
  entries(room: string, first: number, entries: readonly SharedEntry[]): void;
  /** It can not be followed any more, or is another than before; the room may be opened again. */
  lost(room: string, message: string): void;
  /** Whoever keeps it is set up so that it may lose what was acknowledged; what, and what to set. */
  warning?(message: string): void;
}

/** A log that gateways share (docs/broadcast.md B38 to B40). `ask` rejects where the outcome is not known. */
export interface SharedLog {
  start(listener: SharedListener): Promise<void>;
  /** An "open" makes the listener hear of the room, from behind the head that is answered. */
  ask(room: string, request: SharedRequest): Promise<SharedAnswer>;
  forget(room: string): void;
  close(): Promise<void>;
}

/** Entries are kept in the memory of the server, and gone with it: the default. */
export function memoryLog(): Log {
  return { kind: "memory" };
}
