/** A connection to Redis that is made again and again: one client object for each, so that nothing is sent twice behind our back. */
import type { Socket } from "node:net";
import type { Redis } from "ioredis";
import { BroadcastError } from "../../core/errors.js";

/** Makes a client that is not connected yet. */
export type MakeClient = (waitMs: number) => Redis;

/**
 * Loads ioredis, an optional peer dependency.
 *
 * @throws BroadcastError `NOT_INSTALLED` where it is not there
 */
export async function redisClients(
  url: string,
  load: () => Promise<unknown> = () => import("ioredis"),
): Promise<MakeClient> {
  let module: typeof import("ioredis");
  try {
    module = (await load()) as typeof import("ioredis");
  } catch (cause) {
    const { code = "", message } = cause as NodeJS.ErrnoException;
    const isMissing = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
    const why = isMissing ? "which is not installed: npm install ioredis" : `which cannot be loaded: ${message}`;
    throw new BroadcastError("NOT_INSTALLED", `gateways over Redis need the package ioredis, ${why}`, { cause });
  }
  return (waitMs) => {
    const client = new module.Redis(url, {
      lazyConnect: true,
      // A connection that is gone is replaced by another client: which commands are sent again is decided by who asked.
      retryStrategy: () => null,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      connectTimeout: waitMs,
      socketTimeout: waitMs,
      protocol: 2,
      noDelay: true,
    });
    client.on("error", () => {}); // told by "close", and by the commands that fail
    return client;
  };
}

export interface ConnectionEvents<Facts> {
  /** What a connection begins with; it counts as up when this is done. */
  prepare(client: Redis): Promise<Facts>;
  up(client: Redis, facts: Facts): void;
  down(why: string): void;
}

const FIRST_BACKOFF_MS = 20;
const MAX_BACKOFF_MS = 500;

export class Connection<Facts> {
  readonly #make: MakeClient;
  readonly #waitMs: number;
  readonly #events: ConnectionEvents<Facts>;
  #client: Redis | undefined;
  #timer: NodeJS.Timeout | undefined;
  #backoffMs = FIRST_BACKOFF_MS;
  #isClosed = false;

  /** @param waitMs how long an answer may take before the connection counts as dead */
  constructor(make: MakeClient, waitMs: number, events: ConnectionEvents<Facts>) {
    this.#make = make;
    this.#waitMs = waitMs;
    this.#events = events;
  }

  open(): void {
    if (this.#isClosed) return;
    const client = this.#make(this.#waitMs);
    this.#client = client;
    let isUp = false;
    let isGone = false;
    let last = "Redis closed the connection";
    const gone = (why: string): void => {
      if (isGone) return;
      isGone = true;
      end(client);
      if (this.#client !== client) return;
      this.#events.down(why);
      this.#again();
    };
    client.on("error", ({ message }: Error) => {
      last = message;
    });
    client.once("end", () => gone(last));
    const prepared = async (): Promise<void> => {
      await client.connect();
      const facts = await this.#events.prepare(client);
      if (isGone || this.#client !== client) return;
      isUp = true;
      this.#backoffMs = FIRST_BACKOFF_MS;
      this.#events.up(client, facts);
    };
    prepared().catch(({ message }: Error) => gone(isUp ? last : message));
  }

  /** Ends the connection that is there; another is made. */
  drop(): void {
    if (this.#client !== undefined) end(this.#client);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined) end(client);
  }

  #again(): void {
    if (this.#isClosed) return;
    this.#client = undefined;
    this.#timer = setTimeout(() => this.open(), this.#backoffMs);
    this.#backoffMs = Math.min(2 * this.#backoffMs, MAX_BACKOFF_MS);
  }
}

/** At once: what its peer does not take any more would hold the connection open for ever. */
function end(client: Redis): void {
  client.disconnect();
  (client as unknown as { readonly stream?: Socket }).stream?.destroy();
}
