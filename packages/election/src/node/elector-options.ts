/** What a node on real sockets is told beside what its machine is (docs/election.md), with defaults and what is accepted. */
import type { Load } from "../core/load.js";
import { MAX_MS, type NumberRule, number } from "../core/option-checks.js";
import { type ElectionOptions, type ResolvedOptions, resolveOptions } from "../core/options.js";
import { formatAddress, type HostAndPort, isLoopback, isWildcard, parseAddress } from "./address.js";
import { checkPorts } from "./check-ports.js";
import type { Clocks } from "./clocks.js";
import { fileStorage, storagePath } from "./file-storage.js";
import { type KeysOf, refuseUnknownKeys } from "./known-keys.js";
import type { Logger } from "./logger.js";
import { nodePlatform } from "./platform.js";
import { type ElectionStorage, isMemoryStorage, memoryStorage } from "./storage.js";

export interface ElectorOptions extends Omit<ElectionOptions, "platform" | "address"> {
  /**
   * Where this node listens, `HOST:PORT`; port 0 lets the system choose. Anything but this machine's own addresses needs a `secret`:
   * without one, whoever can connect can lead. Default: a member's own address in quorum mode, else `127.0.0.1:0`.
   */
  readonly listen?: string | undefined;
  /** What others dial, `HOST:PORT`. Needed where it listens on all addresses. Default: a member's own address, else where it listens. */
  readonly address?: string | undefined;
  /** Where to connect to reach an address, where that is not the address itself: behind mapped ports, or proxies. Default none. */
  readonly routes?: Readonly<Record<string, string>> | undefined;
  /** Default: `fileStorage(storagePath(cluster, id))`, or `memoryStorage()` for a node without an id. */
  readonly storage?: ElectionStorage | undefined;
  /** What the node reports of itself. Default `hostLoad`, of `systeminformation`. */
  readonly measureLoad?: (() => Promise<Load>) | undefined;
  /** From the end of a measurement to the next one. Default `reportMs`, but at least 1,000. */
  readonly measureMs?: number | undefined;
  /** A measurement that takes longer is said to have failed, in the log; the last load stays. Default 5,000. */
  readonly measureTimeoutMs?: number | undefined;
  /** Default: nothing is written. */
  readonly logger?: Logger | undefined;
  /** Default `systemClocks`. */
  readonly clocks?: Clocks | undefined;
  /** Connections that others make, at a time; more are closed at once. Default `maxHosts` + 1,000. */
  readonly maxConnections?: number | undefined;
  /**
   * Of those, the ones on which no valid message came yet; the oldest gives way. So whoever does not know the secret takes no more
   * file descriptors than that. Default 256.
   */
  readonly maxSilent?: number | undefined;
  /** Connections that this node keeps to others; the one that was not used for longest gives way. Default 256. */
  readonly maxOutgoing?: number | undefined;
  /** What a peer that reads too slowly may leave waiting here; its connection is dropped beyond. Default 65,536 bytes. */
  readonly maxUnsentBytes?: number | undefined;
  /** Messages that wait for a connection that is being made; more are dropped. Default 64. */
  readonly maxWaitingMessages?: number | undefined;
  /** Default 3,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** From one attempt to connect to an address to the next; what is to be sent meanwhile is dropped. Default 100. */
  readonly redialMs?: number | undefined;
  /** A connection that another made is closed when no valid message came on it for so long (a quarter more at most). Default 10,000. */
  readonly silentTimeoutMs?: number | undefined;
  /** The same after a valid message; unused ones of our own are closed after half of it. Default 10 `leaseMs`, but at least 60,000. */
  readonly idleTimeoutMs?: number | undefined;
  /** How long `stop()` of a leader waits for its successor; 0: it does not hand over. Default 500. */
  readonly handOverOnStopMs?: number | undefined;
  /**
   * How long `stop()` waits for what is still being sent or stored, and for a storage that is being read. Default 1,000. A store that
   * takes longer is not given up: the storage is closed, and its file free for another process, once that has ended, and
   * until then the pending write keeps this process alive.
   */
  readonly stopTimeoutMs?: number | undefined;
}

const ms = (standard: number, min = 1): NumberRule => ({ default: standard, min, max: MAX_MS });
const count = (standard: number): NumberRule => ({ default: standard, min: 1, max: 2 ** 31 - 1 });

type FixedName =
  | "measureTimeoutMs"
  | "maxSilent"
  | "maxOutgoing"
  | "maxUnsentBytes"
  | "maxWaitingMessages"
  | "connectTimeoutMs"
  | "redialMs"
  | "silentTimeoutMs"
  | "handOverOnStopMs"
  | "stopTimeoutMs";

/** Those with defaults of their own; the others' defaults come from the times of the election. */
const numbers: Readonly<Record<FixedName, NumberRule>> = {
  measureTimeoutMs: ms(5_000),
  maxSilent: count(256),
  maxOutgoing: count(256),
  maxUnsentBytes: { ...count(65_536), min: 4_104 },
  maxWaitingMessages: count(64),
  connectTimeoutMs: ms(3_000),
  redialMs: ms(100, 0),
  silentTimeoutMs: ms(10_000),
  handOverOnStopMs: ms(500, 0),
  stopTimeoutMs: ms(1_000, 0),
};

type NumberName = FixedName | "maxConnections" | "measureMs" | "idleTimeoutMs";

const known: KeysOf<ElectorOptions> = {
  mode: true,
  cluster: true,
  id: true,
  hostName: true,
  ui: true,
  seeds: true,
  members: true,
  rejoin: true,
  secret: true,
  score: true,
  preset: true,
  reportMs: true,
  pulseMs: true,
  leaseMs: true,
  promiseFactor: true,
  clockError: true,
  stepMs: true,
  voteMs: true,
  probeMs: true,
  handOverMs: true,
  tenureMs: true,
  handOverRatio: true,
  forgetMs: true,
  maxHosts: true,
  listen: true,
  address: true,
  routes: true,
  storage: true,
  measureLoad: true,
  measureMs: true,
  measureTimeoutMs: true,
  logger: true,
  clocks: true,
  maxConnections: true,
  maxSilent: true,
  maxOutgoing: true,
  maxUnsentBytes: true,
  maxWaitingMessages: true,
  connectTimeoutMs: true,
  redialMs: true,
  silentTimeoutMs: true,
  idleTimeoutMs: true,
  handOverOnStopMs: true,
  stopTimeoutMs: true,
};

export type ResolvedElectorOptions = Readonly<Record<NumberName, number>> & {
  readonly core: ResolvedOptions;
  readonly listen: HostAndPort;
  /** Undefined: where it listens, once that is known. */
  readonly address: string | undefined;
  readonly routes: Readonly<Record<string, string>>;
  readonly storage: ElectionStorage;
  readonly warnings: readonly string[];
};

/** @throws TypeError or RangeError that names the option and what is accepted */
export function resolveElectorOptions(options: ElectorOptions): ResolvedElectorOptions {
  if (typeof options !== "object" || options === null) throw new TypeError("options must be an object");
  refuseUnknownKeys(options, known);
  checkPorts(options);
  checkLists(options);
  const routes = checkRoutes(options.routes ?? {});
  const own = options.members?.find(({ id }) => id === options.id)?.address;
  const given = options.address ?? own;
  if (given !== undefined) parseAddress("address", given, 1);
  const listenText = options.listen ?? own ?? "127.0.0.1:0";
  const listen = parseAddress("listen", listenText, 0);
  const core = resolveOptions({ ...options, address: given ?? listenText, platform: nodePlatform });
  for (const seed of core.seeds) parseAddress("seeds", seed, 1);
  for (const { address } of core.members) parseAddress("members.address", address, 1);
  if (isWildcard(listen.host) && given === undefined) {
    throw new TypeError(`listen is ${listenText}, which nobody can dial: address must say what others dial`);
  }
  if (!isLoopback(listen.host) && core.secret === undefined) {
    throw new TypeError(
      `listen is ${listenText}, which other machines can reach: there must be a secret, or whoever connects can lead`,
    );
  }
  const storage = checkStorage(options, core);
  return {
    ...checkNumbers(options, core),
    core,
    listen,
    address: given,
    routes,
    storage,
    warnings: [...warn(core, storage), ...warnOfAddress(options, own, listen)],
  };
}

function checkNumbers(options: ElectorOptions, { reportMs, leaseMs, maxHosts }: ResolvedOptions) {
  const rules: Readonly<Record<NumberName, NumberRule>> = {
    ...numbers,
    maxConnections: count(maxHosts + 1_000),
    measureMs: ms(Math.max(1_000, reportMs)),
    // A host that only reports must not be taken for idle.
    idleTimeoutMs: ms(Math.min(MAX_MS, Math.max(60_000, 10 * leaseMs)), Math.min(MAX_MS, 4 * reportMs)),
  };
  const values = {} as Record<NumberName, number>;
  for (const name of Object.keys(rules) as NumberName[]) {
    values[name] = number(name, options[name] ?? rules[name].default, rules[name]);
  }
  return values;
}

function checkLists({ seeds = [], members = [] }: ElectorOptions): void {
  if (!Array.isArray(seeds)) throw new TypeError("seeds must be an array of addresses");
  if (!Array.isArray(members)) throw new TypeError("members must be an array of { id, address }");
  for (const member of members) {
    if (typeof member !== "object" || member === null)
      throw new TypeError("members must hold objects, { id, address }");
  }
}

function checkRoutes(routes: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (typeof routes !== "object" || routes === null) throw new TypeError("routes must be an object of addresses");
  for (const [address, to] of Object.entries(routes)) parseAddress(`routes[${JSON.stringify(address)}]`, to, 1);
  return routes;
}

function checkStorage(options: ElectorOptions, { cluster, id }: ResolvedOptions): ElectionStorage {
  const { storage, measureLoad } = options;
  if (measureLoad !== undefined && typeof measureLoad !== "function") {
    throw new TypeError(`measureLoad must be a function, not ${typeof measureLoad}`);
  }
  if (storage === undefined) return id === "" ? memoryStorage() : fileStorage(storagePath(cluster, id));
  if (typeof storage?.load === "function" && typeof storage.store === "function") return storage;
  throw new TypeError("storage must have load and store, as fileStorage(path) and memoryStorage() have");
}

function warn({ mode, id, members, rejoin, warnings }: ResolvedOptions, storage: ElectionStorage): readonly string[] {
  const votes = mode === "quorum" && members.some((member) => member.id === id);
  if (!votes || rejoin || !isMemoryStorage(storage)) return warnings;
  return [...warnings, "votes are kept in memory: when this process was started anew, it must be started with rejoin"];
}

/** A member that listens elsewhere is reached by nobody, unless something in between leads there, and then `address` says so. */
function warnOfAddress(given: ElectorOptions, own: string | undefined, listen: HostAndPort): readonly string[] {
  if (own === undefined || given.address !== undefined) return [];
  const member = parseAddress("members.address", own, 1);
  const isThere = listen.port === member.port && (listen.host === member.host || isWildcard(listen.host));
  if (isThere) return [];
  return [
    `this node listens at ${formatAddress(listen)}, but others dial ${own}, as members say; address: ${own} says that this is meant`,
  ];
}
