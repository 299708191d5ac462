/** What a dashboard is told, with its defaults and what is accepted. */
import { formatAddress, type HostAndPort, isLoopback, parseAddress } from "./address.js";
import { type KeysOf, refuseUnknownKeys } from "./known-keys.js";
import type { Logger } from "./logger.js";

export interface DashboardOptions {
  /** `HOST:PORT`; port 0 lets the system choose. Default `127.0.0.1:0`. Addresses that others can reach need `expose`. */
  readonly listen?: string | undefined;
  /**
   * Allow `listen` to be an address that others can reach. Whoever can connect then reads, without a password or encryption, the names,
   * addresses and load of all hosts, who leads and led, and what this machine is. Nothing can be changed. Default false.
   */
  readonly expose?: boolean | undefined;
  /** Where browsers find it, for the links of the other nodes' pages: needed where it listens on all addresses. Default: where it listens. */
  readonly url?: string | undefined;
  /**
   * Origins (`http://HOST:PORT`) whose pages may read this dashboard, besides the cluster's own dashboards on hosts that are known: this one's
   * host, loopback, and with a secret the hosts of the nodes' addresses (election rule E68). Default: none.
   */
  readonly origins?: readonly string[] | undefined;
  /** Pages that may watch at a time; more are answered 503. Default 32. */
  readonly maxClients?: number | undefined;
  /** What a page that reads too slowly may leave waiting here, besides the largest table; it is dropped beyond. Default 1,048,576 bytes. */
  readonly maxUnsentBytes?: number | undefined;
  /** Rows of the table that are sent, the best first. Default 1,000. */
  readonly maxRows?: number | undefined;
  /** Between two words to the pages, and, where another node leads, between two questions to it, while a page watches. Default 1,000. */
  readonly updateMs?: number | undefined;
  /**
   * Between two questions to the leader while no page watches, for the addresses of the other dashboards, where its table has up to 100 rows;
   * in proportion where it has more: an answer costs as much as it has rows. With the default, 200 s for 10,000 rows. Default 2,000.
   */
  readonly learnMs?: number | undefined;
  /** How long the leader's answer is waited for. Default 1,000. */
  readonly queryTimeoutMs?: number | undefined;
  /** Default: nothing is written. */
  readonly logger?: Logger | undefined;
}

const known: KeysOf<DashboardOptions> = {
  listen: true,
  expose: true,
  url: true,
  origins: true,
  maxClients: true,
  maxUnsentBytes: true,
  maxRows: true,
  updateMs: true,
  learnMs: true,
  queryTimeoutMs: true,
  logger: true,
};

const MAX = 2 ** 31 - 1;

type NumberName = "maxClients" | "maxUnsentBytes" | "maxRows" | "updateMs" | "learnMs" | "queryTimeoutMs";

const numbers: Readonly<Record<NumberName, { readonly default: number; readonly min: number; readonly max: number }>> =
  {
    maxClients: { default: 32, min: 1, max: 10_000 },
    maxUnsentBytes: { default: 1_048_576, min: 1_024, max: MAX },
    maxRows: { default: 1_000, min: 1, max: 100_000 },
    updateMs: { default: 1_000, min: 10, max: MAX },
    learnMs: { default: 2_000, min: 10, max: MAX },
    queryTimeoutMs: { default: 1_000, min: 1, max: MAX },
  };

export type DashboardNumbers = Readonly<Record<NumberName, number>>;

export type ResolvedDashboardOptions = DashboardNumbers & {
  readonly listen: HostAndPort;
  readonly url: string | undefined;
  readonly origins: readonly string[];
};

/** @throws TypeError or RangeError that names the option and what is accepted */
export function resolveDashboardOptions(options: DashboardOptions): ResolvedDashboardOptions {
  if (typeof options !== "object" || options === null) throw new TypeError("options must be an object");
  refuseUnknownKeys(options, known);
  const listen = parseAddress("listen", options.listen ?? "127.0.0.1:0", 0);
  if (!isLoopback(listen.host) && options.expose !== true) {
    throw new RangeError(
      `listen is ${formatAddress(listen)}, where others can read the names, addresses and load of all hosts; ` +
        "give expose: true if that is meant, or listen on 127.0.0.1",
    );
  }
  const values = {} as Record<NumberName, number>;
  for (const name of Object.keys(numbers) as NumberName[]) {
    const { default: standard, min, max } = numbers[name];
    const value = options[name] ?? standard;
    const accepted = `a whole number from ${min} to ${max}`;
    if (typeof value !== "number") throw new TypeError(`${name} must be ${accepted}, not ${typeof value}`);
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new RangeError(`${name} is ${value}, but must be ${accepted}`);
    }
    values[name] = value;
  }
  const origins = options.origins ?? [];
  if (!Array.isArray(origins)) throw new TypeError(`origins must be an array, not ${typeof origins}`);
  return {
    ...values,
    listen,
    url: options.url === undefined ? undefined : checkUrl("url", options.url),
    origins: origins.map((origin) => checkUrl("origins", origin)),
  };
}

function checkUrl(name: string, url: string): string {
  if (typeof url !== "string") throw new TypeError(`${name} must be a string, not ${typeof url}`);
  const origin = originOf(url);
  if (origin === undefined || !/^\/?$/.test(new URL(url).pathname)) {
    throw new RangeError(`${name} is ${JSON.stringify(url)}, but must be http://HOST:PORT/ or https://HOST:PORT/`);
  }
  return `${origin}/`;
}

/** The origin of a web page's address; undefined where it is none. */
export function originOf(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { protocol, origin } = new URL(url);
  return protocol === "http:" || protocol === "https:" ? origin : undefined;
}
