/** One connection of a simulated client: what node/connection.ts is over a socket, over a link of the simulator. */
import type { NodeInput, NodeOutput } from "@lab/simnet";
import type { ClientInput, ClientOutput, ClientSession, HftpError, Request } from "../../src/core/index.js";

export type Delivered =
  | Extract<ClientOutput, { readonly type: "names" | "reply" | "failed" }>
  | { readonly type: "data"; readonly id: number; readonly chunk: Uint8Array };

export interface StreamListener {
  output(output: Delivered): void;
  /** The connection is of no use any more. Told once. */
  lost(error: HftpError | undefined): void;
}

export class ClientStream {
  readonly connection: number;
  readonly #session: ClientSession;
  readonly #listener: StreamListener;
  readonly #inputs: ClientInput[] = [];
  #running = false;
  #lost = false;
  #gone = false;

  constructor(connection: number, session: ClientSession, listener: StreamListener) {
    this.connection = connection;
    this.#session = session;
    this.#listener = listener;
  }

  /** The world hears and says nothing more of this connection. */
  get isGone(): boolean {
    return this.#gone;
  }

  nextDeadline(): number | undefined {
    return this.#gone ? undefined : this.#session.nextDeadline();
  }

  /** What the simulator tells of this connection. */
  take(now: number, input: NodeInput, out: NodeOutput[]): void {
    switch (input.type) {
      case "connected":
      case "end":
        return this.#input(now, { type: input.type }, out);
      case "bytes": {
        const chunk = new Uint8Array(input.bytes); // slice() of a Buffer would be no copy
        this.#input(now, { type: "bytes", chunk }, out);
        chunk.fill(0x21); // as a socket that reads into the same buffer again
        return;
      }
      case "failed":
      case "closed":
        this.#gone = true;
        return this.#closed(now, new Error(input.why), out);
    }
  }

  request(now: number, id: number, request: Request, out: NodeOutput[]): void {
    this.#input(now, { type: "request", id, request }, out);
  }

  pause(now: number, out: NodeOutput[]): void {
    if (this.#gone) return;
    out.push({ type: "pause", connection: this.connection });
    this.#input(now, { type: "paused" }, out);
  }

  resume(now: number, out: NodeOutput[]): void {
    if (this.#gone) return;
    this.#input(now, { type: "resumed" }, out);
    if (!this.#gone) out.push({ type: "resume", connection: this.connection });
  }

  /** Drops the connection; requests without a reply fail. */
  destroy(now: number, out: NodeOutput[]): void {
    if (this.#gone) return;
    this.#drop(out);
    this.#closed(now, undefined, out);
  }

  tick(now: number, out: NodeOutput[]): void {
    if ((this.nextDeadline() ?? Number.POSITIVE_INFINITY) <= now) this.#input(now, { type: "tick" }, out);
  }

  #closed(now: number, error: Error | undefined, out: NodeOutput[]): void {
    this.#input(now, { type: "closed", ...(error && { error }) }, out);
    this.#lose(undefined);
  }

  /** What a listener asks for in a callback waits until all outputs are performed. */
  #input(now: number, input: ClientInput, out: NodeOutput[]): void {
    this.#inputs.push(input);
    if (this.#running) return;
    this.#running = true;
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      this.#perform(now, this.#session.handle(now, next), out);
    }
    this.#running = false;
  }

  #perform(now: number, outputs: readonly ClientOutput[], out: NodeOutput[]): void {
    const { connection } = this;
    for (const output of outputs) {
      switch (output.type) {
        case "send":
          if (!this.#gone) out.push({ type: "write", connection, bytes: output.bytes });
          break;
        case "body": {
          const { id, encoding, bytes } = output;
          const text = Buffer.from(output.chunk); // a copy: the chunk is scribbled over
          const chunk = encoding === "raw" ? text : Buffer.from(text.toString("latin1"), "base64");
          if (chunk.length !== bytes) {
            return this.#perform(now, this.#session.handle(now, { type: "undecodable", id }), out);
          }
          this.#listener.output({ type: "data", id, chunk });
          break;
        }
        case "end":
          if (!this.#gone) out.push({ type: "end", connection });
          this.#lose(undefined);
          break;
        case "destroy":
          this.#drop(out);
          this.#lose(output.error);
          break;
        default:
          this.#listener.output(output);
      }
    }
  }

  #drop(out: NodeOutput[]): void {
    if (this.#gone) return;
    this.#gone = true;
    out.push({ type: "reset", connection: this.connection });
  }

  #lose(error: HftpError | undefined): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#listener.lost(error);
  }
}
