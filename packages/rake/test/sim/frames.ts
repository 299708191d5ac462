/** Messages out of bytes, for who watches or forges them. */
import { FrameDecoder } from "@lab/framing/core";

/** Whole messages of one direction of a connection; silent behind what is no frame or no message. */
export class Frames<Message> {
  readonly #decode: (payload: Uint8Array) => Message | undefined;
  readonly #frames = new FrameDecoder({ maxFrameBytes: 64 * 2 ** 20 });
  #isBroken = false;

  constructor(decode: (payload: Uint8Array) => Message | undefined) {
    this.#decode = decode;
  }

  take(bytes: Uint8Array): Message[] {
    if (this.#isBroken) return [];
    const messages: Message[] = [];
    try {
      this.#frames.feed(bytes);
      for (let frame = this.#frames.next(); frame !== undefined; frame = this.#frames.next()) {
        const message = this.#decode(frame.slice());
        if (message !== undefined) messages.push(message);
      }
    } catch {
      this.#isBroken = true;
    }
    return messages;
  }
}
