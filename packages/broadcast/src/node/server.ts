/** The broadcast server for Node: sockets, TLS, stores and one timer round a ServerMachine. */
import { BroadcastError } from "../core/errors.js";
import type { ServerEvent, Snapshot } from "../core/server-contract.js";
import type { ServerMachineOptions } from "../core/server-options.js";
import type { Log } from "./log.js";
import type { Logger } from "./logger.js";

/** Certificates of a server. */
export interface ServerTlsOptions {
  /** Certificate chain in PEM. */
  readonly cert: string | Uint8Array;
  /** Its key in PEM. */
  readonly key: string | Uint8Array;
  /** Where it is given, clients must show a certificate that one of these signed. */
  readonly ca?: string | Uint8Array;
}

export interface ServeOptions extends Omit<ServerMachineOptions, "log" | "durability" | "secret" | "snapshots"> {
  /** Where to listen. Default 127.0.0.1: this machine alone can connect. Another needs `secret` and `tls`, or `insecure` (B7). */
  readonly host?: string;
  /** Default 0: a free one, told by `address`. */
  readonly port?: number;
  /** Where entries are kept. Default `memoryLog()`: in this process, as many as the history holds (B17). */
  readonly log?: Log;
  /** What clients must know (B6), 16 bytes or more. Default: nothing is asked. */
  readonly secret?: string | Uint8Array;
  /** Speak TLS. Default: plain TCP. */
  readonly tls?: ServerTlsOptions;
  /** Listen where other machines can connect although `secret` or `tls` is missing (B7). Default false. */
  readonly insecure?: boolean;
  /** Gives a snapshot of what a room's entries add up to, and the number of the last entry in it (B31). Default: there are none. */
  readonly snapshot?: (room: string) => Promise<Snapshot | undefined> | Snapshot | undefined;
  /** Default: silent. */
  readonly logger?: Logger;
  /** How long a connection that was closed may take to read what was sent before. Default 1,000 ms. */
  readonly lingerMs?: number;
  /** Bytes that may wait for a connection before it counts as full (B18). Default 256 KiB. */
  readonly highWaterBytes?: number;
}

/** What listeners of a server are told. */
export interface BroadcastServerEvents {
  /** Everything that happens in the rooms. Listeners are called in order; what they throw is logged. */
  event: [event: ServerEvent];
}

export interface BroadcastServer extends AsyncDisposable {
  /** Where it listens, "HOST:PORT" or "[IPv6]:PORT". */
  readonly address: string;
  on<Name extends keyof BroadcastServerEvents>(
    name: Name,
    listener: (...values: BroadcastServerEvents[Name]) => void,
  ): this;
  off<Name extends keyof BroadcastServerEvents>(
    name: Name,
    listener: (...values: BroadcastServerEvents[Name]) => void,
  ): this;
  /** A copy of what is to be seen of rooms and connections. */
  view(): unknown;
  /** Says SHUTDOWN to all, commits what was taken, closes the log, and resolves when all of it is done (B29). May be called again. */
  close(): Promise<void>;
}

/**
 * Starts a server; resolves once it listens.
 *
 * ```ts
 * await using server = await serve({ port: 8081 });
 * ```
 *
 * @throws TypeError or RangeError for a wrong option; BroadcastError `INSECURE` (B7), `LISTEN` where the address or port is
 * not to be had, `LOG` where the log is not
 */
export async function serve(_options: ServeOptions = {}): Promise<BroadcastServer> {
  throw new BroadcastError("LISTEN", "to come");
}
