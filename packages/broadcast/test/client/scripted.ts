/** A client machine and a server that says what the test wants it to. */
import { FrameDecoder } from "@lab/framing/core";
import {
  type ClientInput,
  ClientMachine,
  type ClientMachineOptions,
  type ClientOutput,
  decode,
  type Entry,
  encode,
  type Message,
  type Notice,
  type Welcome,
} from "../../src/core/index.js";
import { plainPlatform } from "./plain-platform.js";

export const TOKEN: Uint8Array = Uint8Array.from({ length: 16 }, (_, index) => index + 1);

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A message of member 2, unless told. */
export function message(text: string, member = 2, clientSeq = 1): Entry {
  return { kind: "message", member, clientSeq, bytes: utf8(text) };
}

export class Scripted {
  readonly machine: ClientMachine;
  now = 1_000;
  /** Of the connection that stands. */
  attempt = 0;
  /** What the machine wanted, but for frames. */
  outputs: Exclude<ClientOutput, { type: "send" }>[] = [];
  /** What it said. */
  said: Message[] = [];
  #decoder = new FrameDecoder();

  constructor(options: Partial<ClientMachineOptions> = {}, seed: number | string = 1) {
    this.machine = new ClientMachine({ room: "main", name: "a", ...options }, plainPlatform(seed));
  }

  tell(input: ClientInput): void {
    for (const output of this.machine.handle(this.now, input)) {
      if (output.type === "send") {
        for (const payload of this.#decoder.push(output.bytes)) this.said.push(decode(payload, "client"));
      } else {
        this.outputs.push(output);
        if (output.type === "connect") {
          this.attempt = output.attempt;
          this.#decoder = new FrameDecoder();
        }
      }
    }
  }

  /** Starts, or takes the connection that the machine asked for. */
  connect(): void {
    if (this.attempt === 0) this.tell({ type: "start" });
    this.tell({ type: "connected", attempt: this.attempt });
  }

  server(...messages: Message[]): void {
    const frames = messages.map((one) => encode(one));
    const bytes = new Uint8Array(Buffer.concat(frames));
    this.tell({ type: "data", attempt: this.attempt, bytes });
  }

  welcome(welcome: Partial<Welcome> = {}): void {
    this.server({
      type: "welcome",
      status: "fresh",
      epoch: 7,
      token: TOKEN,
      member: 1,
      head: 0,
      firstRetained: 1,
      resumeFrom: 1,
      lastClientSeq: 0,
      lastNumber: 0,
      ackEvery: 64,
      ackAfterMs: 20,
      heartbeatMs: 5_000,
      maxMessageBytes: 1_000,
      publishWindow: 256,
      members: [{ member: 1, name: "a" }],
      ...welcome,
    });
  }

  /** Connects and is welcome. */
  open(welcome: Partial<Welcome> = {}): void {
    this.connect();
    this.welcome(welcome);
  }

  batch(first: number, ...entries: Entry[]): void {
    this.server({ type: "batch", first, entries });
  }

  publish(id: number, text: string): void {
    this.tell({ type: "publish", id, bytes: utf8(text) });
  }

  /** The connection breaks; the next one is asked for at once, or when its time has come. */
  cut(): void {
    this.tell({ type: "disconnected", attempt: this.attempt, why: "cut" });
    this.wake();
  }

  /** Lets time pass until the machine wants to be woken, and wakes it. */
  wake(): void {
    const deadline = this.machine.nextDeadline();
    if (deadline === undefined) return;
    this.now = Math.max(this.now, deadline);
    this.tell({ type: "tick" });
  }

  /** What it wanted since the last time it was asked. */
  take(): Exclude<ClientOutput, { type: "send" }>[] {
    const taken = this.outputs;
    this.outputs = [];
    return taken;
  }

  takeSaid(): Message[] {
    const taken = this.said;
    this.said = [];
    return taken;
  }

  /** "5:text" for each message that was delivered, "[gap 3-4]" and so on for what came between. */
  story(): string[] {
    return this.take().flatMap((output) => {
      if (output.type === "deliver") {
        return output.entries.map(
          ({ number, kind, bytes }) => `${number}:${kind === "message" ? textOf(bytes) : kind}`,
        );
      }
      return output.type === "notice" ? wordsOf(output.notice) : [];
    });
  }
}

function wordsOf(notice: Notice): string[] {
  if (notice.type === "gap") return [`[gap ${notice.from}-${notice.to} ${notice.reason}]`];
  if (notice.type === "epoch") return [`[epoch ${notice.previous}>${notice.epoch} from ${notice.from}]`];
  if (notice.type === "snapshot") return [`[snapshot ${notice.upTo} ${textOf(notice.bytes)}]`];
  if (notice.type === "membership") return [`[${notice.change} ${notice.member.member} ${notice.member.name}]`];
  return notice.type === "expired" ? ["[expired]"] : [];
}
