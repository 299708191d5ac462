/** The driver of one server session: a socket, a timer, an open file. It decides nothing about the protocol. */
import type { Dir } from "node:fs";
import type { Socket } from "node:net";
import type { ServedRequest, ServerInput, ServerOutput } from "../core/server-messages.js";
import type { ServerSession } from "../core/server-session.js";
import type { BlockPool } from "./block-pool.js";
import { FileSource } from "./file-source.js";
import type { ServedDirectory } from "./served-directory.js";

export interface ConnectionEvents {
  served(request: ServedRequest): void;
  /** The socket is gone; `why` where it did not end in good order. */
  closed(why: string | undefined): void;
}

/** After so long a connection lets the others have their turn; what is left of its work waits for the next round. */
const TURN_MS = 4;

type SendFile = Extract<ServerOutput, { readonly type: "sendFile" }>;

export class ServerConnection {
  readonly #socket: Socket;
  readonly #session: ServerSession;
  readonly #directory: ServedDirectory;
  readonly #pool: BlockPool;
  readonly #events: ConnectionEvents;
  /** Results of effects that the session has not been told yet. */
  readonly #results: ServerInput[] = [];
  #running = false;
  /** The turn was over before the work was: the rest is done in the next round of the event loop. */
  #yielded = false;
  /** What this turn has to write: base64 and status lines as Latin-1 text, which Node writes fastest, raw bytes as they are. */
  #parts: (string | Uint8Array)[] = [];
  #source: FileSource | undefined;
  #listing: Dir | undefined;
  #gone = false;
  #why: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(
    socket: Socket,
    session: ServerSession,
    directory: ServedDirectory,
    pool: BlockPool,
    events: ConnectionEvents,
  ) {
    this.#socket = socket;
    this.#session = session;
    this.#directory = directory;
    this.#pool = pool;
    this.#events = events;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.handle({ type: "bytes", chunk }));
    socket.on("end", () => this.handle({ type: "end" }));
    socket.on("drain", () => this.handle({ type: "drained" }));
    socket.on("error", (error) => {
      this.#why ??= error.message; // `close` follows
    });
    socket.on("close", () => this.#closed());
  }

  /** Hands an input to the session and does what it answers, until there is nothing left to do or its turn is over. */
  handle(input: ServerInput): void {
    if (this.#gone) return;
    // Between turns too what was sent is told before it is told that the network took it.
    if (this.#running || (this.#yielded && input.type === "drained")) {
      this.#results.push(input);
      return;
    }
    this.#running = true;
    this.#step(performance.now(), input);
    this.#running = false;
    if (this.#yielded) this.#arm();
    else this.#continue();
  }

  #step(now: number, input: ServerInput): void {
    for (const output of this.#session.handle(now, input)) this.#perform(output);
  }

  /** Hands in the results of effects, which have new effects, until all is done or the turn is over. */
  #takeTurn(): void {
    const until = performance.now() + TURN_MS;
    for (;;) {
      const result = this.#results.shift();
      if (result === undefined) {
        this.#flush();
        if (this.#results.length === 0) return;
        continue;
      }
      const now = performance.now();
      this.#step(now, result);
      if (now > until) break;
    }
    this.#flush();
    this.#yielded = true;
    setImmediate(() => {
      this.#yielded = false;
      this.#continue();
    });
  }

  /** Goes on with results that came, or were left, outside a turn. */
  #continue(): void {
    if (this.#gone || this.#running || this.#yielded) return;
    this.#running = true;
    this.#takeTurn();
    this.#running = false;
    this.#arm();
  }

  /** Drops the connection, whatever it is doing. */
  destroy(why: string): void {
    this.#why ??= why;
    this.#socket.destroy();
  }

  #perform(output: ServerOutput): void {
    switch (output.type) {
      case "send":
        this.#parts.push(latin1(output.bytes));
        break;
      case "sendFile":
        this.#sendFile(output);
        break;
      case "stat":
        this.#results.push({ type: "file", id: output.id, file: this.#directory.stat(output.name) });
        break;
      case "open": {
        const { file, descriptor } = this.#directory.open(output.name);
        if (descriptor !== undefined) this.#source = new FileSource(descriptor, this.#pool);
        this.#results.push({ type: "file", id: output.id, file });
        break;
      }
      case "list":
        this.#list(output.id, output.max);
        break;
      case "release":
        this.#release();
        break;
      case "pause":
        this.#socket.pause();
        break;
      case "resume":
        this.#socket.resume();
        break;
      case "end":
        this.#flush();
        this.#socket.end();
        break;
      case "destroy":
        this.destroy(output.why);
        break;
      case "served":
        this.#events.served(output.request);
    }
  }

  #sendFile(piece: SendFile): void {
    try {
      const bytes = this.#source?.take(piece);
      if (bytes === undefined) void this.#loadAndSend(piece);
      else this.#sendPiece(piece, bytes);
    } catch (error) {
      this.#results.push({ type: "effectFailed", id: piece.id, why: (error as Error).message });
    }
  }

  async #loadAndSend(piece: SendFile): Promise<void> {
    try {
      await this.#source?.load(piece);
    } catch (error) {
      return this.handle({ type: "effectFailed", id: piece.id, why: (error as Error).message });
    }
    if (this.#gone) return;
    const bytes = this.#source?.take(piece);
    if (bytes === undefined) return;
    this.#sendPiece(piece, bytes);
    this.#continue();
  }

  #sendPiece(piece: SendFile, bytes: Buffer): void {
    const tail = bytes.length === piece.length ? latin1(piece.tail) : "";
    if (piece.encoding === "base64") {
      this.#parts.push(latin1(piece.head) + bytes.toString("base64") + tail);
    } else {
      if (piece.head.length > 0) this.#parts.push(piece.head);
      this.#parts.push(Buffer.from(bytes)); // a copy: that memory is used for the next piece before the socket is done
    }
    this.#results.push({ type: "fileSent", id: piece.id, bytes: bytes.length }); // before the `drained` of the flush
    if (bytes.length < piece.remaining) this.#flush(); // large: not joined with what follows
  }

  #list(id: number, max: number): void {
    try {
      this.#listing ??= this.#directory.openListing();
      const { entries, last } = this.#directory.readListing(this.#listing, max);
      this.#results.push({ type: "entries", id, entries, last });
    } catch (error) {
      this.#results.push({ type: "effectFailed", id, why: (error as Error).message });
    }
  }

  #release(): void {
    this.#source?.release();
    this.#source = undefined;
    this.#listing?.closeSync();
    this.#listing = undefined;
  }

  /** Writes what this turn has gathered, and tells the session at once where the network took it all. */
  #flush(): void {
    const parts = this.#parts;
    if (parts.length === 0) return;
    this.#parts = [];
    if (this.#gone || this.#socket.destroyed || this.#socket.writableEnded) return;
    const [first = ""] = parts;
    let below = true;
    if (parts.every((part) => typeof part === "string")) {
      below = this.#socket.write(parts.length === 1 ? first : parts.join(""), "latin1");
    } else {
      this.#socket.cork();
      for (const part of parts)
        below = typeof part === "string" ? this.#socket.write(part, "latin1") : this.#socket.write(part);
      this.#socket.uncork();
    }
    if (below || this.#socket.writableLength === 0) this.#results.push({ type: "drained" }); // else `drain` follows
  }

  /** One timer, set anew only where it would come too late: deadlines move later at every input. */
  #arm(): void {
    const deadline = this.#gone ? undefined : this.#session.nextDeadline();
    if (deadline === undefined) return this.#disarm();
    if (this.#timer !== undefined && this.#timerAt <= deadline) return;
    this.#disarm();
    this.#timerAt = deadline;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.handle({ type: "tick" });
      },
      Math.max(1, Math.ceil(deadline - performance.now())),
    );
    this.#timer.unref();
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  #closed(): void {
    this.handle({ type: "closed" });
    this.#gone = true;
    this.#disarm();
    this.#release();
    this.#events.closed(this.#why);
  }
}

/** Text of ASCII bytes; the short ones, status lines and ends of line, without a trip to native code. */
function latin1(bytes: Uint8Array): string {
  if (bytes.length > 16) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
