/**
 * The server: dialects, slots, reservations, the store, uploads, attempts (docs/rake.md). The driver hands it what came
 * and performs what it answers, in that order; time is in milliseconds.
 */

import { AddressCounts } from "./address-counts.js";
import { encode } from "./codec.js";
import { Durations } from "./durations.js";
import { dialectOf } from "./first-bytes.js";
import type { NeededInput } from "./messages.js";
import type { Platform } from "./platform.js";
import { Runs } from "./runs.js";
import type { ServerContext, Session } from "./server-context.js";
import type { ServerInput, ServerOutput, ServerView, TurnedAwayBy } from "./server-contract.js";
import { resolveServerOptions, type ServerMachineOptions } from "./server-options.js";
import { ServerOutbox } from "./server-outbox.js";
import { ServerSession } from "./server-session.js";
import { Slots } from "./slots.js";
import { StoreIndex } from "./store-index.js";
import { Uploads } from "./uploads.js";
import { V1Session } from "./v1-session.js";

const FIRST_BYTES = 8;

/** A connection; no session before its first bytes have told the dialect (R10). */
interface Connection {
  readonly openedAt: number;
  readonly first: Uint8Array;
  firstLength: number;
  session: Session | undefined;
}

export class ServerMachine {
  readonly #context: ServerContext;
  readonly #connections = new Map<number, Connection>();
  readonly #addresses = new AddressCounts();
  #ids = 0;
  #isEnding = false;
  #isIdle = false;

  /**
   * @param stored what the store has at the start, the longest unused first
   * @throws TypeError or RangeError for an option that is not accepted; it names it
   */
  constructor(options: ServerMachineOptions, platform: Platform, stored: readonly NeededInput[] = []) {
    const settings = resolveServerOptions(options);
    const out = new ServerOutbox();
    const newId = (): number => ++this.#ids;
    const store = new StoreIndex(settings.maxStoreBytes, (digest, size) => {
      out.push({ type: "evict", digest });
      out.event({ type: "evicted", digest, size });
    });
    for (const { digest, size } of stored) store.add(digest, size);
    store.trim(); // what goes, goes with the first answer
    this.#context = {
      settings,
      platform,
      out,
      slots: new Slots(settings.slots),
      store,
      uploads: new Uploads(out, store, newId),
      runs: new Runs(),
      durations: new Durations(settings.learned),
      busyCores: 0,
      newId,
      closed: (connection) => this.#forget(connection),
    };
  }

  /** Answers what is to be done, in this order. Never throws on what a peer sent. */
  handle(now: number, input: ServerInput): ServerOutput[] {
    this.#take(now, input);
    const { runs, uploads, out } = this.#context;
    if (this.#isEnding && !this.#isIdle && runs.count === 0 && uploads.count === 0) {
      this.#isIdle = true;
      out.push({ type: "idle" });
    }
    return out.take();
  }

  /** When it wants a `tick`, at the latest. */
  nextDeadline(): number | undefined {
    let at = this.#context.runs.deadline();
    for (const connection of this.#connections.values()) at = Math.min(at, this.#deadlineOf(connection));
    return at === Number.POSITIVE_INFINITY ? undefined : at;
  }

  view(): ServerView {
    const { slots, uploads, store } = this.#context;
    return {
      connections: this.#connections.size,
      slots: slots.total,
      reserved: slots.reserved,
      running: slots.running,
      uploads: uploads.count,
      storeFiles: store.files,
      storeBytes: store.bytes,
      pinned: store.pinned,
    };
  }

  /** Milliseconds of work by kind of command: `learned` of a later machine (R30). */
  learned(): Record<string, number> {
    return this.#context.durations.all();
  }

  #take(now: number, input: ServerInput): void {
    const { uploads, runs } = this.#context;
    switch (input.type) {
      case "opened":
        return this.#open(now, input.connection, input.address);
      case "data":
        return this.#data(now, input.connection, input.bytes);
      case "full":
      case "drained":
        return this.#connections.get(input.connection)?.session?.full(input.type === "full", now);
      case "closed":
        return this.#gone(now, input.connection);
      case "tick":
        return this.#tick(now);
      case "load":
        this.#context.busyCores = Math.max(0, input.busyCores);
        return;
      case "uploadTook":
        return uploads.took(input.upload, input.bytes, now);
      case "uploaded":
        return uploads.uploaded(input.upload, input.digest, now);
      case "uploadFailed":
        return uploads.failed(input.upload, input.diskFull, now);
      case "shutdown":
        return this.#shutdown(now);
      default:
        return runs.handle(this.#context, input, now);
    }
  }

  #open(now: number, connection: number, address = ""): void {
    const { settings } = this.#context;
    const { maxConnections, maxConnectionsPerAddress } = settings;
    if (this.#isEnding) return this.#turnAway(connection, "shutdown", "the server ends", address);
    if (this.#connections.size >= maxConnections) {
      return this.#turnAway(connection, "maxConnections", `${maxConnections} connections are open`, address);
    }
    if (this.#addresses.count(address) >= maxConnectionsPerAddress) {
      const text = `${maxConnectionsPerAddress} connections of ${address} are open, and no more may be`;
      return this.#turnAway(connection, "maxConnectionsPerAddress", text, address);
    }
    this.#addresses.add(connection, address);
    const first = new Uint8Array(FIRST_BYTES);
    this.#connections.set(connection, { openedAt: now, first, firstLength: 0, session: undefined });
  }

  #turnAway(connection: number, by: TurnedAwayBy, text: string, address: string): void {
    const { settings, out } = this.#context;
    const code = by === "shutdown" ? "SHUTDOWN" : "FULL";
    // To a client of v1 these bytes would be a message of its own.
    if (!settings.allowV1) out.push({ type: "send", connection, bytes: encode({ type: "BYE", code, text }) });
    out.push({ type: "close", connection, why: `${code}: ${text}` });
    out.event({ type: "turnedAway", connection, by, address });
  }

  #forget(connection: number): void {
    this.#connections.delete(connection);
    this.#addresses.remove(connection);
  }

  #data(now: number, id: number, bytes: Uint8Array): void {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    if (connection.session !== undefined) return connection.session.data(bytes, now);
    const { first, firstLength, openedAt } = connection;
    const taken = bytes.subarray(0, FIRST_BYTES - firstLength);
    first.set(taken, firstLength);
    connection.firstLength += taken.length;
    const dialect = dialectOf(first.subarray(0, connection.firstLength));
    if (dialect === undefined) return;
    if (dialect === "v2") {
      connection.session = new ServerSession(this.#context, id, openedAt, now);
    } else if (dialect !== "unknown" && this.#context.settings.allowV1) {
      connection.session = new V1Session(this.#context, id, dialect, now);
    } else {
      return this.#refuse(id, dialect === "unknown" ? "no dialect of rake" : `${dialect} is not allowed`);
    }
    connection.session.data(first.slice(0, connection.firstLength), now);
    const rest = bytes.subarray(taken.length);
    if (rest.length > 0) this.#connections.get(id)?.session?.data(rest, now);
  }

  #gone(now: number, id: number): void {
    const connection = this.#connections.get(id);
    connection?.session?.gone(now);
    this.#forget(id);
  }

  #tick(now: number): void {
    this.#context.runs.tick(now);
    for (const [id, connection] of [...this.#connections]) {
      if (connection.session !== undefined) connection.session.tick(now);
      else if (now >= this.#deadlineOf(connection)) this.#refuse(id, "no first bytes in time");
    }
  }

  #deadlineOf({ session, openedAt }: Connection): number {
    return session?.deadline() ?? openedAt + this.#context.settings.firstBytesMs;
  }

  #refuse(connection: number, why: string): void {
    this.#forget(connection);
    this.#context.out.push({ type: "close", connection, why });
    this.#context.out.event({ type: "closed", connection, code: "", why });
  }

  #shutdown(now: number): void {
    this.#isEnding = true;
    for (const [id, { session }] of [...this.#connections]) {
      if (session === undefined) this.#refuse(id, "the server ends");
      else session.shutdown(now);
    }
  }
}
