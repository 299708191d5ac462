/** A datagram on its way through a UDP proxy, and how it is told of. */
import type { Endpoint } from "../core/contract.js";
import type { SocketAddress } from "../core/ip-packet.js";
import type { Direction } from "./proxy-address.js";
import type { UdpFlow } from "./udp-flow.js";

/** A datagram as it is seen on one side of the proxy, with the addresses that it has there. */
export interface SeenDatagram {
  /** Milliseconds since the proxy was made. */
  readonly at: number;
  /** Between a client and the proxy, or between the proxy and the server. */
  readonly side: "client" | "server";
  readonly from: SocketAddress;
  readonly to: SocketAddress;
  readonly bytes: Uint8Array;
}

export interface UdpPacket {
  /** From 1, in the order in which datagrams came to the proxy. */
  readonly id: number;
  readonly direction: Direction;
  readonly flow: UdpFlow;
  /** When it came, on the clock of the proxy. */
  readonly sentAt: number;
}

/** The ends of a packet by the names that they have in a trace: `client-1`, ... and `server`. */
export function endpoints(packet: UdpPacket, serverPort: number): { id: number; from: Endpoint; to: Endpoint } {
  const { id, direction, flow } = packet;
  const client: Endpoint = { node: `client-${flow.number}`, port: flow.client.port };
  const server: Endpoint = { node: "server", port: serverPort };
  return direction === "to-server" ? { id, from: client, to: server } : { id, from: server, to: client };
}
