/** Addresses as text: `HOST:PORT`, or `[IPv6]:PORT`. */
import { isIPv4, isIPv6 } from "node:net";

export interface HostAndPort {
  /** A name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
}

const ACCEPTED = "HOST:PORT or [IPv6]:PORT";

/** What an address says, or what is wrong with it. */
function read(text: string, minPort: number): HostAndPort | string {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):([^:[\]]*)$/.exec(text);
  if (match === null) {
    if (isIPv6(text.replace(/:\d+$/, ""))) return "an IPv6 address stands in brackets";
    return text.includes(":") ? "it has too many colons or a bracket too few" : "there is no port";
  }
  const [, v6, name = "", digits = ""] = match;
  const host = v6 ?? name;
  if (v6 !== undefined && !isIPv6(v6)) return `${JSON.stringify(v6)} is no IPv6 address`;
  if (host === "") return "there is no host";
  if (v6 === undefined && !/^[A-Za-z0-9._-]{1,253}$/.test(host)) return `${JSON.stringify(host)} is no host name`;
  if (/^[\d.]+$/.test(host) && !isIPv4(host)) return `${host} is no IPv4 address`;
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : Number.NaN;
  if (!(port >= minPort && port <= 65_535)) {
    return `the port is ${JSON.stringify(digits)}, but must be a number from ${minPort} to 65535`;
  }
  return { host, port };
}

/**
 * @param minPort 0 where that stands for a free one; default 1
 * @throws TypeError or RangeError that names the option, what is wrong and what is accepted
 */
export function parseAddress(option: string, text: string, minPort: 0 | 1 = 1): HostAndPort {
  if (typeof text !== "string") throw new TypeError(`${option} must be ${ACCEPTED}, not ${typeof text}`);
  const result = read(text, minPort);
  if (typeof result !== "string") return result;
  throw new RangeError(`${option} is ${JSON.stringify(text)}, but must be ${ACCEPTED}: ${result}`);
}

export function formatAddress({ host, port }: HostAndPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only this machine can connect to an IP address. */
export function isLoopback(address: string): boolean {
  if (isIPv4(address)) return address.startsWith("127.");
  const bare = address.toLowerCase();
  return /^[0:]*:0*1$/.test(bare) || bare.startsWith("::ffff:127.");
}
