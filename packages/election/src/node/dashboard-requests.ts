/** Who may ask a dashboard, and the headers of what it answers. */
import { isIP } from "node:net";
import { originOf } from "./dashboard-options.js";

/**
 * Whether a request's Host header names this server. A name that somebody else made lead here (DNS rebinding) would make this server's
 * answers readable to that somebody's page: addresses, `localhost` and the names that this server was told are what it answers to.
 */
export function isOwnHost(host: string | undefined, ownNames: readonly string[]): boolean {
  if (host === undefined || !URL.canParse(`http://${host}/`)) return false;
  const { hostname, pathname, username } = new URL(`http://${host}/`);
  if (pathname !== "/" || username !== "") return false;
  const name = hostname.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  return isIP(name) !== 0 || name === "localhost" || ownNames.includes(name);
}

export const commonHeaders: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

export const dataHeaders: Readonly<Record<string, string>> = { ...commonHeaders, "cache-control": "no-store" };

/**
 * The page loads nothing but its own files, and listens to this node and to the other dashboards of the cluster. Those that join later
 * can be listened to only where they are on the same host as this one.
 */
export function pageHeaders(own: string, others: Iterable<string>): Record<string, string> {
  const { hostname, protocol } = new URL(own);
  // A source of a policy is a name or an IPv4 address.
  const sameHost = hostname.startsWith("[") ? [] : [`${protocol}//${hostname}:*`];
  const elsewhere = [...others].filter((origin) => new URL(origin).hostname !== hostname || sameHost.length === 0);
  const listened = [...new Set([...sameHost, ...elsewhere])].filter((source) => !/[\s;,']/.test(source));
  const policy = [
    "default-src 'self'",
    `connect-src 'self' ${listened.join(" ")}`.trim(),
    "base-uri 'none'",
    "form-action 'none'",
    "object-src 'none'",
    "frame-ancestors 'none'",
  ];
  return { ...commonHeaders, "cache-control": "no-cache", "content-security-policy": policy.join("; ") };
}

/** In one form: a page that is known as that of 127.0.0.1 may have been loaded from `localhost`. */
export function comparableOrigin(url: string | undefined): string | undefined {
  return originOf(url)?.replace(/^(https?:\/\/)(?:localhost|\[::1\])(?=:|$)/, "$1127.0.0.1");
}
