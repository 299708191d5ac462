/** The sockets of a node: one that listens, those that others made, and one kept to each address (election rules E1, E34). */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Target } from "../core/contract.js";
import { dialable, type HostAndPort } from "./address.js";
import { Connection, type ConnectionBounds, type ConnectionEvents } from "./connection.js";
import { ElectorError } from "./errors.js";
import type { Logger } from "./logger.js";
import { PeerTroubles } from "./peer-troubles.js";

export interface ConnectionsOptions extends ConnectionBounds {
  /** address -> where to connect instead */
  readonly routes: Readonly<Record<string, string>>;
  readonly maxConnections: number;
  readonly maxSilent: number;
  readonly maxOutgoing: number;
  readonly connectTimeoutMs: number;
  readonly redialMs: number;
  readonly silentTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly logger: Logger;
}

/** What the machine is told. */
export interface ConnectionsEvents {
  message(link: number, address: string | undefined, payload: Uint8Array): void;
  linkClosed(link: number): void;
  peerRefused(address: string): void;
}

/** What the system may hold of connections that were not accepted yet; it has a limit of its own. */
const BACKLOG = 4_096;

/** Who has not spoken on a connection that was made just now may have closed the one before: that is another trouble. */
const SILENT_AFTER_MS = 200;

export class Connections {
  readonly troubles: PeerTroubles;
  readonly #options: ConnectionsOptions;
  readonly #events: ConnectionsEvents;
  readonly #server: Server;
  /** All that can be sent on, by number. */
  readonly #links = new Map<number, Connection>();
  /** Those that we made, by address, the one that was used last at the end. */
  readonly #kept = new Map<string, Connection>();
  /** Every one whose socket is not closed. */
  readonly #open = new Set<Connection>();
  /** Those that others made and on which no valid message came yet, the oldest first. */
  readonly #silent = new Set<Connection>();
  /** When each address was dialled last, the oldest first. */
  readonly #dialled = new Map<string, number>();
  #lastLink = 0;
  #sweeper: NodeJS.Timeout | undefined;
  #sweptAt = 0;
  #isStopped = false;
  #onAllClosed: (() => void) | undefined;

  constructor(options: ConnectionsOptions, events: ConnectionsEvents) {
    this.#options = options;
    this.#events = events;
    this.troubles = new PeerTroubles(options.logger);
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    this.#server.maxConnections = options.maxConnections;
    this.#server.on("drop", () =>
      this.troubles.warnSeldom({}, "a connection was turned away: there are maxConnections already"),
    );
  }

  /** @throws ElectorError `LISTEN` where the address or port is not to be had */
  async listen({ host, port }: HostAndPort): Promise<HostAndPort> {
    const server = this.#server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (cause: NodeJS.ErrnoException) => {
        const why = cause.code === "EADDRINUSE" ? "the port is taken" : cause.message;
        reject(new ElectorError("LISTEN", `cannot listen on ${host}:${port}: ${why}`, { cause }));
      });
      server.listen({ host, port, backlog: BACKLOG }, () => resolve());
    });
    server.removeAllListeners("error");
    server.on("error", ({ message }) => this.troubles.warnSeldom({ why: message }, "a connection was not accepted"));
    const everyMs = Math.max(1, Math.min(this.#options.silentTimeoutMs, this.#options.idleTimeoutMs) / 4);
    this.#sweptAt = performance.now();
    this.#sweeper = setInterval(() => this.#sweep(everyMs), everyMs);
    const { address, port: bound } = server.address() as AddressInfo;
    return { host: address, port: bound };
  }

  /** Sends, or drops what cannot be sent. */
  send(to: Target, payload: Uint8Array): void {
    if (this.#isStopped) return;
    const connection = "link" in to ? this.#links.get(to.link) : this.#keptTo(to.address);
    connection?.send(payload);
  }

  /** Drops the connection that is kept to an address; the next send makes another. */
  renew(address: string): void {
    const connection = this.#kept.get(address);
    const isNew = connection !== undefined && performance.now() - connection.heardAt < SILENT_AFTER_MS;
    if (connection?.wasMade === true) {
      if (!isNew) this.troubles.failed(address, "silent");
    } else if (connection !== undefined) this.troubles.failed(address, "unreachable", "no connection was made in time");
    connection?.drop("nothing was heard");
  }

  /** Ends a connection, for what came on it. */
  close(link: number, why: string): void {
    this.#links.get(link)?.refuse(why);
  }

  /** What is wrong with the node at an address that we dial; undefined where it was heard within that time. */
  troubleAt(address: string, withinMs: number): string | undefined {
    const connection = this.#kept.get(address);
    if (connection?.hasSpoken === true && performance.now() - connection.heardAt < withinMs) return undefined;
    return this.troubles.stateOf(address) ?? "nothing was heard of it";
  }

  /** Sends what is to be sent, for so long at most, and closes everything. */
  async stop(timeoutMs: number): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#sweeper);
    const server = this.#server;
    const closed = new Promise<void>((resolve) => (server.listening ? server.close(() => resolve()) : resolve()));
    const allClosed = new Promise<void>((resolve) => {
      this.#onAllClosed = resolve;
      if (this.#open.size === 0) resolve();
    });
    for (const connection of [...this.#open]) connection.end();
    const timer = setTimeout(() => {
      for (const connection of [...this.#open]) connection.drop("stopped");
    }, timeoutMs);
    await allClosed;
    clearTimeout(timer);
    await closed;
  }

  /** The connection to an address, made anew where there is none and it was not tried a moment ago. */
  #keptTo(address: string): Connection | undefined {
    const kept = this.#kept.get(address);
    if (kept === undefined) return this.#dial(address);
    this.#kept.delete(address);
    this.#kept.set(address, kept);
    return kept;
  }

  #dial(address: string): Connection | undefined {
    const { routes, maxOutgoing, connectTimeoutMs } = this.#options;
    const to = dialable(Object.hasOwn(routes, address) ? (routes[address] as string) : address);
    if (to === undefined) {
      this.#options.logger.debug({ address }, "an address leads nowhere");
      return undefined;
    }
    if (!this.#mayDial(address)) return undefined;
    if (this.#kept.size >= maxOutgoing) this.#kept.values().next().value?.drop("others are needed more");
    const socket = connect({ host: to.host, port: to.port, noDelay: true });
    const connection = this.#add(socket, address);
    this.#kept.set(address, connection);
    const timer = setTimeout(() => {
      this.troubles.failed(address, "unreachable", `no connection within ${connectTimeoutMs} ms`);
      connection.drop("it could not be made in time");
    }, connectTimeoutMs);
    socket.once("connect", () => clearTimeout(timer)).once("close", () => clearTimeout(timer));
    return connection;
  }

  #mayDial(address: string): boolean {
    const now = performance.now();
    const { redialMs } = this.#options;
    for (const [other, at] of this.#dialled) {
      if (now - at < redialMs) break;
      this.#dialled.delete(other);
    }
    if (this.#dialled.has(address)) return false;
    this.#dialled.set(address, now);
    return true;
  }

  #accept(socket: Socket): void {
    if (this.#isStopped) {
      socket.destroy();
      return;
    }
    const [oldest] = this.#silent;
    this.#silent.add(this.#add(socket, undefined));
    if (oldest === undefined || this.#silent.size <= this.#options.maxSilent) return;
    this.troubles.warnSeldom({ peer: oldest.peer }, "a silent connection was closed: there are more than maxSilent");
    oldest.drop("newer ones came, and it said nothing");
  }

  #add(socket: Socket, address: string | undefined): Connection {
    const connection = new Connection(++this.#lastLink, socket, address, this.#options, this.#connectionEvents);
    this.#links.set(connection.link, connection);
    this.#open.add(connection);
    return connection;
  }

  readonly #connectionEvents: ConnectionEvents = {
    payload: ({ link, address }, payload) => this.#events.message(link, address, payload),
    spoke: (connection) => {
      this.#silent.delete(connection);
      const { address } = connection;
      if (address !== undefined) this.troubles.answered(address);
    },
    refused: ({ address, peer }, why) => {
      if (this.#isStopped) return;
      if (address === undefined) this.troubles.refusedPeer(peer, why);
      else this.troubles.failed(address, "nonsense", why);
    },
    gone: (connection, why, error) => {
      const { link, address } = connection;
      this.#links.delete(link);
      this.#silent.delete(connection);
      if (address !== undefined && this.#kept.get(address) === connection) this.#kept.delete(address);
      if (this.#isStopped) return;
      this.#options.logger.debug({ link, peer: connection.peer, why }, "a connection ended");
      if (address !== undefined && !connection.isDropped) this.#tellTrouble(connection, address, error);
      if (address !== undefined && error?.code === "ECONNREFUSED") this.#events.peerRefused(address);
      this.#events.linkClosed(link);
    },
    closed: (connection) => {
      this.#open.delete(connection);
      if (this.#open.size === 0) this.#onAllClosed?.();
    },
  };

  /** The other side, or the system, ended a connection of ours. */
  #tellTrouble({ wasMade, hasSpoken }: Connection, address: string, error: NodeJS.ErrnoException | undefined): void {
    if (error?.code === "ECONNREFUSED") this.troubles.failed(address, "refused");
    else if (!wasMade) this.troubles.failed(address, "unreachable", error?.message || error?.code);
    else if (!hasSpoken) this.troubles.failed(address, "closed");
  }

  /** Closes what others made and do not use, and what we made and need no more. */
  #sweep(everyMs: number): void {
    const { silentTimeoutMs, idleTimeoutMs } = this.#options;
    const now = performance.now();
    const isLate = now - this.#sweptAt > 2 * everyMs;
    this.#sweptAt = now;
    if (isLate) return; // this process did not run: what came meanwhile was not read yet
    for (const connection of this.#open) {
      const { address, hasSpoken, heardAt, sentAt } = connection;
      if (address === undefined) {
        const limitMs = hasSpoken ? idleTimeoutMs : Math.min(silentTimeoutMs, idleTimeoutMs);
        if (now - heardAt < limitMs) continue;
        if (!hasSpoken) {
          this.troubles.warnSeldom({ peer: connection.peer }, "a connection on which no message came was closed");
        }
        connection.drop("nothing was heard for too long");
      } else if (now - Math.max(sentAt, heardAt) >= idleTimeoutMs / 2) {
        // Before the other side does: it might close while we send.
        connection.drop("it was not used");
      }
    }
  }
}
