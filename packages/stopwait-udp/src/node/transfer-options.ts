/** What get() and put() are told, and what is wrong with it. */
import type { Address } from "../core/contract.js";
import { type NumberRule, resolveNumbers } from "../core/options.js";
import { DEFAULT_PORT } from "../core/ports.js";
import type { Checksum } from "../core/v2-checksum.js";
import type { KeysOf } from "./known-keys.js";
import type { Logger } from "./logger.js";

/** A datagram that this side sent or received. */
export interface SeenDatagram {
  readonly direction: "sent" | "received";
  /** Milliseconds since the transfer began. */
  readonly atMs: number;
  /** Valid during the call: the memory is used again. */
  readonly bytes: Uint8Array;
}

/** How far a transfer is. */
export interface TransferProgress {
  /** File bytes that are across. */
  readonly bytes: number;
  /** Of so many; undefined where nobody has said it (a GET by version 1). */
  readonly total: number | undefined;
}

/** What all transfers can be told. The options from `window` on are of version 2 alone. */
export interface TransferOptions {
  /** Name or address of the server. Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default 50001. */
  readonly port?: number | undefined;
  /** Stops the transfer; it rejects with the signal's reason, or as unknown where nobody can tell any more (S92). */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  /** The server still holds the transfer that this one goes on from: it is asked again for so long at most. */
  readonly onWaiting?: ((waiting: { readonly forMs: number }) => void) | undefined;
  /** Told of every datagram, for a diagram. */
  readonly onDatagram?: ((datagram: SeenDatagram) => void) | undefined;
  /** Default: nothing is logged. */
  readonly logger?: Logger | undefined;
  /** Receive buffer that the system is asked for. Default 1 MiB; the system may give less. */
  readonly receiveBufferBytes?: number | undefined;
  /** 2, or 1 for the wire format of the course. Default 2. */
  readonly version?: 1 | 2 | undefined;
  /** Of version 1 alone: milliseconds until a packet is sent again. Default 5,000; original peers break with a shorter one. */
  readonly retransmitMs?: number | undefined;
  /** Of version 1 alone: how often, before the transfer is given up. Default 5. */
  readonly retransmissions?: number | undefined;
  /** Blocks under way at once, 1 to 32; the server may lower it. Default 1: stop-and-wait. */
  readonly window?: number | undefined;
  /** File bytes in a packet, 1 to 65,000; the server may lower it. Default 1,376, and 65,000 on loopback. */
  readonly blockBytes?: number | undefined;
  /** Best first, of `crc32c`, `crc32` and (on loopback) `none`. Default `["crc32c"]`. */
  readonly checksums?: readonly Checksum[] | undefined;
  /** Shared with a server that wants one for writing. At least 16 bytes. */
  readonly secret?: Uint8Array | undefined;
  /** Whether to go on where an earlier transfer of this file was cut off. Default false: from the start. */
  readonly resume?: boolean | undefined;
  /** Where it is noted how to go on. Default `stopwait-udp` in the user's state folder, such as `~/.local/state`. */
  readonly stateFolder?: string | undefined;
  /** Retransmission timeout before the first round trip is known. Default 1,000 ms. */
  readonly initialRtoMs?: number | undefined;
  /** Default 200 ms, and 50 ms on loopback. */
  readonly minRtoMs?: number | undefined;
  /** Default 5,000 ms. */
  readonly maxRtoMs?: number | undefined;
  /** The transfer is given up so long after the last progress. Default 30,000 ms. */
  readonly giveUpMs?: number | undefined;
  /** Timeouts in a row without a block through after which it goes on with smaller ones. Default 3; Infinity: never. */
  readonly stepDownAfter?: number | undefined;
}

/** All of them. */
export const TRANSFER_KEYS: KeysOf<TransferOptions> = {
  host: true,
  port: true,
  signal: true,
  onProgress: true,
  onWaiting: true,
  onDatagram: true,
  logger: true,
  receiveBufferBytes: true,
  version: true,
  retransmitMs: true,
  retransmissions: true,
  window: true,
  blockBytes: true,
  checksums: true,
  secret: true,
  resume: true,
  stateFolder: true,
  initialRtoMs: true,
  minRtoMs: true,
  maxRtoMs: true,
  giveUpMs: true,
  stepDownAfter: true,
};

const VERSION_1_ONLY = ["retransmitMs", "retransmissions"] as const;
const VERSION_2_ONLY = [
  "window",
  "blockBytes",
  "checksums",
  "secret",
  "resume",
  "stateFolder",
  "initialRtoMs",
  "minRtoMs",
  "maxRtoMs",
  "giveUpMs",
  "stepDownAfter",
] as const;

/** @throws RangeError for another version or a short secret, TypeError for what is no secret or an option that the version does not have */
export function checkOptions(options: TransferOptions): void {
  const { version = 2 } = options;
  if (version !== 1 && version !== 2) throw new RangeError(`version is ${String(version)}, but must be 1 or 2`);
  for (const name of version === 1 ? VERSION_2_ONLY : VERSION_1_ONLY) {
    if (options[name] !== undefined) throw new TypeError(`${name} is an option of version ${3 - version} alone`);
  }
  checkSecret(options.secret);
  if (options.stateFolder !== undefined) requireText("stateFolder", options.stateFolder);
}

/** @throws TypeError or RangeError that names the option */
export function serverAddress({ host = "127.0.0.1", port }: TransferOptions): Address {
  const rule = { default: DEFAULT_PORT, min: 1, max: 65_535 };
  return { host: requireText("host", host), port: resolveNumbers({ port }, { port: rule }).port };
}

/** A secret that is shorter could be guessed from one authenticated request. */
const MIN_SECRET_BYTES = 16;

/** @throws TypeError or RangeError that names the option */
export function checkSecret(secret: unknown): void {
  if (secret === undefined) return;
  if (!(secret instanceof Uint8Array)) throw new TypeError(`secret must be a Uint8Array, not ${typeof secret}`);
  if (secret.length >= MIN_SECRET_BYTES) return;
  throw new RangeError(`secret has ${secret.length} bytes, but must have ${MIN_SECRET_BYTES} or more`);
}

/** What a socket's receive buffer is asked to be. */
export const BUFFER_RULE: NumberRule = { default: 2 ** 20, min: 1, max: 2 ** 30 };

/** @throws TypeError that names the option */
export function requireText(name: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new TypeError(`${name} must be a string that is not empty`);
}
