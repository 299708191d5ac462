/** The bounds of one server session, with their defaults. */
import { MAX_TIMEOUT_MS, type NumberRule, resolveNumbers } from "./options.js";

export interface ServerSessionOptions {
  /** A request line of more bytes, its end not counted, is answered 101. Default 8 MiB (H10). */
  readonly maxLineBytes?: number | undefined;
  /** Refusals (2xx) on one connection; the one after them is answered 101 instead. Default 64 (H16). */
  readonly maxErrors?: number | undefined;
  /** A connection on which nothing moves for so long is closed. Default 60,000 ms (H21). */
  readonly idleTimeoutMs?: number | undefined;
  /** A request line must be whole so long after its first byte. Default 600,000 ms (H21). */
  readonly requestTimeoutMs?: number | undefined;
  /** A client that takes nothing of a reply for so long, as far as the network tells, is dropped. Default 120,000 ms (H21). */
  readonly stallTimeoutMs?: number | undefined;
  /** After the last reply, how long the client may take to close its side. Default 2,000 ms (H13). */
  readonly lingerTimeoutMs?: number | undefined;
  /** Answer slices with several base64 lines of 48 KiB of data each. Default false: one line (H17). */
  readonly base64Lines?: boolean | undefined;
  /** File bytes a second on one connection, before base64. Default Infinity: no limit (H20). */
  readonly maxBytesPerSecond?: number | undefined;
  /** Requests a second on one connection; those above wait. Default Infinity: no limit (H20). */
  readonly maxRequestsPerSecond?: number | undefined;
  /** Bytes of replies that may wait to be taken before the session stops producing more. Default 64 KiB (H19). */
  readonly highWaterBytes?: number | undefined;
  /** Bytes of requests that may wait to be answered before the session stops reading. Default 64 KiB (H19). */
  readonly maxPendingBytes?: number | undefined;
}

export type ResolvedServerOptions = Readonly<Record<keyof typeof rules, number>> & { readonly base64Lines: boolean };

const timeout = (ms: number): NumberRule => ({ default: ms, min: 1, max: MAX_TIMEOUT_MS });
const perSecond: NumberRule = { default: Number.POSITIVE_INFINITY, min: 1, max: 2 ** 40, orInfinity: true };

const rules: Readonly<Record<Exclude<keyof ServerSessionOptions, "base64Lines">, NumberRule>> = {
  maxLineBytes: { default: 8 * 2 ** 20, min: 512, max: 2 ** 30 },
  maxErrors: { default: 64, min: 0, max: 2 ** 30, orInfinity: true },
  idleTimeoutMs: timeout(60_000),
  requestTimeoutMs: timeout(600_000),
  stallTimeoutMs: timeout(120_000),
  lingerTimeoutMs: timeout(2_000),
  maxBytesPerSecond: perSecond,
  maxRequestsPerSecond: perSecond,
  highWaterBytes: { default: 64 * 1024, min: 1024, max: 2 ** 28 },
  maxPendingBytes: { default: 64 * 1024, min: 1024, max: 2 ** 28 },
};

/** Fills in the defaults. @throws TypeError or RangeError that names the option and what is accepted. */
export function resolveServerOptions(options: ServerSessionOptions): ResolvedServerOptions {
  const { base64Lines = false, ...numbers } = options;
  if (typeof base64Lines !== "boolean") {
    throw new TypeError(`base64Lines must be true or false, not ${typeof base64Lines}`);
  }
  return { ...resolveNumbers<keyof typeof rules>(numbers, rules), base64Lines };
}
