import { Duplex } from "node:stream";
import { FrameEncoder, type FrameEncoderOptions } from "../core/encoder.js";
import { wholeNumber } from "../core/options.js";
import { checkNodeLimit, DEFAULT_BUFFERED_FRAMES } from "./limits.js";

export interface FrameEncoderStreamOptions extends FrameEncoderOptions {
  /** How many payloads are buffered for a slow reader before `write()` says to wait. Default 16; from 1. */
  readonly maxBufferedFrames?: number | undefined;
}

/**
 * Payloads in, bytes out, as a Node stream: `payloads.pipe(new FrameEncoderStream()).pipe(socket)`.
 *
 * The writable side is in object mode: one write is one frame. Payloads that wait are joined into slabs, large ones are
 * passed by reference and must not change until they are sent. Emits LocalFrameTooLargeError for a payload above
 * `maxFrameBytes` and TypeError for one that is no Uint8Array, both ending the stream.
 */
export class FrameEncoderStream extends Duplex {
  readonly #encoder: FrameEncoder;
  #callback: ((error?: Error | null) => void) | undefined;

  /** @throws TypeError or RangeError for a wrong option; they name it and the accepted range. */
  constructor(options: FrameEncoderStreamOptions = {}) {
    checkNodeLimit(options);
    const buffered = wholeNumber("maxBufferedFrames", options.maxBufferedFrames, DEFAULT_BUFFERED_FRAMES, 1);
    super({ writableObjectMode: true, writableHighWaterMark: buffered });
    this.#encoder = new FrameEncoder(options);
  }

  override _write(payload: unknown, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#encode([payload], callback);
  }

  override _writev(
    items: Array<{ chunk: unknown; encoding: BufferEncoding }>,
    callback: (error?: Error | null) => void,
  ): void {
    this.#encode(
      items.map((item) => item.chunk),
      callback,
    );
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.push(null);
    callback();
  }

  override _read(): void {
    const callback = this.#callback;
    this.#callback = undefined;
    callback?.();
  }

  #encode(payloads: readonly unknown[], callback: (error?: Error | null) => void): void {
    let error: Error | undefined;
    try {
      for (const payload of payloads) this.#encoder.add(payload as Uint8Array); // it checks what it is given
    } catch (caught) {
      error = caught as Error;
    }
    let hasRoom = true;
    for (const chunk of this.#encoder.take()) hasRoom = this.push(chunk);
    if (error !== undefined) callback(error);
    else if (hasRoom) callback();
    else this.#callback = callback;
  }
}
