/** One connection through a TCP proxy: two sockets, and a half for each direction between them. */
import { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import type { SocketAddress } from "../core/ip-packet.js";
import type { Random } from "../core/random.js";
import { type StreamImpairments, StreamModel } from "../core/stream-model.js";
import { DIRECTIONS, type Direction, directions, opposite } from "./proxy-address.js";
import { resetSocket } from "./reset-socket.js";
import { TcpHalf } from "./tcp-half.js";
import type { TimedQueue } from "./timed-queue.js";

/** `freeze`: nothing crosses, and nobody is told. `reset`: both sides are told at once. */
export type CutKind = "freeze" | "reset";

/** Something that happened to a connection. */
export interface TcpHappening {
  readonly connection: TcpConnection;
  /** `connect`: the client has reached the proxy; `accept`, `refuse`: what the server said to it. */
  readonly what: "connect" | "accept" | "refuse" | "bytes" | "end" | "reset";
  /** Whose word or whose bytes: a client's (`to-server`) or the server's. */
  readonly direction: Direction;
  /** Whether it comes to the proxy or leaves it. */
  readonly arrived: boolean;
  /** When it came to the proxy, on the clock of `performance.now()`. */
  readonly sentAt: number;
  /** Of `bytes`: their place in this direction's stream, from 0. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface TcpConnectionOptions {
  readonly number: number;
  readonly client: Socket;
  readonly target: SocketAddress;
  readonly impairments: Readonly<Record<Direction, StreamImpairments>>;
  readonly random: Random;
  readonly queue: TimedQueue;
  readonly bufferBytes: number;
  readonly connectTimeoutMs: number;
  readonly frozen: ReadonlySet<Direction>;
  readonly onHappening: (happening: TcpHappening) => void;
  readonly onImpaired: (direction: Direction, how: "dropped" | "corrupted") => void;
}

const none = new Uint8Array();

export class TcpConnection {
  /** From 1, in the order in which clients came. */
  readonly number: number;
  /** The client's own address. */
  readonly client: SocketAddress;
  /** Both sockets are gone. */
  readonly closed: Promise<void>;
  readonly #options: TcpConnectionOptions;
  /** By what they are the source of. */
  readonly #sockets: Readonly<Record<Direction, Socket>>;
  readonly #models: Readonly<Record<Direction, StreamModel>>;
  readonly #halves: Readonly<Record<Direction, TcpHalf>>;
  readonly #frozen: Set<Direction>;
  #local: SocketAddress | undefined;
  /** `waiting`: a cut keeps it from the server. */
  #state: "waiting" | "connecting" | "open" = "waiting";
  #connectTimer: NodeJS.Timeout | undefined;

  constructor(options: TcpConnectionOptions) {
    const { number, client } = options;
    this.number = number;
    this.client = { address: client.remoteAddress ?? "0.0.0.0", port: client.remotePort ?? 0 };
    this.#options = options;
    this.#frozen = new Set(options.frozen);
    this.#sockets = { "to-server": client, "to-client": new Socket({ allowHalfOpen: true }) };
    this.#models = { "to-server": this.#model("to-server"), "to-client": this.#model("to-client") };
    this.#tell("connect", "to-server", false);
    this.#halves = { "to-server": this.#half("to-server"), "to-client": this.#half("to-client") };
    this.#halves["to-server"].holdUp("connecting");
    for (const direction of this.#frozen) this.#halves[direction].holdUp("cut");
    const gone = DIRECTIONS.map((direction) => this.#follow(direction));
    this.closed = Promise.all(gone).then(() => {});
    this.#connect();
  }

  /** The address from which the server sees this connection; undefined before it does. */
  get local(): SocketAddress | undefined {
    return this.#local;
  }

  /** Bytes that the proxy holds for a direction. */
  bufferedBytes(direction: Direction): number {
    return this.#halves[direction].bufferedBytes;
  }

  change(impairments: StreamImpairments, direction?: Direction): void {
    for (const one of directions(direction)) this.#models[one].change(impairments);
  }

  /** Lets nothing cross in a direction (default: in both) until `heal`; what both sides send meanwhile waits. */
  freeze(direction?: Direction): void {
    for (const one of directions(direction)) {
      this.#frozen.add(one);
      this.#halves[one].holdUp("cut");
    }
  }

  heal(direction?: Direction): void {
    for (const one of directions(direction)) {
      this.#frozen.delete(one);
      this.#halves[one].release("cut");
      this.#halves[one].release("limit");
    }
    this.#connect();
  }

  /** Drops the connection; both sides see a reset. */
  reset(): void {
    for (const direction of DIRECTIONS) {
      this.#halves[direction].stop();
      const sink = this.#sockets[opposite(direction)];
      if (!sink.destroyed && (direction === "to-client" || this.#state === "open")) {
        this.#tell("reset", direction, true);
      }
      resetSocket(sink);
    }
  }

  /** Lets `bytes` more cross in a direction, then freezes or resets the connection: in the middle of a message, say. */
  cutAfter(direction: Direction, bytes: number, how: CutKind): void {
    directions(direction);
    this.#halves[direction].limit(bytes, () => {
      if (how === "reset") this.reset();
    });
  }

  /** Closes both sockets without more ado. */
  destroy(): void {
    for (const direction of DIRECTIONS) {
      this.#halves[direction].stop();
      this.#sockets[direction].destroy();
    }
  }

  #connect(): void {
    const server = this.#sockets["to-client"];
    if (this.#state !== "waiting" || this.#frozen.size > 0 || server.destroyed) return;
    this.#state = "connecting";
    this.#connectTimer = setTimeout(() => server.destroy(), this.#options.connectTimeoutMs);
    const { address, port } = this.#options.target;
    server.connect({ host: address, port }, () => {
      clearTimeout(this.#connectTimer);
      this.#state = "open";
      this.#local = { address: server.localAddress ?? "0.0.0.0", port: server.localPort ?? 0 };
      this.#tell("accept", "to-client", false);
      this.#halves["to-server"].release("connecting");
    });
  }

  async #follow(direction: Direction): Promise<void> {
    const socket = this.#sockets[direction];
    socket.setNoDelay(true);
    socket.on("error", () => {}); // "close" follows
    await new Promise<void>((resolve) => {
      socket.once("close", (hadError) => {
        this.#onClose(direction, hadError);
        resolve();
      });
    });
  }

  /** A socket is gone. Unless both its directions had ended, the other side is told when that has crossed. */
  #onClose(direction: Direction, hadError: boolean): void {
    const socket = this.#sockets[direction];
    clearTimeout(this.#connectTimer);
    this.#halves[opposite(direction)].stop();
    const isRefused = direction === "to-client" && this.#state === "connecting";
    if (isRefused) this.#tell("refuse", "to-client", false);
    if (hadError || isRefused || !socket.readableEnded || !socket.writableFinished) {
      this.#halves[direction].sourceReset();
    }
    // A server that was never asked is asked no more.
    if (direction === "to-server" && this.#state === "waiting") this.#sockets["to-client"].destroy();
  }

  #model(direction: Direction): StreamModel {
    const { impairments, random, number } = this.#options;
    return new StreamModel(impairments[direction], random.fork(`connection ${number} ${direction}`));
  }

  #half(direction: Direction): TcpHalf {
    const { queue, bufferBytes, impairments, onImpaired } = this.#options;
    let sent = 0;
    let arrived = 0;
    return new TcpHalf({
      source: this.#sockets[direction],
      sink: this.#sockets[opposite(direction)],
      model: this.#models[direction],
      queue,
      bufferBytes,
      apart: impairments[direction].segmentBytes !== undefined,
      onSent: (bytes) => {
        this.#tell("bytes", direction, false, performance.now(), sent, bytes);
        sent += bytes.length;
      },
      onArrived: (bytes, sentAt) => {
        this.#tell("bytes", direction, true, sentAt, arrived, bytes);
        arrived += bytes.length;
      },
      onImpaired: (how) => onImpaired(direction, how),
      onWord: (word, hasArrived, sentAt) => {
        // The refusal was told; the client that is reset for it is told of when it is.
        if (word === "end" || hasArrived || this.#state === "open") this.#tell(word, direction, hasArrived, sentAt);
      },
    });
  }

  #tell(
    what: TcpHappening["what"],
    direction: Direction,
    arrived: boolean,
    sentAt: number = performance.now(),
    offset = 0,
    bytes: Uint8Array = none,
  ): void {
    this.#options.onHappening({ connection: this, what, direction, arrived, sentAt, offset, bytes });
  }
}
