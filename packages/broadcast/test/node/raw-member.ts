/** A peer that says what it likes: frames by hand, over a socket that is read or not. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { FrameDecoder } from "@lab/framing/core";
import { decode, encode, type Hello, type Message } from "../../src/core/index.js";

export class RawMember implements AsyncDisposable {
  readonly socket: Socket;
  /** Every message that came. */
  readonly seen: Message[] = [];
  readonly closed: Promise<void>;
  /** Takes what comes from now on, instead of `seen`. */
  onMessage: ((message: Message) => void) | undefined;
  readonly #waiting = new Set<() => void>();

  private constructor(address: string) {
    const [host, port] = address.split(":");
    const decoder = new FrameDecoder({ maxFrameBytes: 16 * 1024 * 1024 });
    this.socket = connect({ host, port: Number(port), noDelay: true });
    this.socket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      this.socket.once("close", () => {
        this.#wake();
        resolve();
      });
    });
    this.socket.on("data", (chunk) => {
      for (const payload of decoder.push(chunk)) {
        const message = decode(payload, "server");
        if (this.onMessage === undefined) this.seen.push(message);
        else this.onMessage(message);
      }
      this.#wake();
    });
  }

  static async connect(address: string): Promise<RawMember> {
    const member = new RawMember(address);
    await Promise.race([once(member.socket, "connect").catch(() => {}), member.closed]);
    return member;
  }

  /** One that said HELLO, and was welcomed. */
  static async join(address: string, hello: Partial<Hello> = {}): Promise<RawMember> {
    const member = await RawMember.connect(address);
    member.say(helloOf(hello));
    await member.message("welcome");
    return member;
  }

  say(message: Message): void {
    this.socket.write(encode(message));
  }

  /** The first message of a type, past or future. */
  async message<Type extends Message["type"]>(type: Type): Promise<Extract<Message, { readonly type: Type }>> {
    for (;;) {
      const found = this.seen.find((one) => one.type === type);
      if (found !== undefined) return found as Extract<Message, { readonly type: Type }>;
      if (this.socket.closed) throw new Error(`the connection ended without a ${type}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

export function helloOf(parts: Partial<Hello> = {}): Hello {
  return {
    type: "hello",
    observer: false,
    stable: false,
    clientId: parts.observer === true ? new Uint8Array(16) : new Uint8Array(randomBytes(16)),
    token: new Uint8Array(16),
    room: "main",
    name: "raw",
    epoch: 0,
    last: 0,
    start: "live",
    from: 0,
    window: 16_384,
    ...parts,
  };
}
