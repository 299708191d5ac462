/** A server that is one array: a model to try the client against, with one member and others that only speak. */
import { FrameDecoder } from "@lab/framing/core";
import { decode, type Entry, encode, type Hello, type Publish } from "../../src/core/index.js";
import { TOKEN } from "./scripted.js";

export class ArrayServer {
  /** The whole log; number i + 1 is at i. */
  readonly all: Entry[] = [];
  firstRetained = 1;
  /** Bytes on their way to the server. */
  up: number[] = [];
  #down: number[] = [];
  #decoder = new FrameDecoder();
  #isConnected = false;
  #isOpen = false;
  /** Of the member: the id that has the session, the last client seq and its number. */
  #clientId = "";
  #lastClientSeq = 0;
  #lastNumber = 0;

  get head(): number {
    return this.all.length;
  }

  words(number: number): string {
    const entry = this.all[number - 1];
    return entry === undefined ? "" : `${entry.kind}:${new TextDecoder().decode(entry.bytes)}`;
  }

  connect(): void {
    this.cut();
    this.#isConnected = true;
  }

  cut(): void {
    this.up = [];
    this.#down = [];
    this.#decoder = new FrameDecoder();
    this.#isConnected = false;
    this.#isOpen = false;
  }

  /** Others say something. */
  other(count: number): void {
    const entries = Array.from({ length: count }, (_, index): Entry => {
      const bytes = new TextEncoder().encode(`o${this.head + index}`);
      return { kind: "message", member: 1_000, clientSeq: this.head + index + 1, bytes };
    });
    this.#append(entries);
  }

  trim(keep: number): void {
    this.firstRetained = Math.max(this.firstRetained, this.head - keep + 1);
  }

  /** Takes up to so many bytes of what was sent to it. */
  hear(count: number): void {
    if (!this.#isConnected) return;
    const bytes = new Uint8Array(this.up.splice(0, count));
    for (const payload of this.#decoder.push(bytes)) {
      const message = decode(payload, "client");
      if (message.type === "hello") this.#hello(message);
      else if (message.type === "publish") this.#publish(message);
      else if (message.type === "ping") this.#say(encode({ type: "pong", nonce: message.nonce }));
    }
  }

  /** Up to so many bytes of what it sent. */
  take(count: number): Uint8Array {
    return new Uint8Array(this.#down.splice(0, count));
  }

  #say(frame: Uint8Array): void {
    this.#down.push(...frame);
  }

  #append(entries: readonly Entry[]): void {
    const first = this.head + 1;
    this.all.push(...entries);
    if (this.#isOpen) this.#say(encode({ type: "batch", first, entries }));
  }

  #hello({ clientId, token, epoch, last }: Hello): void {
    const id = Buffer.from(clientId).toString("hex");
    if (token.every((byte) => byte === 0)) {
      // The model has one member: who came before and got no WELCOME said nothing.
      this.#clientId = id;
      this.#append([{ kind: "join", member: 1, clientSeq: 0, bytes: new TextEncoder().encode("a") }]);
    }
    if (id !== this.#clientId) throw new Error("another client id");
    const resumeFrom = epoch === 0 ? 1 : Math.max(last + 1, this.firstRetained);
    const fresh = epoch === 0 ? "fresh" : "resumed";
    const start = epoch === 0 ? this.firstRetained : resumeFrom;
    this.#say(
      encode({
        type: "welcome",
        status: epoch !== 0 && resumeFrom > last + 1 ? "gap" : fresh,
        epoch: 7,
        token: TOKEN,
        member: 1,
        head: this.head,
        firstRetained: this.firstRetained,
        resumeFrom: epoch === 0 ? 1 : start,
        lastClientSeq: this.#lastClientSeq,
        lastNumber: this.#lastNumber,
        ackEvery: 4,
        ackAfterMs: 20,
        heartbeatMs: 5_000,
        maxMessageBytes: 100,
        publishWindow: 7,
        members: [{ member: 1, name: "a" }],
      }),
    );
    if (epoch === 0 && start > 1) this.#say(encode({ type: "gap", from: 1, to: start - 1, reason: "retention" }));
    if (start <= this.head) this.#say(encode({ type: "batch", first: start, entries: this.all.slice(start - 1) }));
    this.#isOpen = true;
  }

  #publish({ firstClientSeq, payloads }: Publish): void {
    const fresh: Entry[] = [];
    for (const [index, bytes] of payloads.entries()) {
      const clientSeq = firstClientSeq + index;
      const next = this.#lastClientSeq + fresh.length + 1;
      if (clientSeq > next) throw new Error(`client seq ${clientSeq} where ${next} is next`);
      if (clientSeq === next) fresh.push({ kind: "message", member: 1, clientSeq, bytes: bytes.slice() });
    }
    if (fresh.length > 0) {
      this.#append(fresh);
      this.#lastClientSeq += fresh.length;
      this.#lastNumber = this.head;
    }
    this.#say(encode({ type: "puback", clientSeq: this.#lastClientSeq, number: this.#lastNumber, code: "ok" }));
  }
}
