/** The options of the server machine, their defaults and accepted ranges (docs/broadcast.md). */

import { flag, kindOf, MAX_MS, type NumberRule, oneOf, plainText, secretBytes, whole } from "./option-checks.js";
import type { Durability } from "./server-contract.js";
import { MAX_ROOM_BYTES } from "./text-rules.js";
import { MAX_LISTED_MEMBERS } from "./welcome-size.js";

/** What a room does with a member that is too slow (B19). */
export type OnSlow = "disconnect" | "skip" | "snapshot" | "block";

export interface ServerMachineOptions {
  /** Where entries are kept; default "memory". */
  readonly log?: "memory" | "durable" | "shared";
  /** Of a durable log (B25); default "written". */
  readonly durability?: Durability;
  /** 16 bytes or more; without it nobody is asked (B6). */
  readonly secret?: Uint8Array | undefined;
  /** The rooms that there may be; default: any. */
  readonly rooms?: readonly string[];
  /** Whether the application has snapshots to give (B31); default false. */
  readonly snapshots?: boolean;
  /** Default "disconnect". */
  readonly onSlow?: OnSlow;
  /** Of a frame from a client (B5); default 1 MiB, 1,024 bytes to 16 MiB. */
  readonly maxFrameBytes?: number;
  /** Of a message (B15); default 256 KiB, and at most 64 bytes below `maxFrameBytes`. */
  readonly maxMessageBytes?: number;
  /** Publishes of a member without a PUBACK (B16); default 256, to 1,000,000. */
  readonly publishWindow?: number;
  /** What may wait for its commit before publishers are not read from (B16); default 4 MiB. */
  readonly maxCommitBytes?: number;
  /** Messages per second and member (B16); default 100,000, to 1,000,000,000. */
  readonly maxPublishRate?: number;
  /** Messages per second and connection that bring nothing new (B24); default 10,000, to 1,000,000,000. */
  readonly maxControlRate?: number;
  /** Entries that a log holds (B17); default 100,000, to 100,000,000. */
  readonly historyMessages?: number;
  /** Bytes that a log holds (B17); default 64 MiB. */
  readonly historyBytes?: number;
  /** Entries that a member may miss (B19); default 100,000. */
  readonly maxLagMessages?: number;
  /** Bytes that a member may miss (B19); default 64 MiB. */
  readonly maxLagBytes?: number;
  /** How long it may lag without being sent anything (B19); default 30,000 ms. */
  readonly maxLagMs?: number;
  /** Entries after which a client acknowledges at once (B20); default 64, to 65,535. */
  readonly ackEvery?: number;
  /** How long a client may keep an acknowledgement (B20); default 20 ms, 0 to 65,535. */
  readonly ackAfterMs?: number;
  /** How long a member may be without a connection before it leaves (B22); default 10,000 ms, from 0. */
  readonly graceMs?: number;
  /** Sessions of a room (B23); default 10,000, to 239,673: as many members as a WELCOME can name (B5). */
  readonly maxSessions?: number;
  /** How long a session is kept without a connection (B23); default 24 hours, from 0 ms. */
  readonly sessionTtlMs?: number;
  /** Of the server (B23); default 4,096, to 1,000,000. */
  readonly maxConnections?: number;
  /** Of the server (B23); default 64, to 1,000,000. */
  readonly maxRooms?: number;
  /** Connected members of a room (B23); default 4,096, to 1,000,000. */
  readonly maxMembers?: number;
  /** Of both ends (B24); default 5,000 ms, to 715,827,882: three of them are waited for. */
  readonly heartbeatMs?: number;
  /** Until when a connection must have said HELLO (B6); default 5,000 ms. */
  readonly helloMs?: number;
  /** Gateways: how long the shared log may be out of reach (B40); default 5,000 ms. */
  readonly engineMs?: number;
}

/** Every option with its value. */
export type ServerSettings = Required<Omit<ServerMachineOptions, "secret" | "rooms">> & {
  readonly secret: Uint8Array | undefined;
  readonly rooms: ReadonlySet<string> | undefined;
};

const MIB = 1_048_576;
/** What a message takes beside itself in the largest of the frames that it stands in alone: a BATCH. */
const BESIDE_MESSAGE_BYTES = 64;
const MAX = Number.MAX_SAFE_INTEGER;
const MILLION = 1_000_000;

const NUMBERS = {
  maxFrameBytes: { default: MIB, min: 1_024, max: 16 * MIB },
  publishWindow: { default: 256, min: 1, max: MILLION },
  maxCommitBytes: { default: 4 * MIB, min: 1, max: MAX },
  maxPublishRate: { default: 100_000, min: 1, max: 1_000 * MILLION },
  maxControlRate: { default: 10_000, min: 1, max: 1_000 * MILLION },
  historyMessages: { default: 100_000, min: 1, max: 100 * MILLION },
  historyBytes: { default: 64 * MIB, min: 1, max: MAX },
  maxLagMessages: { default: 100_000, min: 1, max: MAX },
  maxLagBytes: { default: 64 * MIB, min: 1, max: MAX },
  maxLagMs: { default: 30_000, min: 1, max: MAX_MS },
  ackEvery: { default: 64, min: 1, max: 65_535 },
  ackAfterMs: { default: 20, min: 0, max: 65_535 },
  graceMs: { default: 10_000, min: 0, max: MAX_MS },
  maxSessions: { default: 10_000, min: 1, max: MAX_LISTED_MEMBERS },
  sessionTtlMs: { default: 86_400_000, min: 0, max: MAX_MS },
  maxConnections: { default: 4_096, min: 1, max: MILLION },
  maxRooms: { default: 64, min: 1, max: MILLION },
  maxMembers: { default: 4_096, min: 1, max: MILLION },
  heartbeatMs: { default: 5_000, min: 1, max: Math.floor(MAX_MS / 3) },
  helloMs: { default: 5_000, min: 1, max: MAX_MS },
  engineMs: { default: 5_000, min: 1, max: MAX_MS },
} as const satisfies Record<string, NumberRule>;

type NumberName = keyof typeof NUMBERS;

/**
 * The options with their defaults.
 * @throws TypeError or RangeError for a value that is not accepted; the message names the option and what it may be
 */
export function resolveServerOptions(options: ServerMachineOptions): ServerSettings {
  const numbers = {} as Record<NumberName, number>;
  for (const name of Object.keys(NUMBERS) as NumberName[]) numbers[name] = whole(name, options[name], NUMBERS[name]);
  const longest = numbers.maxFrameBytes - BESIDE_MESSAGE_BYTES;
  return {
    ...numbers,
    maxMessageBytes: whole("maxMessageBytes", options.maxMessageBytes, {
      default: Math.min(MIB / 4, longest),
      min: 1,
      max: longest,
    }),
    log: oneOf("log", options.log, ["memory", "durable", "shared"], "memory"),
    durability: oneOf("durability", options.durability, ["memory", "written", "fsync"], "written"),
    onSlow: oneOf("onSlow", options.onSlow, ["disconnect", "skip", "snapshot", "block"], "disconnect"),
    snapshots: flag("snapshots", options.snapshots, false),
    secret: secretBytes(options.secret),
    rooms: roomNames(options.rooms),
  };
}

function roomNames(rooms: readonly string[] | undefined): ReadonlySet<string> | undefined {
  if (rooms === undefined) return undefined;
  if (!Array.isArray(rooms)) throw new TypeError(`rooms must be an array of strings, not ${kindOf(rooms)}`);
  return new Set(rooms.map((room, index) => plainText(`rooms[${index}]`, room, 1, MAX_ROOM_BYTES)));
}
