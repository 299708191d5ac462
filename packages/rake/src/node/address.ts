/** Where a server listens, and who can reach it there. */
import { lookup } from "node:dns/promises";
import { isIP, isIPv4 } from "node:net";
import { RakeError } from "../core/errors.js";
import type { ServeOptions } from "./serve-options.js";

/** @param address an IP address, not a name */
export function isLoopback(address: string): boolean {
  if (isIPv4(address)) return address.startsWith("127.");
  const bare = address.toLowerCase().replace(/^::ffff:/, "");
  return isIPv4(bare) ? bare.startsWith("127.") : /^[0:]*:0*1$/.test(bare);
}

/** @throws TypeError where others could come in unasked (R11, R17) */
export function checkReach(address: string, { host, secret, tls, allowV1 }: ServeOptions): void {
  if (isLoopback(address)) return;
  if (secret === undefined && tls?.ca === undefined) {
    throw new TypeError(
      `host is ${host}, which other machines can reach: there must be a secret, or tls with a ca for client certificates`,
    );
  }
  if (allowV1 === true)
    throw new TypeError(`host is ${host}, but allowV1 is for loopback alone: v1 asks for no secret`);
}

/** What a name stands for is looked up before it is judged: the name of this machine may lead outside. */
export async function addressOf(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new RakeError("LISTEN", `cannot listen on ${host}: ${(cause as Error).message}`, { cause });
  }
}
