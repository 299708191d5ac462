/** A server machine and its clients without sockets: what each connection was sent is decoded, and what it says encoded. */

import { createHmac, timingSafeEqual } from "node:crypto";
import { FrameDecoder } from "@lab/framing/core";
import { Random } from "@lab/simnet";
import { decode, encode } from "../../src/core/codec.js";
import type { Entry, Hello, Message, Welcome } from "../../src/core/messages.js";
import type { Platform } from "../../src/core/platform.js";
import type { ServerEvent, ServerInput, ServerOutput } from "../../src/core/server-contract.js";
import { ServerMachine } from "../../src/core/server-machine.js";
import type { ServerMachineOptions } from "../../src/core/server-options.js";

export function plainPlatform(seed: number | string = 1): Platform {
  const random = new Random(seed);
  return {
    randomBytes: (length) => random.bytes(length),
    hmacSha256: (key, data) => new Uint8Array(createHmac("sha256", key).update(data).digest()),
    equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
  };
}

export const id = (digit: number): Uint8Array => new Uint8Array(16).fill(digit);
export const NO_TOKEN: Uint8Array = new Uint8Array(16);
export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
export const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);

export function hello(digit: number, changes: Partial<Hello> = {}): Hello {
  return {
    type: "hello",
    observer: false,
    stable: false,
    clientId: id(digit),
    token: NO_TOKEN,
    room: "main",
    name: `n${digit}`,
    epoch: 0,
    last: 0,
    start: "live",
    from: 0,
    window: 100_000,
    ...changes,
  };
}

export const observer = (changes: Partial<Hello> = {}): Hello =>
  hello(0, { observer: true, name: "", start: "all", ...changes });

/** The other end of a connection. */
export class Peer {
  readonly received: Message[] = [];
  readonly #decoder = new FrameDecoder({ maxFrameBytes: 17 * 1024 * 1024 });
  readonly #rig: Rig;
  readonly id: number;
  closed: string | undefined;
  paused = false;
  /** Bytes that were sent to it. */
  sentBytes = 0;

  constructor(rig: Rig, id: number) {
    this.#rig = rig;
    this.id = id;
  }

  take(bytes: Uint8Array): void {
    if (this.closed !== undefined) throw new Error(`connection ${this.id} is sent to after it was closed`);
    this.sentBytes += bytes.length;
    for (const frame of this.#decoder.push(bytes)) this.received.push(decode(frame.slice(), "server"));
  }

  say(...messages: Message[]): this {
    return this.write(...messages.map((message) => encode(message)));
  }

  /** As one read. */
  write(...chunks: Uint8Array[]): this {
    this.#rig.handle({ type: "data", connection: this.id, bytes: join(chunks) });
    return this;
  }

  publish(first: number, ...payloads: (string | Uint8Array)[]): this {
    return this.say({ type: "publish", firstClientSeq: first, payloads: payloads.map(asBytes) });
  }

  ack(last: number, window = 100_000): this {
    return this.say({ type: "ack", last, window });
  }

  full(): this {
    this.#rig.handle({ type: "full", connection: this.id });
    return this;
  }

  drained(): this {
    this.#rig.handle({ type: "drained", connection: this.id });
    return this;
  }

  cut(): void {
    this.#rig.handle({ type: "closed", connection: this.id });
  }

  of<Type extends Message["type"]>(type: Type): Extract<Message, { type: Type }>[] {
    return this.received.filter((message) => message.type === type) as Extract<Message, { type: Type }>[];
  }

  get welcome(): Welcome {
    const [welcome] = this.of("welcome");
    if (welcome === undefined) throw new Error(`no WELCOME, but ${JSON.stringify(this.received)}`);
    return welcome;
  }

  get closeCode(): string | undefined {
    return this.of("close")[0]?.code;
  }

  /** All entries of its BATCHes, by number; a repeat is an error. */
  entries(): Map<number, Entry> {
    const entries = new Map<number, Entry>();
    for (const { first, entries: some } of this.of("batch")) {
      for (const [i, entry] of some.entries()) {
        if (entries.has(first + i)) throw new Error(`${first + i} was sent twice`);
        entries.set(first + i, entry);
      }
    }
    return entries;
  }

  /** Its entries as `number:text` or `number:kind`. */
  log(): string[] {
    return Array.from(
      this.entries(),
      ([number, { kind, bytes }]) => `${number}:${kind === "message" ? text(bytes) : kind}`,
    );
  }

  pubacks(): string[] {
    return this.of("puback").map(
      ({ clientSeq, number, code }) => `${clientSeq}@${number}${code === "ok" ? "" : ` ${code}`}`,
    );
  }
}

export class Rig {
  /** What every rig is made with: the shipped machine, or for a while one with a bug. */
  static Machine: new (now: number, options: ServerMachineOptions, platform: Platform) => ServerMachine = ServerMachine;

  now = 0;
  readonly machine: ServerMachine;
  readonly outputs: ServerOutput[] = [];
  readonly peers: Map<number, Peer> = new Map();
  #connections = 0;

  constructor(options: ServerMachineOptions = {}, seed: number | string = 1, platform: Platform = plainPlatform(seed)) {
    this.machine = new Rig.Machine(0, options, platform);
  }

  get events(): ServerEvent[] {
    return this.outputs.flatMap((output) => (output.type === "event" ? [output.event] : []));
  }

  eventsOf<Type extends ServerEvent["type"]>(type: Type): Extract<ServerEvent, { type: Type }>[] {
    return this.events.filter((event) => event.type === type) as Extract<ServerEvent, { type: Type }>[];
  }

  outputsOf<Type extends ServerOutput["type"]>(type: Type): Extract<ServerOutput, { type: Type }>[] {
    return this.outputs.filter((output) => output.type === type) as Extract<ServerOutput, { type: Type }>[];
  }

  /** What was not asked for before. */
  newOutputsOf<Type extends ServerOutput["type"]>(type: Type): Extract<ServerOutput, { type: Type }>[] {
    const all = this.outputsOf(type);
    const seen = this.#seen.get(type) ?? 0;
    this.#seen.set(type, all.length);
    return all.slice(seen);
  }
  readonly #seen = new Map<string, number>();

  handle(input: ServerInput): ServerOutput[] {
    const outputs = this.machine.handle(this.now, input);
    for (const output of outputs) this.#perform(output);
    return outputs;
  }

  #perform(output: ServerOutput): void {
    this.outputs.push(output);
    if (output.type === "send") this.#peer(output.connection).take(output.bytes);
    if (output.type === "sendAll")
      for (const connection of output.connections) this.#peer(connection).take(output.bytes);
    if (output.type === "close") this.#peer(output.connection).closed = output.why;
    if (output.type === "pause") this.#peer(output.connection).paused = true;
    if (output.type === "resume") this.#peer(output.connection).paused = false;
  }

  #peer(connection: number): Peer {
    const peer = this.peers.get(connection);
    if (peer === undefined) throw new Error(`no connection ${connection}`);
    return peer;
  }

  connect(): Peer {
    const peer = new Peer(this, ++this.#connections);
    this.peers.set(peer.id, peer);
    this.handle({ type: "opened", connection: peer.id });
    return peer;
  }

  join(digit: number, changes: Partial<Hello> = {}): Peer {
    return this.connect().say(hello(digit, changes));
  }

  observe(changes: Partial<Hello> = {}): Peer {
    return this.connect().say(observer(changes));
  }

  /** Time passes; the machine is woken whenever it wants to be. */
  wait(ms: number): this {
    const until = this.now + ms;
    for (let woken = 0; ; woken++) {
      const due = this.machine.nextDeadline();
      if (due === undefined || due > until) break;
      if (woken > 100_000) throw new Error("the machine wants to be woken for ever");
      this.now = Math.max(this.now, due);
      this.handle({ type: "tick" });
    }
    this.now = until;
    return this;
  }
}

export function join(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

function asBytes(payload: string | Uint8Array): Uint8Array {
  return typeof payload === "string" ? bytes(payload) : payload;
}
