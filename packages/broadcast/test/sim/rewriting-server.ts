/** A server machine whose words are changed on their way out, and what it hears on its way in: for bugs that a wire shows. */
import { FrameDecoder } from "@lab/framing/core";
import {
  decode,
  encode,
  type Message,
  type ServerInput,
  ServerMachine,
  type ServerOutput,
} from "../../src/core/index.js";
import { messagesIn } from "./connection-watch.js";

export abstract class RewritingServer extends ServerMachine {
  readonly #decoders = new Map<number, FrameDecoder>();

  /** What the machine hears instead; undefined: nothing. */
  protected heard(_connection: number, message: Message): Message | undefined {
    return message;
  }

  /** What is said instead. */
  protected said(_connection: number, message: Message): Message | undefined {
    return message;
  }

  protected gone(_connection: number): void {}

  override handle(now: number, input: ServerInput): ServerOutput[] {
    let given = input;
    if (input.type === "data") {
      const bytes = this.#heard(input.connection, input.bytes);
      if (bytes.length === 0) return [];
      given = { ...input, bytes };
    } else if (input.type === "closed") {
      this.#decoders.delete(input.connection);
      this.gone(input.connection);
    }
    return super.handle(now, given).flatMap((output) => this.#said(output));
  }

  #heard(connection: number, bytes: Uint8Array): Uint8Array {
    let decoder = this.#decoders.get(connection);
    if (decoder === undefined) {
      decoder = new FrameDecoder({ copy: true });
      this.#decoders.set(connection, decoder);
    }
    const frames: Uint8Array[] = [];
    try {
      for (const payload of decoder.push(bytes)) {
        const message = this.heard(connection, decode(payload, "client"));
        if (message !== undefined) frames.push(encode(message));
      }
    } catch {
      return bytes; // it makes no sense to anybody
    }
    return Buffer.concat(frames);
  }

  #said(output: ServerOutput): ServerOutput[] {
    if (output.type === "sendAll") {
      return output.connections.flatMap((connection) => this.#said({ type: "send", connection, bytes: output.bytes }));
    }
    if (output.type !== "send") return [output];
    const frames: Uint8Array[] = [];
    for (const message of messagesIn(output.bytes)) {
      const other = this.said(output.connection, message);
      if (other !== undefined) frames.push(encode(other));
    }
    return frames.length === 0 ? [] : [{ ...output, bytes: Buffer.concat(frames) }];
  }
}
