/** The other ends of a server's connections: what they were sent is decoded, and what they say encoded. */
import { FrameDecoder } from "@lab/framing/core";
import { macOf } from "../../src/core/auth.js";
import { decodeServerMessage, encode } from "../../src/core/codec.js";
import type {
  Auth,
  Bid,
  ClientMessage,
  Execute,
  Hello,
  NeededInput,
  Quote,
  Refuse,
  ServerMessage,
} from "../../src/core/messages.js";
import { encodeV1, V1Decoder } from "../../src/core/v1-codec.js";
import type { V1Event, V1Message } from "../../src/core/v1-messages.js";
import { bytesOf, plainPlatform, sha256, textOf } from "./fake-platform.js";
import type { Rig } from "./rig.js";

export const NONCE: Uint8Array = new Uint8Array(32).fill(7);
export const HELLO: Hello = { type: "HELLO", version: 2, features: 0, nonce: NONCE };
export const AUTH: Auth = { type: "AUTH", mac: new Uint8Array(32) };

/** PING and PONG, and both streams, share a type each. */
type Said<Type extends ServerMessage["type"]> = ServerMessage extends infer One
  ? One extends { readonly type: infer Types }
    ? Type extends Types
      ? One
      : never
    : never
  : never;

/** A file as a QUOTE names it. */
export const needed = (content: string | Uint8Array): NeededInput => {
  const bytes = typeof content === "string" ? bytesOf(content) : content;
  return { digest: sha256(bytes), size: bytes.length };
};

abstract class End {
  protected readonly rig: Rig;
  readonly id: number;
  closed: string | undefined;
  isPaused = false;
  isCut = false;
  /** It does not read what it is sent. */
  isDeaf = false;
  sentBytes = 0;

  constructor(rig: Rig, id: number) {
    this.rig = rig;
    this.id = id;
  }

  take(bytes: Uint8Array): void {
    if (this.closed !== undefined) throw new Error(`connection ${this.id} is sent to after it was closed`);
    if (this.isCut) throw new Error(`connection ${this.id} is sent to after it was gone`);
    this.sentBytes += bytes.length;
    if (!this.isDeaf) this.read(bytes);
  }

  hungUp(why: string): void {
    if (this.closed !== undefined) throw new Error(`connection ${this.id} is closed twice`);
    this.closed = why;
  }

  /** As one read. */
  write(...chunks: Uint8Array[]): this {
    const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
    let at = 0;
    for (const chunk of chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    this.rig.tell({ type: "data", connection: this.id, bytes: whole });
    return this;
  }

  full(): this {
    this.rig.tell({ type: "full", connection: this.id });
    return this;
  }

  drained(): this {
    this.rig.tell({ type: "drained", connection: this.id });
    return this;
  }

  cut(): void {
    this.isCut = true;
    this.rig.tell({ type: "closed", connection: this.id });
  }

  protected abstract read(bytes: Uint8Array): void;
}

export class Peer extends End {
  readonly received: ServerMessage[] = [];
  readonly #decoder = new FrameDecoder({ maxFrameBytes: 64 * 1024 * 1024 });

  protected read(bytes: Uint8Array): void {
    for (const frame of this.#decoder.push(bytes)) {
      const message = decodeServerMessage(frame.slice());
      if (message !== undefined) this.received.push(message);
    }
  }

  say(...messages: ClientMessage[]): this {
    return this.write(...messages.map((message) => encode(message)));
  }

  opens(secret?: Uint8Array): this {
    this.say(HELLO);
    const challenge = this.last("CHALLENGE");
    if (secret === undefined) return this.say(AUTH);
    return this.say({ type: "AUTH", mac: macOf("client", secret, NONCE, challenge.nonce, 2, 2, plainPlatform()) });
  }

  of<Type extends ServerMessage["type"]>(type: Type): Said<Type>[] {
    return this.received.filter((message) => message.type === type) as Said<Type>[];
  }

  last<Type extends ServerMessage["type"]>(type: Type): Said<Type> {
    const message = this.of(type).at(-1);
    if (message === undefined) throw new Error(`no ${type} among ${this.types.join(" ")}`);
    return message;
  }

  /** What it was sent, but for heartbeats. */
  get types(): string[] {
    return this.received.filter(({ type }) => type !== "PING").map(({ type }) => type);
  }

  get bye(): string | undefined {
    return this.of("BYE")[0]?.code;
  }

  ask(actionId: number, changes: Partial<Quote> = {}): Bid | Refuse {
    const before = this.received.length;
    const quote = { command: "make", kind: "make", workMs: 0, inputs: [], resources: [] };
    this.say({ type: "QUOTE", actionId, ...quote, ...changes });
    const answer = this.received.slice(before).find(({ type }) => type === "BID" || type === "REFUSE");
    if (answer === undefined) throw new Error(`no answer to a QUOTE, but ${this.bye}`);
    return answer as Bid | Refuse;
  }

  bid(actionId: number, changes: Partial<Quote> = {}): Bid {
    const answer = this.ask(actionId, changes);
    if (answer.type !== "BID") throw new Error(`refused: ${answer.reason} ${answer.text}`);
    return answer;
  }

  /** In pieces of so many bytes. */
  send(actionId: number, content: string | Uint8Array, digest?: string, step = 65_536): this {
    const bytes = typeof content === "string" ? bytesOf(content) : content;
    let offset = 0;
    do {
      this.piece(actionId, bytes, offset, Math.min(bytes.length, offset + step), digest);
      offset += step;
    } while (offset < bytes.length);
    return this;
  }

  /** The part of a file from `start` to `end`. */
  piece(actionId: number, bytes: Uint8Array, start: number, end: number, digest: string = sha256(bytes)): this {
    const last = end === bytes.length;
    const body = bytes.subarray(start, end);
    return this.say({ type: "BLOB", actionId, digest, size: bytes.length, offset: start, last, body });
  }

  execute(actionId: number, reservation: number, changes: Partial<Execute> = {}): this {
    const order = { command: "make", timeoutMs: 0, inputs: [], outputs: [] };
    return this.say({ type: "EXECUTE", actionId, reservation, ...order, ...changes });
  }

  /** A bid and its EXECUTE. */
  start(actionId: number, changes: Partial<Quote> = {}, order: Partial<Execute> = {}): this {
    const { reservation } = this.bid(actionId, changes);
    return this.execute(actionId, reservation, { command: changes.command ?? "make", ...order });
  }

  /** A stream of an action, whole. */
  printed(type: "STDOUT" | "STDERR", actionId: number): string {
    let text = "";
    let at = 0;
    for (const message of this.of(type)) {
      if (message.actionId !== actionId) continue;
      if (message.offset !== at) throw new Error(`${type} at ${message.offset}, not at ${at}`);
      at += message.body.length;
      text += textOf(message.body);
    }
    return text;
  }
}

export class V1Peer extends End {
  readonly events: V1Event[] = [];
  readonly #dialect: "v1-4" | "v1-8";
  readonly #decoder: V1Decoder;
  body = "";

  constructor(rig: Rig, id: number, dialect: "v1-4" | "v1-8") {
    super(rig, id);
    this.#dialect = dialect;
    const max = 2 ** 40;
    this.#decoder = new V1Decoder(dialect, "server", { maxFileBytes: max, maxStringBytes: max });
  }

  protected read(bytes: Uint8Array): void {
    for (const event of this.#decoder.read(bytes)) {
      if (event.type === "BODY") this.body += textOf(event.bytes);
      else if (event.type !== "BODY_END") this.events.push(event);
    }
  }

  says(message: V1Message): this {
    return this.write(encodeV1(this.#dialect, message));
  }

  file(name: string, content: string | Uint8Array): this {
    const bytes = typeof content === "string" ? bytesOf(content) : content;
    this.says({ type: "SEND_FILE", name, size: bytes.length });
    return bytes.length > 0 ? this.write(bytes) : this;
  }

  executes(command: string): this {
    return this.says({ type: "EXECUTE", command });
  }
}
