/** Where steps call back: a listener that knows which calls are awaited, each by a pass of 128 bits that is used once. */
import { randomBytes } from "node:crypto";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

export type CallName = "c" | "o" | "e";

/** Three connections that one step is to make. */
export interface AwaitedStep {
  readonly pass: string;
  called(name: CallName, socket: Socket): void;
}

const FIRST_LINE_MS = 5_000;
const PASS_BYTES = 16;
const LINE = /^([0-9a-f]{32}) ([coe])$/;
const LINE_BYTES = 2 * PASS_BYTES + 2;
/** Connections that have not said yet who they are. */
const MOST_STRANGERS = 256;

export class Callbacks {
  readonly #server: Server;
  readonly #awaited = new Map<string, { readonly step: AwaitedStep; readonly names: Set<string> }>();
  readonly #strangers = new Set<Socket>();
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => this.#meet(socket));
  }

  static async listen(host: string): Promise<Callbacks> {
    const server = createServer({ noDelay: true, pauseOnConnect: false, allowHalfOpen: false });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen({ host, port: 0, backlog: 1_024 }, resolve);
    });
    server.removeAllListeners("error");
    server.on("error", () => {}); // a connection that was not accepted: its step says so
    return new Callbacks(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Each name is taken once, until `forget`. */
  await(called: AwaitedStep["called"]): string {
    const pass = randomBytes(PASS_BYTES).toString("hex");
    this.#awaited.set(pass, { step: { pass, called }, names: new Set() });
    return pass;
  }

  /** Who comes with it now is turned away. */
  forget(pass: string): void {
    this.#awaited.delete(pass);
  }

  /** Whoever is still connected is so no more. */
  async close(): Promise<void> {
    this.#awaited.clear();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #meet(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {}).once("close", () => this.#sockets.delete(socket));
    if (this.#strangers.size >= MOST_STRANGERS) {
      socket.destroy();
      return;
    }
    this.#strangers.add(socket);
    const timer = setTimeout(() => socket.destroy(), FIRST_LINE_MS);
    const left = (): void => {
      clearTimeout(timer);
      this.#strangers.delete(socket);
    };
    socket.once("close", left);
    const read = (): void => {
      // Whatever is behind the line stays where it is, for whom the line names.
      const bytes: Buffer | null = socket.read(LINE_BYTES + 1);
      if (bytes === null) return;
      socket.removeListener("readable", read).removeListener("close", left);
      left();
      this.#introduced(socket, bytes.toString("latin1"));
    };
    socket.on("readable", read);
    read();
  }

  #introduced(socket: Socket, line: string): void {
    const [, pass = "", name = ""] = (line.endsWith("\n") ? LINE.exec(line.slice(0, -1)) : null) ?? [];
    const awaited = this.#awaited.get(pass);
    if (awaited === undefined || awaited.names.has(name)) {
      socket.destroy();
      return;
    }
    awaited.names.add(name);
    awaited.step.called(name as CallName, socket);
  }
}
