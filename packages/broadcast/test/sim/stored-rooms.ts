/** The rooms of a server in its store, and what of them is safe, for the oracles (docs/broadcast.md B12, B25, B28). */
import type { NodeEnvironment, NodeOutput } from "@lab/simnet";
import { frameOfEntries, type Recovered, type ServerMachineOptions, type StoredSegment } from "../../src/core/index.js";
import type { StoreWrite } from "../../src/node/log.js";
import { messagesIn } from "./connection-watch.js";
import { DurableStore, type StoreMutation } from "./durable-store.js";
import { lineOf, type RoomModel } from "./room-model.js";
import { Violation } from "./violation.js";

export interface Written {
  readonly room: string;
  readonly id: number;
  readonly failed: boolean;
}

export class StoredRooms {
  readonly #environment: NodeEnvironment;
  readonly #options: ServerMachineOptions;
  readonly #modelOf: (room: string) => RoomModel;
  /** Undefined: the log is in memory, or elsewhere. */
  readonly #store: DurableStore | undefined;
  readonly #segments = new Map<string, StoredSegment>();
  readonly #opened = new Set<string>();

  constructor(
    environment: NodeEnvironment,
    options: ServerMachineOptions,
    mutation: StoreMutation,
    modelOf: (room: string) => RoomModel,
  ) {
    this.#environment = environment;
    this.#options = options;
    this.#modelOf = modelOf;
    const { log, durability = "written" } = options;
    this.#store = log === "durable" ? new DurableStore(environment, durability, mutation) : undefined;
  }

  /** @returns what is done at once */
  write(room: string, id: number, write: StoreWrite, out: NodeOutput[]): readonly Written[] {
    if (write.type === "segment") this.#segments.set(`${room} ${id}`, write.segment);
    return this.#mustHave().write(room, id, write, out);
  }

  /** A write of the disk is done, or failed. */
  written(failed: boolean, out: NodeOutput[]): readonly Written[] {
    return this.#store?.written(failed, out) ?? [];
  }

  /** The machine is told: what is stored is what its numbers are. */
  told({ room, id, failed }: Written): void {
    const key = `${room} ${id}`;
    const segment = this.#segments.get(key);
    this.#segments.delete(key);
    if (failed || segment === undefined) return;
    const model = this.#modelOf(room);
    const { current } = model;
    if (current === undefined) throw new Violation("A", `entries of room ${room} are stored before its epoch began`);
    const { first, count, entries } = segment;
    for (const message of messagesIn(frameOfEntries(first, count, entries, 0, entries.length))) {
      if (message.type !== "batch") continue;
      for (const [i, entry] of message.entries.entries()) model.pin(current.epoch, first + i, lineOf(entry));
    }
  }

  read(room: string, from: number, maxBytes: number): StoredSegment[] {
    return this.#mustHave().read(room, from, maxBytes);
  }

  recovered(room: string): Recovered {
    const recovered = this.#mustHave().open(room);
    this.#modelOf(room).stored = recovered.meta?.epoch;
    return recovered;
  }

  /** Whether nothing that was promised before this start can have been lost (B25). Asked once for each opening. */
  mustGoOn(room: string): boolean {
    const store = this.#store;
    const { durability = "written" } = this.#options;
    const isAgain = this.#opened.has(room);
    this.#opened.add(room);
    if (store === undefined || store.isDamaged) return false;
    if (durability === "fsync") return true;
    // A clean close is known by the store alone: it may go on then, and the model checks that it lost nothing.
    return durability === "written" && (isAgain || this.#modelOf(room).boot === this.#environment.boot);
  }

  /** The highest number that is as safe as was promised. */
  safeHead(room: string): number {
    return this.#store?.headOf(room) ?? Number.POSITIVE_INFINITY;
  }

  #mustHave(): DurableStore {
    if (this.#store === undefined) throw new Violation("machine", "it asks for a store, and its log is none");
    return this.#store;
  }
}
