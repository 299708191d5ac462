/** Machines whose messages are read and changed on their way: the base of mutants. */
import {
  type ClientInput,
  type ClientMessage,
  type ClientOutput,
  decodeClientMessage,
  decodeServerMessage,
  encode,
  type ServerMessage,
  BuildMachine as Shipped,
} from "../../src/core/index.js";
import { Frames } from "./frames.js";

/** A client of which every message, both ways, is seen first. */
export class ForgedBuild extends Shipped {
  readonly #heard = new Map<number, Frames<ServerMessage | undefined>>();
  readonly #said = new Map<number, Frames<ClientMessage | undefined>>();

  /** What the machine is told instead. */
  protected hears(_link: number, message: ServerMessage): readonly ServerMessage[] {
    return [message];
  }

  /** What is sent instead. */
  protected says(_link: number, message: ClientMessage): readonly ClientMessage[] {
    return [message];
  }

  /** What the driver tells it. */
  protected told(input: ClientInput): readonly ClientInput[] {
    return [input];
  }

  /** What it asks the driver for. */
  protected asks(output: ClientOutput): readonly ClientOutput[] {
    return [output];
  }

  override handle(now: number, input: ClientInput): ClientOutput[] {
    const out: ClientOutput[] = [];
    for (const one of this.told(input)) {
      if (one.type !== "data") {
        this.#pass(now, one, out);
        continue;
      }
      for (const message of framesOf(this.#heard, one.link, decodeServerMessage).take(one.bytes)) {
        if (message === undefined) continue;
        for (const heard of this.hears(one.link, message)) this.give(now, one.link, heard, out);
      }
    }
    return out;
  }

  /** Hands the machine a message. */
  protected give(now: number, link: number, message: ServerMessage, out: ClientOutput[]): void {
    this.#pass(now, { type: "data", link, bytes: encode(message) }, out);
  }

  #pass(now: number, input: ClientInput, out: ClientOutput[]): void {
    for (const output of super.handle(now, input)) {
      if (output.type !== "send") {
        out.push(...this.asks(output));
        continue;
      }
      for (const message of framesOf(this.#said, output.link, decodeClientMessage).take(output.bytes)) {
        if (message === undefined) continue;
        for (const said of this.says(output.link, message)) out.push({ ...output, bytes: encode(said) });
      }
    }
  }
}

function framesOf<Message>(
  all: Map<number, Frames<Message | undefined>>,
  link: number,
  decode: (payload: Uint8Array) => Message | undefined,
): Frames<Message | undefined> {
  const frames = all.get(link) ?? new Frames(decode);
  all.set(link, frames);
  return frames;
}
