/** Small servers over node:net for the tests of the client: sound ones with odd habits, and wrong ones. */
import { createServer, type Server, type Socket } from "node:net";

export class HostileServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets: Set<Socket> = new Set();
  /** Lines that were received, over all connections. */
  readonly lines: string[] = [];
  readonly #waiting: Set<() => void> = new Set();
  connections = 0;
  mostOpen = 0;
  #sequential: boolean;
  #queue: (() => void)[] = [];
  #busy = false;

  /** @param onLine is called with each line of a client, in order, one after another on each connection */
  constructor(
    onLine: (line: string, socket: Socket) => Promise<void> | void,
    options: { readonly sequential?: boolean } = {},
  ) {
    this.#sequential = options.sequential === true;
    this.#server = createServer((socket) => {
      this.connections++;
      this.#sockets.add(socket);
      this.mostOpen = Math.max(this.mostOpen, this.#sockets.size);
      socket.on("error", () => {});
      socket.once("close", () => {
        this.#sockets.delete(socket);
        this.#wake();
      });
      const serve = (): void => this.#serve(socket, onLine);
      if (!this.#sequential) return serve();
      this.#queue.push(serve);
      this.#next();
    });
  }

  static async listen(...of: ConstructorParameters<typeof HostileServer>): Promise<HostileServer> {
    const server = new HostileServer(...of);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get port(): number {
    return (this.#server.address() as { readonly port: number }).port;
  }

  get open(): number {
    return this.#sockets.size;
  }

  /** Resolves when the condition holds; looked at after every line and every close. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: Socket, onLine: (line: string, socket: Socket) => Promise<void> | void): void {
    let text = "";
    let last: Promise<void> = Promise.resolve();
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      for (let end = text.indexOf("\r\n"); end !== -1; end = text.indexOf("\r\n")) {
        const line = text.slice(0, end);
        text = text.slice(end + 2);
        last = last.then(async () => {
          this.lines.push(line);
          await onLine(line, socket);
          this.#wake();
        });
      }
    });
    if (socket.destroyed) return this.#done();
    socket.once("close", () => this.#done());
  }

  /** One client at a time: the next one is not read from before the last has gone. */
  #next(): void {
    if (this.#busy) return;
    const serve = this.#queue.shift();
    if (serve === undefined) return;
    this.#busy = true;
    serve();
  }

  #done(): void {
    if (!this.#sequential) return;
    this.#busy = false;
    this.#next();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** The reply of a sound server of 2019 that serves these files. */
export function soundReply(line: string, files: Readonly<Record<string, Uint8Array>>): string {
  const [command, name = "", offset, size] = line.split(" ");
  if (command === "quit") return "0 OK\r\n";
  if (command === "get_file_listing") {
    const names = Object.keys(files).map((one) => `${one}\r\n`);
    return `0 OK\r\n${names.join("")}\r\n`;
  }
  if (command !== "get_metadata" && command !== "get_slice") return "200 NO SUCH COMMAND\r\n";
  const file = files[name];
  if (file === undefined) return "202 FILE NOT FOUND\r\n";
  if (command === "get_metadata") return `0 OK\r\n${file.length}\r\n`;
  const end = Number(offset) + Number(size);
  if (end > file.length) return "203 OFFSET EXCEEDS FILE SIZE\r\n";
  return `0 OK\r\n${Buffer.from(file.subarray(Number(offset), end)).toString("base64")}\r\n`;
}
