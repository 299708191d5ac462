/** The options of the client machine, their defaults and accepted ranges (docs/broadcast.md). */

import { MAX_WINDOW } from "./codec.js";
import { STARTS, type Start } from "./messages.js";
import { flag, MAX_MS, type NumberRule, oneOf, plainText, secretBytes, whole } from "./option-checks.js";
import { MAX_NAME_BYTES, MAX_ROOM_BYTES } from "./text-rules.js";
import { MAX_LISTED_MEMBERS } from "./welcome-size.js";

export interface ClientMachineOptions {
  /** 1 to 64 bytes (B5). */
  readonly room: string;
  /** 1 to 64 bytes (B5). May be empty of an observer alone. */
  readonly name: string;
  /** Reads without a session: no join, no publish (B2); default false. */
  readonly observer?: boolean;
  /** Asks for STABLE (B21); default false. */
  readonly stable?: boolean;
  /** Of the first connection without a position; default "live". */
  readonly start?: Start;
  /** With `start: "from"`, at least 1. */
  readonly from?: number;
  /** Unacknowledged entries at most (B20); default 16,384. */
  readonly window?: number;
  /** Default true (B36). */
  readonly echo?: boolean;
  /** What becomes of publishes of unknown outcome (B34); default "report". */
  readonly onUnknown?: "report" | "resend";
  /** 16 bytes or more; with it a server that does not ask for it is refused (B6). Default none. */
  readonly secret?: Uint8Array | undefined;
  /** The first wait between two connections (B33); default 50 ms. */
  readonly backoffMs?: number;
  /** The longest wait between two connections (B33); default 5,000 ms, or `backoffMs` where that is longer. */
  readonly maxBackoffMs?: number;
  /** How long the server may take from the connection to its WELCOME, whatever else it says (B33); default 30,000 ms. */
  readonly welcomeMs?: number;
  /** Connections that may fail one after another; default Infinity. */
  readonly maxAttempts?: number;
  /** Of entries that the application has not taken; above it no more are let come (B35). Default 16 MiB. */
  readonly maxQueuedBytes?: number;
  /** Of a snapshot; a server that sends more is at fault (B31). Default 64 MiB. */
  readonly maxSnapshotBytes?: number;
  /** Of a room; a server that names more is at fault (B10). Default 239,673, which is the most that there can be. */
  readonly maxListedMembers?: number;
  /** Publishes that may wait for their PUBACK (B35); default 10,000, to 1,000,000. */
  readonly maxUnsentMessages?: number;
  /** Bytes of those (B35); default 16 MiB. */
  readonly maxUnsentBytes?: number;
  /** Entries behind from which on a lag is told; default 1,000. */
  readonly lagNotice?: number;
}

/** Every option with its value; `from` is 0 unless `start` is "from". */
export type ClientSettings = Required<Omit<ClientMachineOptions, "secret">> & {
  readonly secret: Uint8Array | undefined;
};

const MAX_BYTES = 16_777_216;
const MAX = Number.MAX_SAFE_INTEGER;

const NUMBERS = {
  window: { default: 16_384, min: 1, max: MAX_WINDOW },
  backoffMs: { default: 50, min: 1, max: MAX_MS },
  welcomeMs: { default: 30_000, min: 1, max: MAX_MS },
  maxAttempts: { default: Number.POSITIVE_INFINITY, min: 1, max: Number.POSITIVE_INFINITY },
  maxQueuedBytes: { default: MAX_BYTES, min: 1, max: MAX },
  maxSnapshotBytes: { default: 4 * MAX_BYTES, min: 1, max: MAX },
  maxListedMembers: { default: MAX_LISTED_MEMBERS, min: 1, max: MAX_LISTED_MEMBERS },
  maxUnsentMessages: { default: 10_000, min: 1, max: 1_000_000 },
  maxUnsentBytes: { default: MAX_BYTES, min: 1, max: MAX },
  lagNotice: { default: 1_000, min: 1, max: MAX },
} as const satisfies Record<string, NumberRule>;

type NumberName = keyof typeof NUMBERS;

/**
 * The options with their defaults.
 * @throws TypeError or RangeError for a value that is not accepted; the message names the option and what it may be
 */
export function resolveClientOptions(options: ClientMachineOptions): ClientSettings {
  const numbers = {} as Record<NumberName, number>;
  for (const name of Object.keys(NUMBERS) as NumberName[]) numbers[name] = whole(name, options[name], NUMBERS[name]);
  const observer = flag("observer", options.observer, false);
  const start = oneOf("start", options.start, STARTS, "live");
  return {
    ...numbers,
    maxBackoffMs: whole("maxBackoffMs", options.maxBackoffMs, {
      default: Math.max(5_000, numbers.backoffMs),
      min: numbers.backoffMs,
      max: MAX_MS,
    }),
    room: plainText("room", options.room, 1, MAX_ROOM_BYTES),
    name: plainText("name", options.name, observer ? 0 : 1, MAX_NAME_BYTES),
    observer,
    start,
    from: fromNumber(options.from, start),
    stable: flag("stable", options.stable, false),
    echo: flag("echo", options.echo, true),
    onUnknown: oneOf("onUnknown", options.onUnknown, ["report", "resend"], "report"),
    secret: secretBytes(options.secret),
  };
}

function fromNumber(from: number | undefined, start: Start): number {
  const given = whole("from", from === 0 ? undefined : from, { default: 0, min: 1, max: MAX });
  if ((start === "from") === given > 0) return given;
  throw new RangeError(`from must be a whole number from 1 to ${MAX} with start "from", and is for nothing else`);
}
