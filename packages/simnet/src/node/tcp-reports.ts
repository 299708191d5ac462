/** What a TCP proxy tells of its connections: counters, events of a trace, and what a capture needs. */
import type { Endpoint } from "../core/contract.js";
import type { SocketAddress } from "../core/ip-packet.js";
import type { TraceEvent } from "../core/trace.js";
import type { TcpHappening } from "./tcp-connection.js";

/** What happened to the bytes of one direction. */
export interface TcpCounters {
  /** Bytes that came to the proxy. */
  readonly receivedBytes: number;
  /** Bytes that left it. */
  readonly forwardedBytes: number;
  /** Segments that were lost first and came later. */
  readonly dropped: number;
  readonly corrupted: number;
  /** Connections that were reset on the side to which this direction leads. */
  readonly resets: number;
}

/** Something on one side of the proxy, with the addresses that it has there, for a capture. */
export interface SeenStream {
  /** Milliseconds since the proxy was made. */
  readonly at: number;
  /** Number of the connection, from 1. */
  readonly connection: number;
  /** Between a client and the proxy, or between the proxy and the server. */
  readonly side: "client" | "server";
  readonly what: "open" | "refuse" | "bytes" | "end" | "reset";
  /** Which end of this side did it. */
  readonly from: "client" | "server";
  /** The end that opened: the client, or the proxy. */
  readonly client: SocketAddress;
  /** The end that took it: the proxy, or the server. */
  readonly server: SocketAddress;
  readonly bytes: Uint8Array;
}

/** @param at milliseconds since the proxy was made; so is the happening's `sentAt` */
export function traceEvent(at: number, happening: TcpHappening, serverPort: number): TraceEvent {
  const { what, connection, direction, arrived, sentAt, offset, bytes } = happening;
  const client: Endpoint = { node: `client-${connection.number}`, port: connection.client.port };
  const server: Endpoint = { node: "server", port: serverPort };
  const [from, to] = direction === "to-server" ? [client, server] : [server, client];
  const stream = { at, connection: connection.number, from, to };
  if (what === "bytes") return { type: arrived ? "stream-arrived" : "stream-sent", ...stream, offset, bytes, sentAt };
  if (what === "end" || what === "reset") return { type: `stream-${what}`, ...stream, arrived, sentAt };
  return { type: `stream-${what}`, ...stream };
}

/** @param at milliseconds since the proxy was made */
export function seenStream(
  at: number,
  { what, connection, direction, arrived, bytes }: TcpHappening,
  proxy: SocketAddress,
  target: SocketAddress,
): SeenStream {
  const side = (direction === "to-server") === arrived ? "server" : "client";
  // What was refused had no address of its own that anybody could ask for afterwards.
  const ends =
    side === "client"
      ? { client: connection.client, server: proxy }
      : { client: connection.local ?? { address: proxy.address, port: 0 }, server: target };
  const opens = what === "connect" || what === "accept";
  const from = direction === "to-server" ? "client" : "server";
  return { at, connection: connection.number, side, what: opens ? "open" : what, from, ...ends, bytes };
}
