/** The shared log in Redis: requests in their order over reconnections, each one script (docs/broadcast.md B38 to B40). */
import { randomBytes } from "node:crypto";
import type { Redis } from "ioredis";
import { BroadcastError } from "../../core/errors.js";
import { LEAVE_REASONS } from "../../core/messages.js";
import type { SharedAnswer, SharedRequest } from "../../core/server-contract.js";
import type { SharedListener, SharedLog } from "../log.js";
import { Connection, type MakeClient, redisClients } from "./connection.js";
import { OwnerAges } from "./owner-ages.js";
import { answerOf, listOf, openAnswer, type Reply, textOf } from "./replies.js";
import { type OnRestart, type RedisFacts, redisFacts, redisWarnings } from "./restarts.js";
import { roomKeys } from "./room-keys.js";
import { RoomTail } from "./room-tail.js";
import { SCRIPT_NAMES, SCRIPTS, type ScriptName } from "./scripts.js";

export type { OnRestart } from "./restarts.js";

export interface RedisSettings {
  readonly url: string;
  readonly prefix: string;
  readonly historyMessages: number;
  readonly historyBytes: number;
  readonly maxSessions: number;
  readonly sessionTtlMs: number;
  readonly askTimeoutMs: number;
  readonly answerTimeoutMs: number;
  readonly onRestart: OnRestart;
}

interface OpenRoom {
  readonly name: string;
  readonly epoch: string;
  readonly tail: RoomTail;
  /** The Redis process that its log is known in. */
  run: string;
}

interface Asked {
  readonly room: string;
  readonly request: SharedRequest;
  readonly resolve: (answer: SharedAnswer) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

interface Up extends RedisFacts {
  readonly client: Redis;
  readonly shas: Readonly<Record<ScriptName, string>>;
}

type Argument = string | number | Buffer;

const unknown = (message: string): BroadcastError => new BroadcastError("UNREACHABLE", message);

export class RedisShared implements SharedLog {
  readonly #settings: RedisSettings;
  readonly #ages = new OwnerAges();
  readonly #rooms = new Map<string, OpenRoom>();
  /** In the order of asking, which is also that in which Redis does them. */
  readonly #asked = new Set<Asked>();
  #listener: SharedListener | undefined;
  #make: MakeClient | undefined;
  #connection: Connection<Omit<Up, "client">> | undefined;
  #up: Up | undefined;
  #lastTrouble = "Redis was not reached";
  /** The Redis process whose set-up was looked at. */
  #warnedOf = "";
  #isClosed = false;

  constructor(settings: RedisSettings) {
    this.#settings = settings;
  }

  async start(listener: SharedListener): Promise<void> {
    if (this.#listener !== undefined) throw new BroadcastError("IN_USE", "a log is used by one server");
    this.#listener = listener;
    const { url, answerTimeoutMs, askTimeoutMs, onRestart } = this.#settings;
    this.#make = await redisClients(url);
    await new Promise<void>((resolve, reject) => {
      const connection = new Connection<Omit<Up, "client">>(this.#make as MakeClient, answerTimeoutMs, {
        prepare: async (client) => ({ ...(await redisFacts(client, onRestart)), shas: await loadScripts(client) }),
        up: (client, facts) => {
          this.#up = { client, ...facts };
          clearTimeout(timer);
          resolve();
          this.#resume(this.#up);
          this.#warn(client, facts.run);
        },
        down: (why) => {
          this.#up = undefined;
          this.#lastTrouble = why;
        },
      });
      const timer = setTimeout(() => {
        connection.close();
        reject(unknown(`Redis cannot be reached: ${this.#lastTrouble}`));
      }, askTimeoutMs);
      this.#connection = connection;
      connection.open();
    });
  }

  ask(room: string, request: SharedRequest): Promise<SharedAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed || this.#make === undefined) {
        reject(new BroadcastError("STORE", "the log is not open"));
        return;
      }
      const timer = setTimeout(() => {
        this.#end(asked);
        reject(unknown(`Redis did not answer: ${this.#lastTrouble}`));
      }, this.#settings.askTimeoutMs);
      const asked: Asked = { room, request, resolve, reject, timer };
      this.#asked.add(asked);
      if (request.op === "attach") this.#ages.begin(request.owner);
      if (this.#up !== undefined) this.#send(this.#up, asked);
    });
  }

  forget(room: string): void {
    this.#rooms.get(room)?.tail.close();
    this.#rooms.delete(room);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const room of [...this.#rooms.keys()]) this.forget(room);
    this.#connection?.close();
    for (const asked of [...this.#asked]) this.#fail(asked, "the log is closed");
  }

  /** Once for each start of Redis. */
  #warn(client: Redis, run: string): void {
    if (this.#warnedOf === run) return;
    this.#warnedOf = run;
    redisWarnings(client).then(
      (warnings) => {
        for (const warning of warnings) this.#listener?.warning?.(warning);
      },
      () => {}, // it is gone, or does not tell everybody
    );
  }

  /** A connection is there: rooms first, where this is a Redis that does not know that it is their gateway's. */
  #resume(up: Up): void {
    for (const room of this.#rooms.values()) {
      if (room.run === up.run) continue;
      this.#reopen(up, room).catch(({ message }: Error) => {
        if (up.client.status === "ready" && this.#up === up) this.#lose(room, message);
      });
    }
    for (const asked of [...this.#asked]) this.#send(up, asked);
  }

  async #reopen(up: Up, room: OpenRoom): Promise<void> {
    const { name, epoch, tail } = room;
    const known = [String(freshEpoch()), up.isSafe ? "1" : "0", epoch, String(tail.head)];
    const reply = await this.#call(up, "open", name, epoch, [up.run, ...known]);
    if (this.#rooms.get(name) !== room) return;
    if (String(openAnswer(reply).epoch) === epoch) room.run = up.run;
    else this.#lose(room, "Redis was started anew, and the log has another epoch");
  }

  #send(up: Up, asked: Asked): void {
    const { room, request } = asked;
    const there = this.#rooms.get(room);
    if (request.op !== "open" && there === undefined) {
      this.#fail(asked, `room ${room} is not open`);
      return;
    }
    const answered = request.op === "open" ? this.#open(up, asked) : this.#perform(up, there as OpenRoom, asked);
    answered.catch((error: Error) => {
      if (!this.#asked.has(asked)) return;
      // A connection that is gone: it is asked again on the next one, and in its place.
      if (up.client.status !== "ready" || this.#up !== up) return;
      if (/^NOSCRIPT/.test(error.message)) this.#connection?.drop();
      else this.#fail(asked, error.message);
    });
  }

  async #open(up: Up, asked: Asked): Promise<void> {
    const { room: name, request } = asked;
    if (request.op !== "open") return;
    const args = [up.run, String(request.freshEpoch), up.isSafe ? "1" : "0", "0", "0"];
    const answer = openAnswer(await this.#call(up, "open", name, "0", args));
    if (!this.#end(asked)) return;
    this.forget(name);
    const epoch = String(answer.epoch);
    const [meta, log] = roomKeys(this.#settings.prefix, name, epoch) as [string, string];
    const { answerTimeoutMs } = this.#settings;
    const place = { meta, log, epoch, head: answer.head };
    const tail = new RoomTail(this.#make as MakeClient, answerTimeoutMs, place, {
      entries: (first, entries) => this.#listener?.entries(name, first, entries),
      lost: (why) => this.#lose(room, why),
    });
    const room: OpenRoom = { name, epoch, tail, run: up.run };
    this.#rooms.set(name, room);
    asked.resolve(answer);
  }

  async #perform(up: Up, room: OpenRoom, asked: Asked): Promise<void> {
    const { request } = asked;
    const args = [up.run, room.epoch, ...this.#argumentsOf(request)];
    const reply = listOf(await this.#call(up, request.op, room.name, room.epoch, args));
    if (textOf(reply[0]) !== "ok") {
      // Of the same Redis it is another epoch; of another one the room is being opened anew, and what was asked is asked again.
      if (this.#rooms.get(room.name) === room && room.run === up.run)
        this.#lose(room, "the log is another than before");
      else if (this.#rooms.get(room.name) !== room) this.#fail(asked, "the log is another than before");
      return;
    }
    if (this.#end(asked)) asked.resolve(answerOf(request.op, Number(room.epoch), reply));
  }

  #call(up: Up, script: ScriptName, room: string, epoch: string, args: readonly Argument[]): Promise<Reply> {
    const keys = roomKeys(this.#settings.prefix, room, epoch);
    return up.client.callBuffer("EVALSHA", up.shas[script], keys.length, ...keys, ...args) as Promise<Reply>;
  }

  #argumentsOf(request: SharedRequest): readonly Argument[] {
    const { historyMessages, historyBytes, maxSessions, sessionTtlMs } = this.#settings;
    const bounds = [historyMessages, historyBytes];
    switch (request.op) {
      case "attach": {
        const { clientId, token, freshToken, name, owner } = request;
        const age = Math.round(this.#ages.of(owner));
        return [...bounds, clientId, token, freshToken, name, owner, maxSessions, sessionTtlMs, age];
      }
      case "publish": {
        const { clientId, owner, firstClientSeq, entries } = request;
        const args: Argument[] = [...bounds, clientId, owner, firstClientSeq];
        for (const { kind, bytes } of entries) {
          args.push(kind, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
        }
        return args;
      }
      case "leave":
        return [...bounds, request.clientId, request.owner, LEAVE_REASONS.indexOf(request.reason)];
      case "renew":
        return [...bounds, request.graceMs, LEAVE_REASONS.indexOf("timed out"), ...request.owners];
      case "read":
        return [request.from, request.maxBytes];
      case "open":
        return [];
    }
  }

  #lose(room: OpenRoom, why: string): void {
    if (this.#rooms.get(room.name) !== room) return;
    this.forget(room.name);
    for (const asked of [...this.#asked]) {
      if (asked.room === room.name && asked.request.op !== "open") this.#fail(asked, why);
    }
    this.#listener?.lost(room.name, why);
  }

  #fail(asked: Asked, why: string): void {
    if (this.#end(asked)) asked.reject(unknown(why));
  }

  /** @returns whether it was still waited for */
  #end(asked: Asked): boolean {
    clearTimeout(asked.timer);
    return this.#asked.delete(asked);
  }
}

async function loadScripts(client: Redis): Promise<Record<ScriptName, string>> {
  const loaded = SCRIPT_NAMES.map(async (name) => [name, String(await client.script("LOAD", SCRIPTS[name]))] as const);
  return Object.fromEntries(await Promise.all(loaded)) as Record<ScriptName, string>;
}

/** From 1 to 2^53 - 1 (B25). */
function freshEpoch(): number {
  const bits = randomBytes(8).readBigUInt64BE() >> 11n;
  return Math.max(1, Number(bits));
}
