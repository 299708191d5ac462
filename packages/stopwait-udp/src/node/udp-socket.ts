/** A UDP socket as the drivers need it: no look-up per packet, errors as facts, and a word when sending must wait (S87, S89). */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { isIP } from "node:net";
import type { Address } from "../core/contract.js";
import { SocketError } from "./errors.js";

export interface UdpSocketEvents {
  /** The bytes are the receiver's own. */
  readonly datagram: (bytes: Uint8Array, from: Address) => void;
  /** What waited in the send queue is on its way: `isBlocked` is false again. */
  readonly drained: () => void;
  /** The peer's host says that nobody listens there. A connected socket is told, another one is not. */
  readonly refused: () => void;
  /** A datagram could not be sent, or the socket reports trouble; it can still be used. */
  readonly failed: (error: NodeJS.ErrnoException) => void;
}

export interface BufferSizes {
  /** What the system is asked for; it may give less, or count otherwise. */
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
}

type NumericLookup = (address: string, options: unknown, callback: (error: null, address: string) => void) => void;

/** Addresses are numeric by the time they come here; the usual look-up would take a turn of the event loop each. */
const asIs: NumericLookup = (address, _options, callback) => callback(null, address);

export class UdpSocket {
  readonly #socket: Socket;
  readonly #events: UdpSocketEvents;
  /** The peer of a connected socket. */
  readonly #peer: Address | undefined;
  #isBlocked = false;
  #isClosed = false;
  /** The longest datagram that was sent. */
  #longest = -1;

  /**
   * A socket of its own local port, connected to a server: the system takes nothing from elsewhere (S87).
   * @throws SocketError `RESOLVE` or `CONNECT`
   */
  static async connect(to: Address, sizes: BufferSizes, events: UdpSocketEvents): Promise<UdpSocket> {
    const { address, family } = await resolve(to.host);
    const socket = createSocket({ type: family === 6 ? "udp6" : "udp4" });
    try {
      const connected = once(socket, "connect");
      socket.connect(to.port, address);
      await connected;
    } catch (cause) {
      socket.close();
      const message = `cannot reach ${to.host}:${to.port}: ${(cause as Error).message}`;
      throw new SocketError("CONNECT", message, { cause });
    }
    const remote = socket.remoteAddress();
    return new UdpSocket(socket, sizes, events, { host: remote.address, port: remote.port });
  }

  /** A socket on a known port. @throws SocketError `RESOLVE` or `LISTEN` */
  static async bind(at: Address, sizes: BufferSizes, events: UdpSocketEvents): Promise<UdpSocket> {
    const { address, family } = await resolve(at.host);
    const socket = createSocket({ type: family === 6 ? "udp6" : "udp4", lookup: asIs as never });
    try {
      const listening = once(socket, "listening"); // which it may be before bind() returns: the look-up takes no time
      socket.bind({ address, port: at.port, exclusive: true });
      await listening;
    } catch (cause) {
      socket.close();
      const message = `cannot listen on ${at.host}:${at.port}: ${(cause as Error).message}`;
      throw new SocketError("LISTEN", message, { cause });
    }
    return new UdpSocket(socket, sizes, events, undefined);
  }

  private constructor(socket: Socket, sizes: BufferSizes, events: UdpSocketEvents, peer: Address | undefined) {
    this.#socket = socket;
    this.#events = events;
    this.#peer = peer;
    setSizes(socket, sizes);
    const { datagram } = events;
    if (peer === undefined) {
      socket.on("message", (bytes: Buffer, { address, port }: RemoteInfo) => {
        // A sender that gives no port (RFC 768) can get no answer; send() would throw at that port.
        if (port !== 0) datagram(plain(bytes), { host: address, port });
      });
    } else socket.on("message", (bytes: Buffer) => datagram(plain(bytes), peer));
    socket.on("error", (error: NodeJS.ErrnoException) => this.#trouble(error));
  }

  /** The address of a connected socket's peer, as it stands in the datagrams that come from there. */
  get peer(): Address {
    if (this.#peer === undefined) throw new Error("the socket has no peer");
    return this.#peer;
  }

  get local(): Address {
    const { address, port } = this.#socket.address();
    return { host: address, port };
  }

  /** Bytes that the system holds for datagrams that nobody has taken yet, as it counts them. */
  get receiveBufferBytes(): number {
    return this.#socket.getRecvBufferSize();
  }

  /** Whether what was handed to `send` still waits for the system, and its memory must not be written to. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** Sends at once where the system takes it; see `isBlocked`. Never throws. */
  send(bytes: Uint8Array, to: Address): void {
    if (this.#isClosed) return;
    // To be told of every packet's fate costs a tenth of sending it. A route that is missing and a datagram that is too
    // long show at the first one of a length; what else goes wrong is a loss like others.
    const told = bytes.length > this.#longest ? this.#sent : undefined;
    if (told !== undefined) this.#longest = bytes.length;
    if (this.#peer === undefined) this.#socket.send(bytes, to.port, to.host, told);
    else this.#socket.send(bytes, told);
    if (this.#socket.getSendQueueCount() > 0) this.#block();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }

  readonly #sent = (error: Error | null): void => {
    if (error !== null) this.#trouble(error);
  };

  /** Looks again and again, which happens rarely: the system's own buffer holds more than a window. */
  #block(): void {
    if (this.#isBlocked) return;
    this.#isBlocked = true;
    const look = (): void => {
      if (this.#isClosed) return;
      if (this.#socket.getSendQueueCount() > 0) setTimeout(look, 1);
      else {
        this.#isBlocked = false;
        this.#events.drained();
      }
    };
    setTimeout(look, 1);
  }

  #trouble(error: NodeJS.ErrnoException): void {
    if (this.#isClosed) return;
    // Windows says of the same ICMP message that the connection was reset.
    if (error.code === "ECONNREFUSED" || error.code === "ECONNRESET") this.#events.refused();
    else this.#events.failed(error);
  }
}

/** Without the methods of Buffer, whose slice() is no copy. */
function plain({ buffer, byteOffset, length }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}

async function resolve(host: string): Promise<{ readonly address: string; readonly family: number }> {
  const family = isIP(host);
  if (family !== 0) return { address: host, family };
  try {
    return await lookup(host);
  } catch (cause) {
    throw new SocketError("RESOLVE", `cannot find ${host}: ${(cause as Error).message}`, { cause });
  }
}

function setSizes(socket: Socket, { receiveBufferBytes, sendBufferBytes }: BufferSizes): void {
  for (const [set, bytes] of [
    [() => socket.setRecvBufferSize(receiveBufferBytes), receiveBufferBytes],
    [() => socket.setSendBufferSize(sendBufferBytes), sendBufferBytes],
  ] as const) {
    try {
      if (bytes > 0) set();
    } catch {
      // some systems refuse what is above their limit, others give what they have
    }
  }
}
