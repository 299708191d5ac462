/** The shared log in NATS JetStream: rooms, and the time that a request may take (docs/broadcast.md B38 to B40). */
import { randomBytes } from "node:crypto";
import type { ConnectionOptions } from "@nats-io/transport-node";
import { BroadcastError } from "../../core/errors.js";
import type { SharedAnswer, SharedRequest } from "../../core/server-contract.js";
import type { SharedListener, SharedLog } from "../log.js";
import { OwnerAges } from "../redis/owner-ages.js";
import { type NatsLink, natsLink } from "./connection.js";
import { type KnownPlace, NatsRoom, type NatsRoomSettings, type RoomRequest } from "./nats-room.js";

export interface NatsSettings extends Omit<NatsRoomSettings, "ageMs"> {
  readonly connection: ConnectionOptions;
  readonly askTimeoutMs: number;
  readonly answerTimeoutMs: number;
}

export class NatsShared implements SharedLog {
  readonly #settings: NatsSettings;
  readonly #gateway = randomBytes(12).toString("base64url");
  readonly #ages = new OwnerAges();
  readonly #rooms = new Map<string, NatsRoom>();
  /** Of rooms that were lost: what was read of them must be in them when they are opened again. */
  readonly #known = new Map<string, KnownPlace>();
  #listener: SharedListener | undefined;
  #link: NatsLink | undefined;
  #isClosed = false;

  constructor(settings: NatsSettings) {
    this.#settings = settings;
  }

  async start(listener: SharedListener): Promise<void> {
    if (this.#listener !== undefined) throw new BroadcastError("IN_USE", "a log is used by one server");
    this.#listener = listener;
    const { connection, answerTimeoutMs } = this.#settings;
    this.#link = await natsLink(connection, answerTimeoutMs);
    this.#watch(this.#link);
  }

  ask(room: string, request: SharedRequest): Promise<SharedAnswer> {
    const link = this.#link;
    if (link === undefined || this.#isClosed) {
      return Promise.reject(new BroadcastError("STORE", "the log is not open"));
    }
    if (request.op === "attach") this.#ages.begin(request.owner);
    return new Promise((resolve, reject) => {
      let isWanted = true;
      const fail = (why: string, cause?: unknown): void => {
        isWanted = false;
        clearTimeout(timer);
        reject(new BroadcastError("UNREACHABLE", why, { cause }));
      };
      const timer = setTimeout(() => fail("NATS did not answer"), this.#settings.askTimeoutMs);
      const answered =
        request.op === "open" ? this.#open(link, room, request.freshEpoch) : this.#ask(room, request, () => isWanted);
      answered.then(
        (answer) => {
          clearTimeout(timer);
          resolve(answer);
        },
        (error: Error) => fail(error.message, error),
      );
    });
  }

  forget(room: string): void {
    this.#rooms.get(room)?.close();
    this.#rooms.delete(room);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const room of [...this.#rooms.keys()]) this.forget(room);
    await this.#link?.connection.close();
  }

  async #ask(name: string, request: RoomRequest, isWanted: () => boolean): Promise<SharedAnswer> {
    const room = this.#rooms.get(name);
    if (room === undefined) throw new Error(`room ${name} is not open`);
    return await room.ask(request, isWanted);
  }

  async #open(link: NatsLink, name: string, freshEpoch: number): Promise<SharedAnswer> {
    this.forget(name);
    const settings = { ...this.#settings, ageMs: (owner: string) => this.#ages.of(owner) };
    const room: NatsRoom = new NatsRoom(link, this.#gateway, name, settings, {
      entries: (first, entries) => this.#listener?.entries(name, first, entries),
      lost: (why) => {
        if (this.#rooms.get(name) !== room) return;
        this.#known.set(name, room.known);
        this.#rooms.delete(name);
        this.#listener?.lost(name, why);
      },
    });
    this.#rooms.set(name, room);
    try {
      const answer = await room.open(freshEpoch, this.#known.get(name));
      this.#known.delete(name);
      return answer;
    } catch (error) {
      room.close();
      if (this.#rooms.get(name) === room) this.#rooms.delete(name);
      throw error;
    }
  }

  async #watch({ connection }: NatsLink): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === "reconnect") for (const room of this.#rooms.values()) room.reconnected();
    }
  }
}
