/** The options of the client's machine, their defaults and accepted ranges (docs/rake.md R28 to R39, R51 to R54). */

import { DEFAULT_MAX_FRAME_BYTES, LEAST_MAX_FRAME_BYTES } from "./message-limits.js";
import { flag, kindOf, MAX_MS, type NumberRule, secretBytes, whole } from "./option-checks.js";
import { POLICIES, type Policy, type PolicyName } from "./placement.js";

export interface BuildMachineOptions {
  /** 16 bytes or more; with it a server that does not ask for it is refused (R16). Default none. */
  readonly secret?: Uint8Array | undefined;
  /** How long a connection may take to stand; default 10,000 ms. */
  readonly connectMs?: number;
  /** How long the WELCOME may take from then on (R16); default 5,000 ms. */
  readonly helloMs?: number;
  /** How long a bidding goes on after its first bid (R28); default 1,000 ms. */
  readonly quoteMs?: number;
  /** A host that has not answered a QUOTE by then is lost (R52); default 5,000 ms. */
  readonly answerMs?: number;
  /** Biddings at a time (R28); default 4, to 1,000. */
  readonly maxQuoting?: number;
  /** Which bid wins (R28): a name, or a rule of one's own. Default "patient". */
  readonly policy?: PolicyName | Policy;
  /** Attempts of an action at hosts (R32); default 3. */
  readonly maxAttempts?: number;
  /** The first back-off of a host (R32); default 500 ms. */
  readonly backoffMs?: number;
  /** The longest (R32); default 30,000 ms, or `backoffMs` where that is longer. */
  readonly maxBackoffMs?: number;
  /** How long no host may be left (R32); default 10,000 ms. */
  readonly noHostMs?: number;
  /** How long every host may refuse while nothing runs (R53); default 600,000 ms. */
  readonly maxBusyMs?: number;
  /** How long a host may take from EXECUTE to STARTED (R52); default 30,000 ms. */
  readonly startMs?: number;
  /** How long an upload or the outputs of an attempt may stand still, and the end of a cancelled one is waited for (R52); default 30,000 ms. */
  readonly stallMs?: number;
  /** How long an attempt may run beyond its timeout (R52); default 10,000 ms. */
  readonly graceMs?: number;
  /** The longest that an attempt may run, whatever its host allows; default 86,400,000 ms. */
  readonly maxRunMs?: number;
  /** How long the build waits for what it asked of its own machine, a hash or a rename (R54); default 600,000 ms. */
  readonly effectMs?: number;
  /** A second attempt of what takes too long (R31); default true. */
  readonly speculate?: boolean;
  /** Times its expectation (R31); default 1.5, from 1. */
  readonly speculateAfter?: number;
  /** And at least so long (R31); default 500 ms. */
  readonly speculateMs?: number;
  /** Run here what no host can run (R32); default false. */
  readonly localFallback?: boolean;
  /** Local actions at a time; default 4, to 1,000. */
  readonly localSlots?: number;
  /** Cancel the others of a set when one fails (R37); default false. */
  readonly failFast?: boolean;
  /** From SIGTERM to SIGKILL of a local action (R38); default 2,000 ms. */
  readonly killMs?: number;
  /** How long a cancelled build waits for the ends (R38); default 3,000 ms. */
  readonly cancelMs?: number;
  /** Look results up before running, and keep them (R39); default false. */
  readonly cache?: boolean;
  /** Outputs of an attempt (R25); default 10,000. */
  readonly maxOutputs?: number;
  /** Bytes of those (R25); default 16 GiB. */
  readonly maxOutputBytes?: number;
  /** Bytes that an attempt prints (R23); default 1 GiB. */
  readonly maxStreamBytes?: number;
  /** The longest frame that is accepted (R14); default 4 MiB, from 131,072. */
  readonly maxFrameBytes?: number;
}

/** Every option with its value. */
export type BuildSettings = Required<Omit<BuildMachineOptions, "secret" | "policy">> & {
  readonly secret: Uint8Array | undefined;
  readonly policy: Policy;
};

const GIB = 2 ** 30;
const MAX = Number.MAX_SAFE_INTEGER;
const ms = (byDefault: number): NumberRule => ({ default: byDefault, min: 1, max: MAX_MS });

const NUMBERS = {
  connectMs: ms(10_000),
  helloMs: ms(5_000),
  quoteMs: ms(1_000),
  answerMs: ms(5_000),
  maxQuoting: { default: 4, min: 1, max: 1_000 },
  maxAttempts: { default: 3, min: 1, max: 1_000 },
  backoffMs: ms(500),
  noHostMs: ms(10_000),
  maxBusyMs: ms(600_000),
  startMs: ms(30_000),
  stallMs: ms(30_000),
  graceMs: ms(10_000),
  maxRunMs: ms(86_400_000),
  effectMs: ms(600_000),
  speculateMs: { default: 500, min: 0, max: MAX_MS },
  localSlots: { default: 4, min: 1, max: 1_000 },
  killMs: ms(2_000),
  cancelMs: ms(3_000),
  maxOutputs: { default: 10_000, min: 0, max: 1_000_000 },
  maxOutputBytes: { default: 16 * GIB, min: 0, max: MAX },
  maxStreamBytes: { default: GIB, min: 0, max: MAX },
  maxFrameBytes: { default: DEFAULT_MAX_FRAME_BYTES, min: LEAST_MAX_FRAME_BYTES, max: GIB },
} as const satisfies Record<string, NumberRule>;

type NumberName = keyof typeof NUMBERS;

/**
 * The options with their defaults.
 * @throws TypeError or RangeError for a value that is not accepted; the message names the option and what it may be
 */
export function resolveBuildOptions(options: BuildMachineOptions = {}): BuildSettings {
  const numbers = {} as Record<NumberName, number>;
  for (const name of Object.keys(NUMBERS) as NumberName[]) numbers[name] = whole(name, options[name], NUMBERS[name]);
  return {
    ...numbers,
    maxBackoffMs: whole("maxBackoffMs", options.maxBackoffMs, {
      default: Math.max(30_000, numbers.backoffMs),
      min: numbers.backoffMs,
      max: MAX_MS,
    }),
    speculateAfter: timesOf(options.speculateAfter),
    speculate: flag("speculate", options.speculate, true),
    localFallback: flag("localFallback", options.localFallback, false),
    failFast: flag("failFast", options.failFast, false),
    cache: flag("cache", options.cache, false),
    policy: policyOf(options.policy),
    secret: secretBytes(options.secret),
  };
}

function timesOf(value: number | undefined): number {
  const accepted = "speculateAfter must be a number from 1 to 1000";
  if (value === undefined) return 1.5;
  if (typeof value !== "number") throw new TypeError(`${accepted}, not ${kindOf(value)}`);
  if (!(value >= 1 && value <= 1_000)) throw new RangeError(`${accepted}, not ${value}`);
  return value;
}

function policyOf(policy: PolicyName | Policy | undefined): Policy {
  if (policy === undefined) return POLICIES.patient;
  if (typeof policy === "object" && policy !== null && typeof policy.choose === "function") return policy;
  if (typeof policy === "string" && Object.hasOwn(POLICIES, policy)) return POLICIES[policy];
  throw new RangeError(`policy must be one of ${Object.keys(POLICIES).join(", ")}, or a rule`);
}
