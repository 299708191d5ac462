/** Programs at the ends of a TCP proxy. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** One end of a connection, which keeps what it hears. */
export class TcpPeer implements AsyncDisposable {
  readonly socket: Socket;
  readonly chunks: Buffer[] = [];
  /** How it ended: an error's code, or `closed`. */
  readonly closed: Promise<string>;
  hasEnded = false;

  constructor(socket: Socket) {
    this.socket = socket;
    let code = "closed";
    socket.on("data", (chunk: Buffer) => this.chunks.push(chunk));
    socket.on("end", () => {
      this.hasEnded = true;
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      code = error.code ?? "error";
    });
    this.closed = new Promise((resolve) => socket.once("close", () => resolve(code)));
  }

  static async connect(port: number): Promise<TcpPeer> {
    const peer = new TcpPeer(connect({ port, host: "127.0.0.1", allowHalfOpen: true }));
    await once(peer.socket, "connect");
    return peer;
  }

  get heard(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get text(): string {
    return this.heard.toString();
  }

  /** Until what was heard satisfies `condition`, or the connection is over. */
  async until(condition: (heard: Buffer) => boolean): Promise<Buffer> {
    while (!condition(this.heard) && !this.socket.destroyed) {
      await new Promise<void>((resolve) => {
        this.socket.once("data", () => resolve());
        this.socket.once("close", () => resolve());
      });
    }
    return this.heard;
  }

  async ended(): Promise<Buffer> {
    if (!this.hasEnded) await once(this.socket, "end");
    return this.heard;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }
}

/** A server that hands out its ends of connections. */
export class TcpServer implements AsyncDisposable {
  readonly peers: TcpPeer[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(take: (peer: TcpPeer) => void = () => {}): Promise<TcpServer> {
    const server = createServer({ allowHalfOpen: true });
    const one = new TcpServer(server);
    server.on("connection", (socket) => {
      const peer = new TcpPeer(socket);
      one.peers.push(peer);
      take(peer);
      server.emit("taken");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return one;
  }

  /** Sends back what it is sent, and ends when the client does. */
  static async echo(): Promise<TcpServer> {
    return await TcpServer.open(({ socket }) => {
      socket.pipe(socket);
    });
  }

  get port(): number {
    return (this.#server.address() as { readonly port: number }).port;
  }

  /** The server's end of its connection number `index`, once it is there. */
  async peer(index = 0): Promise<TcpPeer> {
    for (;;) {
      const one = this.peers[index];
      if (one !== undefined) return one;
      await once(this.#server, "taken");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const { socket } of this.peers) socket.destroy();
    await closed;
  }
}
