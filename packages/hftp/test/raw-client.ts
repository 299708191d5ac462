/** A bare TCP client: bytes out, bytes in, no protocol. */
import { connect, type Socket } from "node:net";

export class RawClient implements AsyncDisposable {
  readonly socket: Socket;
  readonly #parts: Buffer[] = [];
  #length = 0;
  #ended = false;
  #closed = false;
  #error: Error | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#parts.push(chunk);
      this.#length += chunk.length;
      this.#wake();
    });
    socket.on("end", () => {
      this.#ended = true;
      this.#wake();
    });
    socket.on("error", (error) => {
      this.#error = error;
    });
    socket.on("close", () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** Resolves once the connection stands. */
  static async connect(port: number, host = "127.0.0.1"): Promise<RawClient> {
    const socket = connect({ port, host, allowHalfOpen: true });
    const client = new RawClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", () => resolve());
      socket.once("error", reject);
    });
    return client;
  }

  get error(): Error | undefined {
    return this.#error;
  }

  /** Everything received so far, as Latin-1 text. */
  get text(): string {
    return Buffer.concat(this.#parts).toString("latin1");
  }

  get length(): number {
    return this.#length;
  }

  send(data: string | Uint8Array): this {
    this.socket.write(typeof data === "string" ? Buffer.from(data, "latin1") : data);
    return this;
  }

  halfClose(): this {
    this.socket.end();
    return this;
  }

  /** Resolves with all text received once it satisfies the condition; rejects where the stream ends before. */
  async until(condition: (text: string) => boolean): Promise<string> {
    for (;;) {
      const { text } = this;
      if (condition(text)) return text;
      if (this.#ended || this.#closed)
        throw new Error(`the stream ended after ${text.length} bytes: ${text.slice(0, 200)}`);
      await this.#event();
    }
  }

  /** Resolves once so many bytes were received. */
  async atLeast(bytes: number): Promise<void> {
    while (this.#length < bytes) {
      if (this.#ended || this.#closed) throw new Error(`the stream ended after ${this.#length} of ${bytes} bytes`);
      await this.#event();
    }
  }

  /** Resolves with all text received when the server has ended its side or the connection is gone. */
  async end(): Promise<string> {
    while (!this.#ended && !this.#closed) await this.#event();
    return this.text;
  }

  async closed(): Promise<void> {
    while (!this.#closed) await this.#event();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.closed();
  }

  async #event(): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
