/** What the v2 server is told, with its defaults (docs/stopwait-udp.md, S53). */

import type { Platform } from "./contract.js";
import { MAX_TIMEOUT_MS, type NumberRule, resolveNumbers } from "./options.js";
import { isLoopback } from "./v1-server.js";
import { MAX_BLOCK_BYTES, MAX_WINDOW } from "./v2-packet.js";

export interface V2ServerOptions {
  readonly platform: Platform;
  /** Whether files are taken. Default false. */
  readonly writable?: boolean | undefined;
  /** Whether a PUT that asks for it may replace a file. Default false. */
  readonly overwrite?: boolean | undefined;
  /** Shared with clients: a PUT from another machine must be authenticated with it (S46). */
  readonly secret?: Uint8Array | undefined;
  /** Takes a PUT from any machine without authentication. Default false. */
  readonly insecureWrite?: boolean | undefined;
  /** Bytes of a block at most. Default 65,000. */
  readonly maxBlockBytes?: number | undefined;
  /** Blocks under way in a session at most. Default 32. */
  readonly maxWindow?: number | undefined;
  /** What the socket's receive buffer holds. Default 212,992. */
  readonly receiveBufferBytes?: number | undefined;
  /** Transfers under way at once; a request beyond it is `busy`. Default 256. */
  readonly maxSessions?: number | undefined;
  /** Ended transfers that are remembered, live ones counted; a request beyond it is `busy`. Default 10,000. */
  readonly maxTombstones?: number | undefined;
  /** Silence after which a session is forgotten. Default 30,000 ms. */
  readonly idleMs?: number | undefined;
  /** How long the result of a session is remembered. Default 90,000 ms. */
  readonly tombstoneMs?: number | undefined;
  /** How long a cookie is good. Default 30,000 ms. */
  readonly cookieMs?: number | undefined;
  /** Prefixes digested at once. Default 2. */
  readonly maxHashing?: number | undefined;
  /** Larger files are refused. Default 2^53 - 1. */
  readonly maxFileBytes?: number | undefined;
  /**
   * Whether nobody can send with an address of this host that is not his: no challenge, no authentication to write, and
   * `none` as a checksum. Default: loopback addresses.
   */
  readonly trusts?: ((host: string) => boolean) | undefined;
  /** Where the ids of effects come from, when several machines share a driver. Default: 1, 2, 3, ... */
  readonly newId?: (() => number) | undefined;
}

type NumberName =
  | "maxBlockBytes"
  | "maxWindow"
  | "receiveBufferBytes"
  | "maxSessions"
  | "maxTombstones"
  | "idleMs"
  | "tombstoneMs"
  | "cookieMs"
  | "maxHashing"
  | "maxFileBytes";

export type ResolvedV2ServerOptions = Readonly<Record<NumberName, number>> & {
  readonly platform: Platform;
  readonly writable: boolean;
  readonly overwrite: boolean;
  readonly secret: Uint8Array | undefined;
  readonly insecureWrite: boolean;
  readonly trusts: (host: string) => boolean;
  readonly newId: () => number;
};

const timeout = (ms: number): NumberRule => ({ default: ms, min: 1, max: MAX_TIMEOUT_MS });

const rules: Readonly<Record<NumberName, NumberRule>> = {
  maxBlockBytes: { default: MAX_BLOCK_BYTES, min: 1, max: MAX_BLOCK_BYTES },
  maxWindow: { default: MAX_WINDOW, min: 1, max: MAX_WINDOW },
  receiveBufferBytes: { default: 212_992, min: 1, max: 2 ** 40 },
  maxSessions: { default: 256, min: 1, max: 2 ** 20 },
  maxTombstones: { default: 10_000, min: 1, max: 2 ** 24 },
  idleMs: timeout(30_000),
  tombstoneMs: timeout(90_000),
  cookieMs: timeout(30_000),
  maxHashing: { default: 2, min: 1, max: 1_024 },
  maxFileBytes: { default: Number.MAX_SAFE_INTEGER, min: 0, max: Number.MAX_SAFE_INTEGER },
};

/** @throws TypeError or RangeError that names the option and what is accepted */
export function resolveV2ServerOptions(options: V2ServerOptions): ResolvedV2ServerOptions {
  let lastId = 0;
  return {
    ...resolveNumbers<NumberName>(options, rules),
    platform: options.platform,
    writable: options.writable === true,
    overwrite: options.overwrite === true,
    secret: options.secret,
    insecureWrite: options.insecureWrite === true,
    trusts: options.trusts ?? isLoopback,
    newId: options.newId ?? (() => ++lastId),
  };
}
