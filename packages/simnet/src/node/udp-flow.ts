/** One client of a UDP proxy: its link in both directions, and the socket through which it reaches the server. */
import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { Impairments } from "../core/impairments.js";
import type { SocketAddress } from "../core/ip-packet.js";
import { LinkModel } from "../core/link-model.js";
import type { Random } from "../core/random.js";
import type { Direction } from "./proxy-address.js";

/** Several datagrams of 65,507 bytes between two turns of the event loop; the system may give less. */
export const RECEIVE_BUFFER_BYTES: number = 1024 * 1024;

export interface UdpFlowOptions {
  /** From 1, in the order in which clients came. */
  readonly number: number;
  readonly client: SocketAddress;
  readonly target: SocketAddress;
  readonly impairments: Readonly<Record<Direction, Impairments>>;
  /** The proxy's source: each direction of each client has a fork of its own. */
  readonly random: Random;
  readonly onAnswer: (flow: UdpFlow, bytes: Uint8Array) => void;
  /** The system reported an error that belongs to no datagram, such as an ICMP message. */
  readonly onError: (flow: UdpFlow, error: NodeJS.ErrnoException) => void;
}

type Sent = (error: Error | null) => void;

export class UdpFlow {
  readonly number: number;
  readonly client: SocketAddress;
  readonly links: Readonly<Record<Direction, LinkModel>>;
  /** Packets of this client that the proxy holds. */
  held = 0;
  /** When something last moved, in either direction. */
  lastUsed = 0;
  readonly #socket: Socket;
  #local: SocketAddress | undefined;
  /** What was due before the socket was connected, which takes a few turns of the event loop; undefined from then on. */
  #early: { readonly bytes: Uint8Array; readonly done: Sent }[] | undefined = [];
  /** Why there is no socket: no route to the target, no descriptors left. */
  #failure: Error | undefined;
  #isClosed = false;

  constructor(options: UdpFlowOptions) {
    const { number, client, target, impairments, random } = options;
    this.number = number;
    this.client = client;
    const link = (direction: Direction): LinkModel =>
      new LinkModel(impairments[direction], random.fork(`client ${number} ${direction}`));
    this.links = { "to-server": link("to-server"), "to-client": link("to-client") };
    const type = isIPv6(target.address) ? "udp6" : "udp4";
    this.#socket = createSocket({ type, recvBufferSize: RECEIVE_BUFFER_BYTES });
    this.#socket.on("message", (bytes) => options.onAnswer(this, bytes));
    this.#socket.on("error", (error) => {
      if (this.#early === undefined) options.onError(this, error);
      else this.#settle(error);
    });
    // Where it fails, the callback is told so, whatever its type says.
    this.#socket.connect(target.port, target.address, (...[error]: [Error?]) => this.#settle(error));
  }

  /** The address from which the server hears this client; undefined until the socket is connected. */
  get local(): SocketAddress | undefined {
    return this.#local;
  }

  /** Sends to the server. `done` is told what the system said, unless the flow is closed first. */
  send(bytes: Uint8Array, done: Sent): void {
    if (this.#isClosed) return;
    if (this.#early !== undefined) this.#early.push({ bytes, done });
    else if (this.#failure !== undefined) done(this.#failure);
    else {
      this.#socket.send(bytes, (error) => {
        // A connected socket reports the fate of an earlier datagram in place of sending this one: that is not this
        // one's fault, and the server may be back.
        if ((error as NodeJS.ErrnoException | null)?.code !== "ECONNREFUSED" || this.#isClosed) done(error);
        else this.#socket.send(bytes, done);
      });
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#early = undefined;
    this.#socket.close();
  }

  #settle(failure: Error | undefined): void {
    if (this.#isClosed) return;
    const early = this.#early ?? [];
    this.#early = undefined;
    this.#failure = failure;
    if (failure === undefined) this.#local = this.#socket.address();
    for (const { bytes, done } of early) this.send(bytes, done);
  }
}
