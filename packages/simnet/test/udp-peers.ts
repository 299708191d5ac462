/** Programs at the ends of a UDP proxy. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

/** A UDP socket of this machine that keeps what it hears. */
export class UdpPeer implements AsyncDisposable {
  readonly heard: Buffer[] = [];
  /** Ports from which something came, in order, each once. */
  readonly ports: Set<number> = new Set();
  readonly #socket: Socket;
  readonly #waiting = new Set<() => void>();
  #isClosed = false;

  private constructor(socket: Socket, answer: ((bytes: Buffer) => Buffer | undefined) | undefined) {
    this.#socket = socket;
    socket.on("message", (bytes, { port, address }) => {
      this.heard.push(bytes);
      this.ports.add(port);
      const reply = answer?.(bytes);
      if (reply !== undefined) socket.send(reply, port, address);
      for (const wake of this.#waiting) wake();
    });
    socket.on("error", () => {});
  }

  /** @param answer what is sent back to whoever sent something; undefined: nothing */
  static async open(answer?: (bytes: Buffer) => Buffer | undefined, port = 0, host = "127.0.0.1"): Promise<UdpPeer> {
    const socket = createSocket({ type: host.includes(":") ? "udp6" : "udp4", recvBufferSize: 4 * 1024 * 1024 });
    socket.bind(port, host);
    await once(socket, "listening");
    return new UdpPeer(socket, answer);
  }

  static async echo(port = 0): Promise<UdpPeer> {
    return await UdpPeer.open((bytes) => bytes, port);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  async send(port: number, ...datagrams: readonly (Uint8Array | string)[]): Promise<void> {
    for (const one of datagrams) {
      const bytes = typeof one === "string" ? Buffer.from(one) : one;
      await new Promise<void>((resolve, reject) =>
        this.#socket.send(bytes, port, "127.0.0.1", (error) => (error === null ? resolve() : reject(error))),
      );
    }
  }

  /** Until so much was heard in all. */
  async hears(count: number): Promise<readonly Buffer[]> {
    await this.until(() => this.heard.length >= count);
    return this.heard;
  }

  /** Looks at `condition` whenever something is heard. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
      });
    }
  }

  /** What was heard, as text. */
  get texts(): string[] {
    return this.heard.map(String);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }
}
