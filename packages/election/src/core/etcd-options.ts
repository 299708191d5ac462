/** What the etcd engine is told, with its defaults and what is accepted (docs/election.md). */

import { MAX_ADDRESS_BYTES, MAX_ID_BYTES } from "./messages.js";
import { MAX_MS, type NumberRule, number } from "./option-checks.js";

export interface EtcdElectionOptions {
  /** Where etcd's JSON gateway listens, `http://HOST:PORT` or `https://HOST:PORT`: 1 to 16 members of one cluster. */
  readonly endpoints: readonly string[];
  /** The name of the election: its keys begin with `NAME/`. 1 to 64 bytes. Default `lab`. */
  readonly election?: string | undefined;
  /** This candidate's name, 1 to 64 bytes. */
  readonly id: string;
  /** What others learn as the leader's address; nothing is done with it here. At most 256 bytes. Default empty. */
  readonly address?: string | undefined;
  /** The lease that is asked for, in seconds, 1 to 3,600. etcd may grant a longer one. Default 5. */
  readonly ttlSeconds?: number | undefined;
  /** How long before etcd a lease ends here, in ms; at most half of it. Default 300. */
  readonly marginMs?: number | undefined;
  /** The share by which clocks may be wrong, 0 to 0.25; long leases get a longer margin. Default 0.03. */
  readonly clockError?: number | undefined;
  /** Between two looks at the keys, in ms, where no watch tells of a change before; at most a third of the lease. Default 1,000. */
  readonly pollMs?: number | undefined;
  /** Between two attempts, in ms, when all endpoints have failed. Default 250. */
  readonly retryMs?: number | undefined;
  /** How long an answer is waited for, in ms. Default 1,000. */
  readonly requestTimeoutMs?: number | undefined;
  /** How long one watch lasts, in ms, before it is made anew. Default 240,000. */
  readonly watchMs?: number | undefined;
  /** Keys that are looked at, from the front of the line. Default 1,000. */
  readonly maxCandidates?: number | undefined;
  /** Where etcd's authentication is on. Default none. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

type NumberName =
  | "ttlSeconds"
  | "marginMs"
  | "clockError"
  | "pollMs"
  | "retryMs"
  | "requestTimeoutMs"
  | "watchMs"
  | "maxCandidates";

const numbers: Readonly<Record<NumberName, NumberRule>> = {
  ttlSeconds: { default: 5, min: 1, max: 3_600, isWhole: true },
  marginMs: { default: 300, min: 0, max: 1_800_000 },
  clockError: { default: 0.03, min: 0, max: 0.25 },
  pollMs: { default: 1_000, min: 1, max: MAX_MS },
  retryMs: { default: 250, min: 1, max: MAX_MS },
  requestTimeoutMs: { default: 1_000, min: 1, max: MAX_MS },
  watchMs: { default: 240_000, min: 1, max: MAX_MS },
  maxCandidates: { default: 1_000, min: 1, max: 100_000, isWhole: true },
};
const others = ["endpoints", "election", "id", "address", "username", "password"] as const;

/** The names of all options, for a driver that adds its own. */
export const etcdElectionOptionNames: readonly string[] = [...others, ...Object.keys(numbers)];

export type ResolvedEtcdOptions = Readonly<Record<NumberName, number>> & {
  readonly endpoints: readonly string[];
  readonly election: string;
  readonly id: string;
  readonly address: string;
  readonly user: { readonly name: string; readonly password: string } | undefined;
};

/** @throws TypeError or RangeError that names the option and what is accepted */
export function resolveEtcdOptions(options: EtcdElectionOptions): ResolvedEtcdOptions {
  if (typeof options !== "object" || options === null) throw new TypeError("the options must be an object");
  for (const name of Object.keys(options)) {
    if (!etcdElectionOptionNames.includes(name)) {
      throw new TypeError(`${name} is no option of an etcd election; there are ${etcdElectionOptionNames.join(", ")}`);
    }
  }
  const values = {} as Record<NumberName, number>;
  for (const name of Object.keys(numbers) as NumberName[]) {
    values[name] = number(name, options[name] ?? numbers[name].default, numbers[name]);
  }
  if (values.marginMs > values.ttlSeconds * 500) {
    throw new RangeError(
      `marginMs is ${values.marginMs}, but must be at most half of ttlSeconds, ${values.ttlSeconds}`,
    );
  }
  return {
    ...values,
    endpoints: checkEndpoints(options.endpoints),
    election: text("election", options.election ?? "lab", 1, MAX_ID_BYTES),
    id: text("id", options.id, 1, MAX_ID_BYTES),
    address: text("address", options.address ?? "", 0, MAX_ADDRESS_BYTES),
    user: checkUser(options),
  };
}

function checkEndpoints(endpoints: readonly string[]): readonly string[] {
  if (!Array.isArray(endpoints)) throw new TypeError("endpoints must be an array of URLs");
  if (endpoints.length < 1 || endpoints.length > 16) {
    throw new RangeError(`endpoints must be 1 to 16 URLs, not ${endpoints.length}`);
  }
  return endpoints.map((endpoint: unknown) => {
    if (typeof endpoint !== "string") throw new TypeError(`endpoints must hold strings, not ${typeof endpoint}`);
    const match = /^(https?:\/\/(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?)\/?$/.exec(endpoint);
    const [, base, port = "2379"] = match ?? [];
    if (base !== undefined && Number(port) >= 1 && Number(port) <= 65_535) return base;
    throw new RangeError(`endpoints must be like http://HOST:PORT or https://HOST:PORT, not ${endpoint}`);
  });
}

function checkUser({ username, password }: EtcdElectionOptions): ResolvedEtcdOptions["user"] {
  if (username === undefined && password === undefined) return undefined;
  if (username === undefined || password === undefined) throw new TypeError("username and password go together");
  return { name: text("username", username, 1, 256), password: text("password", password, 1, 1_024) };
}

function text(name: string, value: string, minBytes: number, maxBytes: number): string {
  if (typeof value !== "string") throw new TypeError(`${name} must be a string, not ${typeof value}`);
  const { length } = new TextEncoder().encode(value);
  if (length < minBytes || length > maxBytes || /\p{Surrogate}/u.test(value)) {
    throw new RangeError(`${name} must be ${minBytes} to ${maxBytes} bytes of UTF-8, not ${length}`);
  }
  return value;
}
