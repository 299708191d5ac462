/** Drives one server session in memory, in virtual time: what a socket and a disk would do, without either. */
import { createHash } from "node:crypto";
import type { ServedRequest, ServerInput, ServerSession } from "../../src/core/index.js";
import type { TestDirectory, TestSource } from "./memory-directory.js";

export class Conversation {
  readonly #session: ServerSession;
  readonly #directory: TestDirectory;
  readonly #parts: Uint8Array[] = [];
  readonly #held: ServerInput[] = [];
  #delivering = false;
  #source: TestSource | undefined;
  #listed = 0;
  now = 0;
  /** The server has ended its side. */
  ended = false;
  /** The server has dropped the connection. */
  destroyed = false;
  paused = false;
  /** While true nobody takes what the server sends: `drained` is not told. */
  stalled = false;
  /** Bytes that were sent and not drained; the most at any time. */
  undrained = 0;
  mostUndrained = 0;
  readonly served: ServedRequest[] = [];

  constructor(session: ServerSession, directory: TestDirectory, connected: Partial<ServerInput> = {}) {
    this.#session = session;
    this.#directory = directory;
    this.#handle({ type: "connected", ...connected } as ServerInput);
  }

  /** All bytes that the server has sent, as Latin-1 text. */
  get received(): string {
    return Buffer.concat(this.#parts).toString("latin1");
  }

  /** The client sends; what the session does not want to read yet waits as it would in a socket. */
  send(data: string | Uint8Array): this {
    const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : data;
    this.#held.push({ type: "bytes", chunk: bytes });
    this.#deliver();
    return this;
  }

  /** The client has sent its last byte. */
  halfClose(): this {
    this.#held.push({ type: "end" });
    this.#deliver();
    return this;
  }

  /** The connection is reset. */
  reset(): this {
    this.#handle({ type: "closed" });
    return this;
  }

  shutdown(): this {
    this.#handle({ type: "shutdown" });
    return this;
  }

  /** The client takes all that was sent. */
  drain(): this {
    this.undrained = 0;
    this.#handle({ type: "drained" });
    return this;
  }

  /** When the session wants to be woken, as milliseconds from now on. */
  get wakesIn(): number | undefined {
    const deadline = this.#session.nextDeadline();
    return deadline === undefined ? undefined : deadline - this.now;
  }

  /** Time passes; the session is woken at its deadlines. */
  wait(ms: number): this {
    const until = this.now + ms;
    for (let at = this.#session.nextDeadline(); at !== undefined && at <= until; at = this.#session.nextDeadline()) {
      this.now = Math.max(this.now, at);
      this.#handle({ type: "tick" });
    }
    this.now = until;
    return this;
  }

  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    while (!this.paused && this.#held.length > 0) this.#handle(this.#held.shift() as ServerInput);
    this.#delivering = false;
  }

  #handle(first: ServerInput): void {
    const inputs = [first];
    let sent = false;
    for (let input = inputs.shift(); input !== undefined; input = inputs.shift()) {
      for (const output of this.#session.handle(this.now, input)) {
        switch (output.type) {
          case "send":
            this.#take(output.bytes);
            sent = true;
            break;
          case "stat":
            inputs.push({ type: "file", id: output.id, file: this.#directory.stat(output.name) });
            break;
          case "open": {
            const { file, source } = this.#directory.open(output.name);
            this.#source = source;
            inputs.push({ type: "file", id: output.id, file });
            break;
          }
          case "sendFile":
            try {
              const bytes = this.#source?.read(output.offset, output.length) ?? new Uint8Array(0);
              const text = output.encoding === "base64" ? Buffer.from(bytes).toString("base64") : undefined;
              this.#take(output.head);
              this.#take(text === undefined ? bytes : Buffer.from(text, "latin1"));
              if (bytes.length === output.length) this.#take(output.tail);
              inputs.push({ type: "fileSent", id: output.id, bytes: bytes.length });
              sent = true;
            } catch (error) {
              inputs.push({ type: "effectFailed", id: output.id, why: String(error) });
            }
            break;
          case "list":
            try {
              const all = this.#directory.entries();
              const entries = all.slice(this.#listed, this.#listed + output.max);
              this.#listed += entries.length;
              inputs.push({ type: "entries", id: output.id, entries, last: this.#listed === all.length });
            } catch (error) {
              inputs.push({ type: "effectFailed", id: output.id, why: String(error) });
            }
            break;
          case "release":
            this.#source?.close();
            this.#source = undefined;
            this.#listed = 0;
            break;
          case "pause":
            this.paused = true;
            break;
          case "resume":
            this.paused = false;
            break;
          case "end":
            this.ended = true;
            break;
          case "destroy":
            this.destroyed = true;
            break;
          case "served":
            this.served.push(output.request);
        }
      }
      if (sent && !this.stalled && inputs.length === 0) {
        sent = false;
        this.undrained = 0;
        inputs.push({ type: "drained" });
      }
    }
    this.#deliver();
  }

  #take(bytes: Uint8Array): void {
    this.#parts.push(bytes.slice());
    this.undrained += bytes.length;
    this.mostUndrained = Math.max(this.mostUndrained, this.undrained);
  }
}

/** Long text as a short one, so that a failure can be read: its length, its first and last characters, its digest. */
export function brief(text: string): string {
  if (text.length <= 600) return text;
  const digest = createHash("sha256").update(text, "latin1").digest("hex").slice(0, 16);
  return `${text.slice(0, 120)} ... ${text.slice(-120)} (${text.length} characters, ${digest})`;
}
