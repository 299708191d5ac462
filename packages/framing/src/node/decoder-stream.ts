import { Duplex } from "node:stream";
import { FrameDecoder, type FrameDecoderOptions } from "../core/decoder.js";
import { wholeNumber } from "../core/options.js";
import { checkNodeLimit, DEFAULT_BUFFERED_FRAMES } from "./limits.js";

export interface FrameDecoderStreamOptions extends FrameDecoderOptions {
  /** How many frames are buffered for a slow reader before the writer is held back. Default 16; from 1. */
  readonly maxBufferedFrames?: number | undefined;
}

/**
 * Bytes in, frames out, as a Node stream: `socket.pipe(new FrameDecoderStream())`.
 *
 * The readable side is in object mode, so that buffered frames are never joined (framing rule F8). An error is emitted
 * after the frames that came before it have been read (F6): destroying a stream drops what it has buffered, so this one
 * waits. Emits `RemoteProtocolError`, among them `TruncatedFrameError` when the writable side ends inside a frame.
 */
export class FrameDecoderStream extends Duplex {
  readonly #decoder: FrameDecoder;
  #batch: Uint8Array[] = [];
  #at = 0;
  #callback: ((error?: Error | null) => void) | undefined;
  #isEnding = false;
  #isDelivering = false;

  /** @throws TypeError or RangeError for a wrong option; they name it and the accepted range. */
  constructor(options: FrameDecoderStreamOptions = {}) {
    checkNodeLimit(options);
    const buffered = wholeNumber("maxBufferedFrames", options.maxBufferedFrames, DEFAULT_BUFFERED_FRAMES, 1);
    super({ readableObjectMode: true, readableHighWaterMark: buffered });
    this.#decoder = new FrameDecoder(options);
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#batch = this.#decoder.push(chunk);
    this.#at = 0;
    this.#callback = callback;
    this.#deliver();
  }

  override _final(callback: (error?: Error | null) => void): void {
    try {
      this.#decoder.end();
    } catch {
      // The decoder keeps it as its error, and #deliver reports that.
    }
    this.#isEnding = true;
    this.#callback = callback;
    this.#deliver();
  }

  override _read(): void {
    this.#deliver();
  }

  override read(size?: number): Uint8Array | null {
    const frame = super.read(size) as Uint8Array | null;
    if (this.#decoder.error !== undefined) this.#deliver(); // it may have waited for this frame to be read
    return frame;
  }

  #deliver(): void {
    if (this.#isDelivering || this.#callback === undefined) return;
    this.#isDelivering = true;
    const batch = this.#batch;
    let at = this.#at;
    let hasRoom = true;
    while (hasRoom && at < batch.length) hasRoom = this.push(batch[at++]);
    this.#at = at;
    this.#isDelivering = false;
    if (at < batch.length) return;
    const error = this.#decoder.error;
    if (error !== undefined && this.readableLength > 0) return;
    const callback = this.#callback;
    this.#callback = undefined;
    this.#batch = [];
    if (error === undefined && this.#isEnding) this.push(null);
    callback(error);
  }
}
