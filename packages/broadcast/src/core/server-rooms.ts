/** The rooms of a server: opened when somebody comes, given up when their place is needed or their log fails (docs/broadcast.md B23, B28, B29, B40). */

import { DurableRoom } from "./durable-room.js";
import { MemoryRoom } from "./memory-room.js";
import type { Room } from "./room.js";
import type { ServerContext } from "./server-context.js";
import type { Recovered } from "./server-contract.js";
import { SharedRoom } from "./shared-room.js";

export class ServerRooms {
  readonly #context: ServerContext;
  readonly #rooms = new Map<string, Room>();
  /** Those whose place was needed, until their log is marked as cleanly closed. */
  readonly #closing = new Map<string, DurableRoom>();
  #isShutDown = false;

  constructor(context: ServerContext) {
    this.#context = context;
  }

  [Symbol.iterator](): IterableIterator<Room> {
    return this.#rooms.values();
  }

  of(name: string): Room | undefined {
    return this.#rooms.get(name);
  }

  shared(name: string): SharedRoom | undefined {
    const room = this.#rooms.get(name);
    return room instanceof SharedRoom ? room : undefined;
  }

  /** For somebody who comes. */
  find(name: string, now: number): Room | "FULL" | "UNAUTHORIZED" {
    const { rooms, maxRooms } = this.#context.settings;
    if (rooms !== undefined && !rooms.has(name)) return "UNAUTHORIZED";
    const known = this.#rooms.get(name);
    if (known !== undefined) return known;
    if (this.#rooms.size >= maxRooms && !this.#makePlace(now)) return "FULL";
    const room = this.#newRoom(name, now);
    this.#rooms.set(name, room);
    return room;
  }

  /** What the store has of a room. */
  opened(name: string, recovered: Recovered): void {
    if (!this.#isShutDown) this.#durable(name)?.opened(recovered);
  }

  stored(name: string, id: number, now: number): void {
    (this.#closing.get(name) ?? this.#durable(name))?.stored(id, now);
  }

  storeFailed(name: string, id: number, message: string, now: number): void {
    if (this.#closing.get(name)?.concerns(id)) {
      // It is not marked as cleanly closed: whether its epoch goes on is decided when it is opened again.
      this.#context.out.event({ type: "trouble", room: name, message });
      this.#closed(name);
    } else if (this.#durable(name)?.concerns(id)) this.giveUp(name, message, now);
  }

  /** The log of a room can not be written or followed any more: it is opened anew when somebody comes (B28, B40). */
  giveUp(name: string, message: string, now: number): void {
    const room = this.#rooms.get(name) as Room;
    this.#context.out.event({ type: "trouble", room: name, message });
    for (const connection of [...room.connections]) this.#context.hangUp(connection, "UNAVAILABLE", message, now);
    this.#retire(room);
  }

  shutdown(now: number): void {
    this.#isShutDown = true;
    for (const room of this.#rooms.values()) room.shutdown(now);
  }

  #newRoom(name: string, now: number): Room {
    switch (this.#context.settings.log) {
      case "memory":
        return new MemoryRoom(name, this.#context, now);
      case "durable": {
        const room = new DurableRoom(name, this.#context);
        if (!this.#closing.has(name)) room.open();
        return room;
      }
      case "shared": {
        const giveUp = (message: string, then: number): void => this.giveUp(name, message, then);
        const room: SharedRoom = new SharedRoom(name, this.#context, giveUp, () => this.#retire(room), now);
        return room;
      }
    }
  }

  /** Gives up a room that nobody needs (B23). False: there is none. */
  #makePlace(now: number): boolean {
    for (const room of this.#rooms.values()) {
      if (!room.isIdle) continue;
      // What is being closed is in memory still: not more than the rooms that may be open.
      if (this.#closing.size >= this.#context.settings.maxRooms) return false;
      if (room instanceof DurableRoom) this.#close(room, now);
      this.#retire(room);
      return true;
    }
    return false;
  }

  /** Who comes meanwhile has it opened again once it is closed. */
  #close(room: DurableRoom, now: number): void {
    this.#closing.set(room.name, room);
    room.close(now, () => this.#closed(room.name));
  }

  #closed(name: string): void {
    this.#closing.delete(name);
    if (!this.#isShutDown) this.#durable(name)?.open();
  }

  #retire(room: Room): void {
    if (this.#rooms.get(room.name) !== room) return;
    this.#rooms.delete(room.name);
    room.end();
  }

  #durable(name: string): DurableRoom | undefined {
    const room = this.#rooms.get(name);
    return room instanceof DurableRoom ? room : undefined;
  }
}
