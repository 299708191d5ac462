/** The options of the server machine, their defaults and accepted ranges (docs/rake.md). */

import { type AllowedCommand, parseAllowed } from "./allow.js";
import { DEFAULT_MAX_FRAME_BYTES, LEAST_MAX_FRAME_BYTES } from "./message-limits.js";
import { SANDBOXES, type Sandbox } from "./messages.js";
import {
  flag,
  kindOf,
  listOf,
  MAX_MS,
  type NumberRule,
  oneOf,
  plainText,
  secretBytes,
  whole,
} from "./option-checks.js";

export interface ServerMachineOptions {
  /** What the server is called in a WELCOME, 1 to 64 bytes; default "rake". */
  readonly name?: string;
  /** Default 1, to 65,536. */
  readonly cores?: number;
  /** Thousandths of the reference (R29); default 1,000, from 1 to 1,000,000. */
  readonly speed?: number;
  /** Attempts at once (R42); default `cores`, to 65,536. */
  readonly slots?: number;
  /** What actions may ask for with `on` (R4), at most 500; default none. */
  readonly resources?: readonly string[];
  /** Names compilers and system (R39), to 256 bytes; default "". */
  readonly toolchain?: string;
  /** How the driver confines attempts (R43); default "none". */
  readonly sandbox?: Sandbox;
  /** 16 bytes or more; without it nobody is asked (R16). */
  readonly secret?: Uint8Array | undefined;
  /** Patterns of commands that are run, without a shell (R44); default: any command, by a shell. */
  readonly allow?: readonly string[] | undefined;
  /** Milliseconds that a resource costs who asks for it (R29); default none. */
  readonly chargeMs?: Readonly<Record<string, number>>;
  /** What is known of kinds of commands, in milliseconds on a host of speed 1 (R30): `learned()` of an earlier machine. */
  readonly learned?: Readonly<Record<string, number>>;
  /** Of a command of which nobody knows (R29); default 1,000 ms. */
  readonly unknownWorkMs?: number;
  /** Bytes per second from a client that has sent none (R29); default 10 MiB. */
  readonly unknownBandwidth?: number;
  /** How long a reservation holds (R19); default 5,000 ms, from 1. */
  readonly validForMs?: number;
  /** How long one holds at most, however it is renewed (R19); default 3,600,000 ms. */
  readonly maxReservedMs?: number;
  /** Reservations that a client holds without using them (R19); default `slots`. */
  readonly maxReservations?: number;
  /** Until when a HELLO and an AUTH must have come (R16); default 5,000 ms. */
  readonly helloMs?: number;
  /** Of both ends (R27); default 1,000 ms, to 71,582,788: thirty of them are waited for. */
  readonly heartbeatMs?: number;
  /** Between SIGTERM and SIGKILL (R26); default 2,000 ms. */
  readonly killMs?: number;
  /** Of a frame (R14); default 4 MiB, 131,072 bytes to 64 MiB. */
  readonly maxFrameBytes?: number;
  /** Of the server (R42); default 256, to 65,536. */
  readonly maxConnections?: number;
  /** Of one address, a network of 64 bits where it is one of IPv6 (R42); default 64, to 65,536. */
  readonly maxConnectionsPerAddress?: number;
  /** Inputs of an action (R42); default 10,000, to 100,000. */
  readonly maxInputs?: number;
  /** Of an input (R42); default 4 GiB. */
  readonly maxBlobBytes?: number;
  /** Of the store (R46); default 16 GiB. */
  readonly maxStoreBytes?: number;
  /** Outputs of an attempt (R25); default 10,000, to 100,000. */
  readonly maxOutputs?: number;
  /** Of all outputs of an attempt (R25); default 16 GiB. */
  readonly maxOutputBytes?: number;
  /** Of stdout and stderr of an attempt together (R23); default 1 GiB. */
  readonly maxStreamBytes?: number;
  /** How long an attempt runs (R42); default 3,600,000 ms. */
  readonly maxActionMs?: number;
  /** R42; default 3,600. */
  readonly maxCpuSeconds?: number;
  /** Address space of a process (R42); default 4 GiB. */
  readonly maxMemoryBytes?: number;
  /** R42; default 256. Under rlimit without a user of its own, beside all threads that the user has when the action begins. */
  readonly maxProcesses?: number;
  /** Of a file that an attempt writes (R42); default 4 GiB. */
  readonly maxFileBytes?: number;
  /** R42; default 1,024. */
  readonly maxOpenFiles?: number;
  /** Of the folder of an attempt (R42); default 16 GiB. */
  readonly maxFolderBytes?: number;
  /** Whether v1 is spoken (R11): for loopback alone; default false. */
  readonly allowV1?: boolean;
  /** Until when the first bytes must tell the dialect (R10); default 5,000 ms. */
  readonly firstBytesMs?: number;
  /** How long a client of v1 may be without progress (R10); default 30,000 ms. */
  readonly v1IdleMs?: number;
  /** Of stdout or stderr that a client of v1 is sent (R9); default 1 MiB, to 64 MiB. */
  readonly maxV1StringBytes?: number;
  /** Actions of v1 that wait for a slot (R11); default 16, from 0 to 65,536. */
  readonly maxV1Waiting?: number;
}

/** Every option with its value. */
export type ServerSettings = Required<Omit<ServerMachineOptions, "secret" | "allow" | "chargeMs" | "learned">> & {
  readonly secret: Uint8Array | undefined;
  readonly allow: readonly AllowedCommand[] | undefined;
  readonly chargeMs: ReadonlyMap<string, number>;
  readonly learned: ReadonlyMap<string, number>;
};

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const MAX = Number.MAX_SAFE_INTEGER;
const MAX_RESOURCES = 500;
const HOUR_MS = 3_600_000;
const BYTES = { min: 1, max: MAX } as const;
const TIME = { min: 1, max: MAX_MS } as const;
const COUNT = { min: 1, max: 65_536 } as const;

const NUMBERS = {
  cores: { default: 1, ...COUNT },
  speed: { default: 1_000, min: 1, max: 1_000_000 },
  unknownWorkMs: { default: 1_000, ...TIME },
  unknownBandwidth: { default: 10 * MIB, ...BYTES },
  validForMs: { default: 5_000, ...TIME },
  maxReservedMs: { default: HOUR_MS, ...TIME },
  helloMs: { default: 5_000, ...TIME },
  heartbeatMs: { default: 1_000, min: 1, max: Math.floor(MAX_MS / 30) },
  killMs: { default: 2_000, ...TIME },
  maxFrameBytes: { default: DEFAULT_MAX_FRAME_BYTES, min: LEAST_MAX_FRAME_BYTES, max: 64 * MIB },
  maxConnections: { default: 256, ...COUNT },
  maxConnectionsPerAddress: { default: 64, ...COUNT },
  maxInputs: { default: 10_000, min: 1, max: 100_000 },
  maxBlobBytes: { default: 4 * GIB, ...BYTES },
  maxStoreBytes: { default: 16 * GIB, ...BYTES },
  maxOutputs: { default: 10_000, min: 1, max: 100_000 },
  maxOutputBytes: { default: 16 * GIB, ...BYTES },
  maxStreamBytes: { default: GIB, ...BYTES },
  maxActionMs: { default: HOUR_MS, ...TIME },
  maxCpuSeconds: { default: 3_600, ...TIME },
  maxMemoryBytes: { default: 4 * GIB, ...BYTES },
  maxProcesses: { default: 256, ...COUNT },
  maxFileBytes: { default: 4 * GIB, ...BYTES },
  maxOpenFiles: { default: 1_024, min: 16, max: 1_048_576 },
  maxFolderBytes: { default: 16 * GIB, ...BYTES },
  firstBytesMs: { default: 5_000, ...TIME },
  v1IdleMs: { default: 30_000, ...TIME },
  maxV1StringBytes: { default: MIB, min: 1, max: 64 * MIB },
  maxV1Waiting: { default: 16, min: 0, max: 65_536 },
} as const satisfies Record<string, NumberRule>;

type NumberName = keyof typeof NUMBERS;

/**
 * The options with their defaults.
 * @throws TypeError or RangeError for a value that is not accepted; the message names the option and what it may be
 */
export function resolveServerOptions(options: ServerMachineOptions = {}): ServerSettings {
  const numbers = {} as Record<NumberName, number>;
  for (const name of Object.keys(NUMBERS) as NumberName[]) numbers[name] = whole(name, options[name], NUMBERS[name]);
  const slots = whole("slots", options.slots, { default: numbers.cores, ...COUNT });
  return {
    ...numbers,
    slots,
    maxReservations: whole("maxReservations", options.maxReservations, { default: slots, ...COUNT }),
    name: plainText("name", options.name ?? "rake", 1, 64),
    toolchain: plainText("toolchain", options.toolchain ?? "", 0, 256),
    resources: resourceNames(options.resources ?? []),
    sandbox: oneOf("sandbox", options.sandbox, SANDBOXES, "none"),
    secret: secretBytes(options.secret),
    allow: options.allow === undefined ? undefined : listOf("allow", options.allow, allowedCommand),
    chargeMs: milliseconds("chargeMs", options.chargeMs),
    learned: milliseconds("learned", options.learned),
    allowV1: v1Allowed(options),
  };
}

/** v1 has no authentication: who does not know the secret would come in by it. */
function v1Allowed({ allowV1, secret }: ServerMachineOptions): boolean {
  const isAllowed = flag("allowV1", allowV1, false);
  if (isAllowed && secret !== undefined) {
    throw new TypeError("allowV1 is for loopback alone, and for a server without a secret: v1 asks for none");
  }
  return isAllowed;
}

/** A WELCOME with all of them is no larger than a client takes it (R14). */
function resourceNames(value: readonly string[]): readonly string[] {
  const names = listOf("resources", value, resourceName);
  if (names.length > MAX_RESOURCES) throw new RangeError(`resources must be at most ${MAX_RESOURCES}`);
  return names;
}

function resourceName(name: string, value: string): string {
  if (/\s/.test(plainText(name, value, 1, 64))) throw new RangeError(`${name} must have no blanks`);
  return value;
}

function allowedCommand(name: string, value: string): AllowedCommand {
  return parseAllowed(plainText(name, value, 1, 65_536));
}

function milliseconds(name: string, value: Readonly<Record<string, number>> | undefined): ReadonlyMap<string, number> {
  if (value === undefined) return new Map();
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`${name} must be an object of numbers, not ${kindOf(value)}`);
  }
  const rule = { default: 0, min: 0, max: MAX_MS };
  return new Map(
    Object.entries(value).map(([key, ms]) => [key, whole(`${name}.${key.slice(0, 64)}`, Math.round(ms), rule)]),
  );
}
