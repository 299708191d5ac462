/** What a node is told, with its defaults and what is accepted (docs/election.md). */

import type { Mode, Stored } from "./contract.js";
import { classicScore, linearScore, type Score } from "./load.js";
import { checkMembers, type Member, warningsOf } from "./members.js";
import { EPOCH_MAX, MAX_ADDRESS_BYTES, MAX_ID_BYTES } from "./messages.js";
import { address, kindOf, list, MAX_MS, type NumberRule, number, oneOf, text } from "./option-checks.js";

/** What the platform must give, as plain synchronous functions (docs/machine.md). */
export interface Platform {
  randomBytes(length: number): Uint8Array;
  /** Only asked with a `secret`. */
  hmacSha256?(key: Uint8Array, message: Uint8Array): Uint8Array;
  /** Compares two byte strings in a time that depends on their lengths alone. Only asked with a `secret`. */
  equalInConstantTime?(a: Uint8Array, b: Uint8Array): boolean;
}

export interface ElectionOptions {
  /** `available`: no votes, may have two leaders under a partition. `quorum`: at most one. Default `available`. */
  readonly mode?: Mode | undefined;
  /** Nodes of another cluster are refused. 1 to 64 bytes. Default `lab`. */
  readonly cluster?: string | undefined;
  /** The node's name, unique in the cluster, 1 to 64 bytes. In available mode the leader gives one where there is none. */
  readonly id?: string | undefined;
  /** Where other nodes reach this one, 1 to 256 bytes. */
  readonly address: string;
  /** For the table. Default: the id. */
  readonly hostName?: string | undefined;
  /** URL of this node's dashboard, for the table, 1 to 256 bytes. Default none. */
  readonly ui?: string | undefined;
  /** Addresses to ask at start-up. In available mode the node whose address is the first begins. Default none. */
  readonly seeds?: readonly string[] | undefined;
  /** The 1 to 7 voting members of quorum mode, the same at every node. */
  readonly members?: readonly Member[] | undefined;
  /** This member's storage was lost: it must not vote before it knows its epoch again (E20). Ignored where something is stored. Default false. */
  readonly rejoin?: boolean | undefined;
  /** Shared by all nodes: messages carry an HMAC. A Uint8Array of 16 bytes or more. Default none. */
  readonly secret?: Uint8Array | undefined;
  readonly platform: Platform;
  /** How hosts are ranked. Default `linear`. */
  readonly score?: "linear" | "classic" | Score | undefined;
  /** Default: 1.5 s, and so on. `fast` is a quarter of most. Single times override it. */
  readonly preset?: "default" | "fast" | undefined;
  /** R: between two reports. Default 1,500 (`fast` 375). */
  readonly reportMs?: number | undefined;
  /** Between two rankings. Default 3,000 (`fast` 750). */
  readonly pulseMs?: number | undefined;
  /** L: how long a leader counts on a host. Default 6,000 (`fast` 1,500); at least 3 R. */
  readonly leaseMs?: number | undefined;
  /** F: a promise lasts so many leases. Default 1.1; at least (1 + clockError) / (1 - clockError). */
  readonly promiseFactor?: number | undefined;
  /** The share by which clocks may be wrong, 0 to 0.5. Default 0.047. */
  readonly clockError?: number | undefined;
  /** S: between the turns of two fallbacks. Default 1,500 (`fast` 375). */
  readonly stepMs?: number | undefined;
  /** V: how long votes are waited for. Default 1,000 (`fast` 500). */
  readonly voteMs?: number | undefined;
  /** Between two rounds of probes of an available leader. Default 6,000 (`fast` 1,500). */
  readonly probeMs?: number | undefined;
  /** How long a leader that handed over waits for its successor. Default 3,000 (`fast` 1,500). */
  readonly handOverMs?: number | undefined;
  /** How long a leader leads at least before it hands over by itself. Default 60,000. */
  readonly tenureMs?: number | undefined;
  /** How much better another's score must be. Default 1.15; at least 1. */
  readonly handOverRatio?: number | undefined;
  /** How long a silent host stays on the table. Default 600,000. */
  readonly forgetMs?: number | undefined;
  /** Hosts that a leader keeps. Default 20,000. */
  readonly maxHosts?: number | undefined;
}

interface PresetRule extends NumberRule {
  /** The default of the preset `fast`, where it is another. */
  readonly fast?: number;
}

const ms = (standard: number, fast = standard): PresetRule => ({ default: standard, fast, min: 1, max: MAX_MS });

type NumberName =
  | "reportMs"
  | "pulseMs"
  | "leaseMs"
  | "promiseFactor"
  | "clockError"
  | "stepMs"
  | "voteMs"
  | "probeMs"
  | "handOverMs"
  | "tenureMs"
  | "handOverRatio"
  | "forgetMs"
  | "maxHosts";

const numbers: Readonly<Record<NumberName, PresetRule>> = {
  reportMs: ms(1_500, 375),
  pulseMs: ms(3_000, 750),
  leaseMs: ms(6_000, 1_500),
  promiseFactor: { default: 1.1, min: 1, max: 10 },
  clockError: { default: 0.047, min: 0, max: 0.5 },
  stepMs: ms(1_500, 375),
  voteMs: ms(1_000, 500),
  probeMs: ms(6_000, 1_500),
  handOverMs: ms(3_000, 1_500),
  tenureMs: { ...ms(60_000), min: 0 },
  handOverRatio: { default: 1.15, min: 1, max: 1_000 },
  forgetMs: ms(600_000),
  maxHosts: { default: 20_000, min: 1, max: 1_000_000, isWhole: true },
};

export type ResolvedOptions = Readonly<Record<NumberName, number>> & {
  readonly mode: Mode;
  readonly cluster: string;
  /** Empty where the leader is to give one. */
  readonly id: string;
  readonly address: string;
  readonly hostName: string;
  /** Empty where there is none. */
  readonly ui: string;
  readonly seeds: readonly string[];
  readonly members: readonly Member[];
  /** More than half of the members. */
  readonly majority: number;
  readonly rejoin: boolean;
  readonly secret: Uint8Array | undefined;
  readonly platform: Platform;
  readonly score: Score;
  /** F L. */
  readonly promiseMs: number;
  readonly warnings: readonly string[];
};

/** @throws TypeError or RangeError that names the option and what is accepted */
export function resolveOptions(options: ElectionOptions): ResolvedOptions {
  const mode = oneOf("mode", options.mode ?? "available", ["available", "quorum"]);
  const preset = oneOf("preset", options.preset ?? "default", ["default", "fast"]);
  const values = {} as Record<NumberName, number>;
  for (const name of Object.keys(numbers) as NumberName[]) {
    const rule: PresetRule = numbers[name];
    values[name] = number(
      name,
      options[name] ?? (preset === "fast" ? (rule.fast ?? rule.default) : rule.default),
      rule,
    );
  }
  if (values.leaseMs < 3 * values.reportMs) {
    throw new RangeError(`leaseMs is ${values.leaseMs}, but must be at least 3 reportMs, ${3 * values.reportMs}`);
  }
  if (values.voteMs >= values.leaseMs) {
    throw new RangeError(`voteMs is ${values.voteMs}, but must be less than leaseMs, ${values.leaseMs}`);
  }
  const least = (1 + values.clockError) / (1 - values.clockError);
  if (values.promiseFactor < least) {
    throw new RangeError(
      `promiseFactor is ${values.promiseFactor}, but must be at least ${least} for a clockError of ${values.clockError}`,
    );
  }
  const id = options.id === undefined ? "" : text("id", options.id, MAX_ID_BYTES);
  const members = checkMembers(mode, list("members", options.members, "{ id, address }"));
  if (mode === "quorum" && id === "") throw new TypeError("id must be given in quorum mode");
  if (options.rejoin === true && members.length === 1) {
    throw new RangeError("rejoin needs other members: a single one that lost its storage has nobody to ask");
  }
  const self = members.find((member) => member.id === id);
  if (self !== undefined && self.address !== options.address) {
    throw new RangeError(`address is ${options.address}, but members say that ${id} is at ${self.address}`);
  }
  return {
    ...values,
    mode,
    ...resolveSealing(options),
    id,
    address: address("address", options.address),
    hostName: text("hostName", options.hostName ?? (id === "" ? "-" : id), MAX_ADDRESS_BYTES),
    ui: options.ui === undefined ? "" : text("ui", options.ui, MAX_ADDRESS_BYTES),
    seeds: list("seeds", options.seeds, "addresses").map((seed) => address("seeds", seed)),
    members,
    majority: Math.floor(members.length / 2) + 1,
    rejoin: options.rejoin === true,
    score: checkScore(options.score ?? "linear"),
    promiseMs: values.promiseFactor * values.leaseMs,
    warnings: mode === "quorum" ? warningsOf(members.length) : [],
  };
}

/** What messages are sealed and opened with. */
export type Sealing = Pick<ResolvedOptions, "cluster" | "secret" | "platform">;

/** @throws TypeError or RangeError that names the option and what is accepted */
export function resolveSealing(options: Pick<ElectionOptions, keyof Sealing>): Sealing {
  return {
    cluster: text("cluster", options.cluster ?? "lab", MAX_ID_BYTES),
    secret: checkSecret(options),
    platform: checkPlatform(options.platform),
  };
}

/** @throws TypeError or RangeError where it is not what a machine gave out to be stored */
export function checkStored(stored: Stored): Stored {
  if (typeof stored !== "object" || stored === null)
    throw new TypeError("stored must be what was stored, or undefined");
  const { epoch, holder, id } = stored;
  if (!Number.isInteger(epoch) || epoch < 0 || epoch > EPOCH_MAX) {
    throw new RangeError(`stored.epoch is ${epoch}, but must be a whole number from 0 to ${EPOCH_MAX}`);
  }
  if (typeof holder !== "string") throw new TypeError("stored.holder must be a string");
  if (typeof id !== "string") throw new TypeError("stored.id must be a string");
  return stored;
}

function checkSecret({ secret, platform }: Pick<ElectionOptions, keyof Sealing>): Uint8Array | undefined {
  if (secret === undefined) return undefined;
  if (!(secret instanceof Uint8Array))
    throw new TypeError(`secret must be a Uint8Array of 16 bytes or more, not ${kindOf(secret)}`);
  if (secret.length < 16) throw new RangeError(`secret must be 16 bytes or more, not ${secret.length}`);
  if (typeof platform?.hmacSha256 !== "function" || typeof platform.equalInConstantTime !== "function") {
    throw new TypeError("platform must have hmacSha256 and equalInConstantTime where there is a secret");
  }
  return secret;
}

function checkPlatform(platform: Platform): Platform {
  if (typeof platform?.randomBytes !== "function") throw new TypeError("platform must have randomBytes");
  return platform;
}

function checkScore(score: "linear" | "classic" | Score): Score {
  if (typeof score === "function") return score;
  return oneOf("score", score, ["linear", "classic"]) === "linear" ? linearScore : classicScore;
}
