/** The server: connections, their rooms, and what time does to them (docs/broadcast.md). */

import { Connection } from "./connection.js";
import { Incoming } from "./incoming.js";
import type { CloseCode } from "./messages.js";
import { Outbox } from "./outbox.js";
import type { Platform } from "./platform.js";
import type { Room } from "./room.js";
import type { ServerContext } from "./server-context.js";
import type { ServerInput, ServerOutput } from "./server-contract.js";
import { resolveServerOptions, type ServerMachineOptions, type ServerSettings } from "./server-options.js";
import { ServerRooms } from "./server-rooms.js";
import type { ServerView } from "./server-view.js";

export class ServerMachine {
  readonly settings: ServerSettings;
  readonly #out = new Outbox();
  readonly #context: ServerContext;
  readonly #connections = new Map<number, Connection>();
  readonly #rooms: ServerRooms;
  readonly #incoming: Incoming;
  #lastId = 0;
  #isClosing = false;
  /** The one whose bytes are being looked at. */
  #reading: Connection | undefined;
  #pingNonce = 0;

  /**
   * @param _now milliseconds from any origin, as in `handle`
   * @throws TypeError or RangeError for an option that is not accepted
   */
  constructor(_now: number, options: ServerMachineOptions, platform: Platform) {
    this.settings = resolveServerOptions(options);
    this.#context = {
      settings: this.settings,
      platform,
      out: this.#out,
      newId: () => ++this.#lastId,
      hangUp: (connection, code, text, now) => this.#hangUp(connection, code, text, now),
      letGo: (connection, why, now) => this.#letGo(connection, why, now),
      control: (connection, now) => this.#control(connection, now),
      pause: (connection, reason, paused, now) => this.#pause(connection, reason, paused, now),
    };
    this.#rooms = new ServerRooms(this.#context);
    this.#incoming = new Incoming(this.#context, (name, now) => this.#rooms.find(name, now));
  }

  /** Never throws for what a peer sent. The outputs are the caller's; bytes in them are not written to any more. */
  handle(now: number, input: ServerInput): ServerOutput[] {
    switch (input.type) {
      case "data":
        this.#data(input.connection, input.bytes, now);
        break;
      case "opened":
        this.#opened(input.connection, now);
        break;
      case "full":
      case "drained":
        this.#flow(input.connection, input.type === "full", now);
        break;
      case "closed":
        this.#closed(input.connection, now);
        break;
      case "tick":
        this.#tick(now);
        break;
      case "snapshot": {
        const room = this.#rooms.of(input.room);
        room?.snapshots.taken(input.id, input.snapshot, now, room);
        break;
      }
      case "roomOpened":
        this.#rooms.opened(input.room, input.recovered);
        break;
      case "stored":
        this.#rooms.stored(input.room, input.id, now);
        break;
      case "storeFailed":
        this.#rooms.storeFailed(input.room, input.id, input.message, now);
        break;
      case "shared":
        this.#rooms.shared(input.room)?.requests.answered(input.id, input.answer, now);
        break;
      case "sharedFailed":
        this.#rooms.shared(input.room)?.requests.failed(input.id, now);
        break;
      case "sharedEntries":
        this.#rooms.shared(input.room)?.entries(input.first, input.entries, now);
        break;
      case "sharedLost":
        if (this.#rooms.shared(input.room) !== undefined) this.#rooms.giveUp(input.room, input.message, now);
        break;
      case "shutdown":
        this.#shutdown(now);
        break;
      default:
        break;
    }
    return this.#out.take();
  }

  /** When it wants a `tick`; perhaps earlier than needed. */
  nextDeadline(): number | undefined {
    return this.#out.wakeAt;
  }

  view(): ServerView {
    let paused = 0;
    for (const connection of this.#connections.values()) if (connection.paused !== 0) paused++;
    const rooms = Array.from(this.#rooms, (room) => room.view());
    return { connections: this.#connections.size, paused, rooms };
  }

  #opened(id: number, now: number): void {
    const { maxFrameBytes, maxPublishRate, maxControlRate, maxConnections, helloMs } = this.settings;
    const connection = new Connection(id, now, maxFrameBytes, maxPublishRate, maxControlRate);
    if (this.#isClosing) {
      this.#hangUp(connection, "SHUTDOWN", "the server closes", now);
    } else if (this.#connections.size >= maxConnections) {
      this.#hangUp(connection, "FULL", `there are ${maxConnections} connections`, now);
    } else {
      this.#connections.set(id, connection);
      this.#out.wake(now + Math.min(helloMs, this.settings.heartbeatMs));
    }
  }

  #data(id: number, bytes: Uint8Array, now: number): void {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    const before = connection.room;
    this.#reading = connection;
    this.#incoming.take(connection, bytes, now);
    this.#reading = undefined;
    const room = before ?? connection.room;
    room?.endTurn(now);
    room?.settle(now);
  }

  #flow(id: number, full: boolean, now: number): void {
    const connection = this.#connections.get(id);
    if (connection === undefined || connection.full === full) return;
    connection.full = full;
    if (full) {
      connection.room?.full(connection, now);
      return;
    }
    if (connection.waitingPong !== undefined) {
      this.#out.say(id, { type: "pong", nonce: connection.waitingPong });
      connection.waitingPong = undefined;
    }
    connection.room?.drained(connection, now);
  }

  #closed(id: number, now: number): void {
    const connection = this.#connections.get(id);
    if (connection !== undefined) this.#forget(connection, now);
  }

  #hangUp(connection: Connection, code: CloseCode, text: string, now: number): void {
    if (connection.state === "closed") return;
    if (connection === this.#reading) {
      // What it said before counts, and is answered, as it would be if it had come in a read of its own.
      this.#reading = undefined;
      connection.room?.endTurn(now);
      if (this.#isClosed(connection)) return;
    }
    this.#out.say(connection.id, { type: "close", code, text });
    this.#out.push({ type: "close", connection: connection.id, why: `${code}: ${text}` });
    this.#out.event({ type: "closed", connection: connection.id, code, why: text });
    this.#forget(connection, now);
  }

  #control(connection: Connection, now: number): boolean {
    if (connection.control.take(now)) return true;
    const text = `more than ${this.settings.maxControlRate} messages per second that bring nothing new`;
    this.#hangUp(connection, "BAD_MESSAGE", text, now);
    return false;
  }

  #letGo(connection: Connection, why: string, now: number): void {
    if (connection.state === "closed") return;
    this.#out.push({ type: "close", connection: connection.id, why });
    this.#forget(connection, now);
  }

  #isClosed({ state }: Connection): boolean {
    return state === "closed";
  }

  #forget(connection: Connection, now: number): void {
    connection.state = "closed";
    this.#connections.delete(connection.id);
    connection.room?.exit(connection, now);
  }

  #pause(connection: Connection, reason: number, paused: boolean, now: number): void {
    const before = connection.paused;
    connection.paused = paused ? before | reason : before & ~reason;
    if (connection.state === "closed" || (before === 0) === (connection.paused === 0)) return;
    this.#out.push({ type: connection.paused === 0 ? "resume" : "pause", connection: connection.id });
    // What it said meanwhile could not be heard.
    if (connection.paused === 0) connection.lastHeard = now;
  }

  #tick(now: number): void {
    const due = this.#out.wakeAt;
    if (due === undefined || now < due) return;
    this.#out.wakeAt = undefined;
    // No leave is taken for anybody any more (B29).
    if (this.#isClosing) return;
    for (const room of this.#rooms) room.tick(now);
    for (const connection of this.#connections.values()) this.#heartbeat(connection, now);
  }

  /** PINGs, silence and HELLOs that do not come (B6, B24). */
  #heartbeat(connection: Connection, now: number): void {
    const { helloMs, heartbeatMs } = this.settings;
    if (connection.state === "hello" || connection.state === "auth") {
      const until = connection.openedAt + helloMs;
      if (now >= until) this.#hangUp(connection, "IDLE", `no HELLO within ${helloMs} ms`, now);
      else this.#out.wake(until);
      return;
    }
    if (connection.paused === 0) {
      const until = connection.lastHeard + 3 * heartbeatMs;
      if (now >= until) {
        this.#hangUp(connection, "IDLE", `nothing was heard for ${3 * heartbeatMs} ms`, now);
        return;
      }
      this.#out.wake(until);
    }
    let sent = (connection.room as Room).lastSent(connection);
    // A little early, so that connections of which each has its own time are looked at together.
    if (now >= sent + heartbeatMs - heartbeatMs / 8 && !connection.full && connection.state === "open") {
      this.#out.say(connection.id, { type: "ping", nonce: ++this.#pingNonce });
      connection.lastSent = now;
      sent = now;
    }
    this.#out.wake(Math.max(sent, now - heartbeatMs / 2) + heartbeatMs);
  }

  #shutdown(now: number): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    for (const connection of [...this.#connections.values()]) {
      this.#hangUp(connection, "SHUTDOWN", "the server closes", now);
    }
    this.#rooms.shutdown(now);
  }
}
