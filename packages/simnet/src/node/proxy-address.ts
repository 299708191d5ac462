/** Where a proxy listens and where it forwards to. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { integerFrom } from "../core/checked-numbers.js";
import type { SocketAddress } from "../core/ip-packet.js";

/** The server behind a proxy. */
export interface ProxyTarget {
  /** Name or address. Default 127.0.0.1. */
  readonly host?: string | undefined;
  readonly port: number;
}

export interface ProxyListenOptions {
  /** Address to listen on. Default 127.0.0.1: this machine alone can connect. */
  readonly host?: string | undefined;
  /** Port, 0 for a free one. Default 0. */
  readonly port?: number | undefined;
}

/** The two directions of a proxy: from its clients to the server, and back. */
export type Direction = "to-server" | "to-client";

export const DIRECTIONS: readonly Direction[] = ["to-server", "to-client"];

/** Both directions where none is named. */
export function directions(one: Direction | undefined): readonly Direction[] {
  if (one === undefined) return DIRECTIONS;
  if (!DIRECTIONS.includes(one)) throw new TypeError(`direction must be to-server or to-client, not ${String(one)}`);
  return [one];
}

/** @throws TypeError or RangeError for a wrong port */
export function checkTarget(to: ProxyTarget): void {
  if (typeof to !== "object" || to === null) throw new TypeError("to must be an object with host and port");
  integerFrom("to.port", to.port, 1, 65_535);
}

/** The target by its number, looked up once: what a name means does not change while a proxy runs. */
export async function resolveTarget({ host = "127.0.0.1", port }: ProxyTarget): Promise<SocketAddress> {
  if (isIP(host) !== 0) return { address: host, port };
  return { address: (await lookup(host)).address, port };
}

/** `127.0.0.1:5000`, `[::1]:5000`. */
export function showAddress({ address, port }: SocketAddress): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The other way. */
export function opposite(direction: Direction): Direction {
  return direction === "to-server" ? "to-client" : "to-server";
}
