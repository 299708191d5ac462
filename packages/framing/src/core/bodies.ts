/** Frames too large to hold: their bytes as they arrive. */
import { type FramingError, LocalProtocolError, TruncatedFrameError } from "./errors.js";
import { announcesTooMuch, isUnsafe, joinWords, readWord } from "./length.js";
import { checkBytes, type HeaderBytes, headerWidth, wholeNumber } from "./options.js";

export interface BodyOptions {
  /**
   * The longest body, in bytes. Default and upper bound 2^53-1: a body is never held, so its length costs no memory.
   */
  readonly maxBodyBytes?: number | undefined;
  /** Width of the length in bytes, 8 or 4. Default 8. */
  readonly headerBytes?: HeaderBytes | undefined;
}

/** What a chunk said: a body begins, bytes of it (never none, a view of the chunk), it is complete. */
export type BodyEvent =
  | { readonly type: "start"; readonly length: number }
  | { readonly type: "data"; readonly bytes: Uint8Array }
  | { readonly type: "end" };

/** Decodes frames into events and holds no byte of a payload. Errors come as with `FrameDecoder#push` (rule F6). */
export class BodyDecoder {
  readonly maxBodyBytes: number;
  readonly headerBytes: HeaderBytes;

  readonly #header = new Uint8Array(8);
  #headerHave = 0;
  /** Length of the body that has begun, or -1. */
  #want = -1;
  #have = 0;
  #bodyCount = 0;
  #ended = false;
  #error: FramingError | undefined;

  /** @throws TypeError or RangeError for a wrong option; they name it and the accepted range. */
  constructor(options: BodyOptions = {}) {
    const most = Number.MAX_SAFE_INTEGER;
    this.maxBodyBytes = wholeNumber("maxBodyBytes", options.maxBodyBytes, most, 0);
    this.headerBytes = headerWidth(options.headerBytes);
  }

  /** What the peer broke, once it did; every later call throws it. */
  get error(): FramingError | undefined {
    return this.#error;
  }

  /**
   * What the chunk said, in order. A header above the limit ends the list and sets `error`; the next call throws it.
   * @throws RemoteProtocolError: the `error` of an earlier call. LocalProtocolError `ENDED` after `end()`. TypeError where
   * the chunk is not a Uint8Array.
   */
  push(chunk: Uint8Array): BodyEvent[] {
    checkBytes("chunk", chunk);
    if (this.#error !== undefined) throw this.#error;
    if (this.#ended) throw new LocalProtocolError("ENDED", "the decoder was told that the bytes ended");
    const events: BodyEvent[] = [];
    let at = 0;
    for (;;) {
      if (this.#want < 0) {
        at = this.#takeHeader(chunk, at);
        if (this.#headerHave < this.headerBytes || !this.#begin()) return events;
        events.push({ type: "start", length: this.#want });
      }
      const taken = Math.min(this.#want - this.#have, chunk.length - at);
      if (taken > 0) events.push({ type: "data", bytes: view(chunk, at, taken) });
      at += taken;
      this.#have += taken;
      if (this.#have < this.#want) return events;
      events.push({ type: "end" });
      this.#want = -1;
      this.#bodyCount++;
    }
  }

  /**
   * The peer ended. Returns where that is clean: after a whole body (rule F4).
   * @throws TruncatedFrameError anywhere else; an earlier `error`.
   */
  end(): void {
    if (this.#error !== undefined) throw this.#error;
    if (this.#ended) return;
    this.#ended = true;
    if (this.#want >= 0) {
      this.#error = new TruncatedFrameError(this.#bodyCount, this.#have, this.#want, false);
    } else if (this.#headerHave > 0) {
      this.#error = new TruncatedFrameError(this.#bodyCount, this.#headerHave, this.headerBytes, true);
    }
    if (this.#error !== undefined) throw this.#error;
  }

  #takeHeader(chunk: Uint8Array, at: number): number {
    const taken = Math.min(this.headerBytes - this.#headerHave, chunk.length - at);
    for (let i = 0; i < taken; i++) this.#header[this.#headerHave + i] = chunk[at + i] as number;
    this.#headerHave += taken;
    return at + taken;
  }

  #begin(): boolean {
    const high = this.headerBytes === 8 ? readWord(this.#header, 0) : 0;
    const low = readWord(this.#header, this.headerBytes - 4);
    const length = joinWords(high, low);
    if (isUnsafe(high) || length > this.maxBodyBytes) {
      this.#error = announcesTooMuch(high, low, this.maxBodyBytes);
      return false;
    }
    this.#want = length;
    this.#have = 0;
    this.#headerHave = 0;
    return true;
  }
}

function view(chunk: Uint8Array, at: number, length: number): Uint8Array {
  return new Uint8Array(chunk.buffer, chunk.byteOffset + at, length);
}
