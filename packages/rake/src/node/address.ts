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

/** Whose a connection is, as far as they are counted (R42): an IPv4 address, or the network of 64 bits that one machine has at least in IPv6. */
export function countedAddress(address: string): string {
  const bare = address
    .toLowerCase()
    .replace(/%.*$/, "")
    .replace(/^::ffff:(?=\d+\.)/, "");
  if (isIP(bare) !== 6) return bare;
  const [head = "", tail] = bare.split("::");
  const words = head === "" ? [] : head.split(":");
  const behind = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - words.length - behind.length);
  const all = [...words, ...Array<string>(zeros).fill("0"), ...behind];
  return `${all
    .slice(0, 4)
    .map((word) => word.replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
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
