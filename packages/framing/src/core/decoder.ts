/** Bytes in, frames out: the one decoder that every form drives. */
import { FrameTooLargeError, type FramingError, LocalProtocolError, TruncatedFrameError } from "./errors.js";
import { announcesTooMuch, isUnsafe, joinWords, readWord, writeLength } from "./length.js";
import {
  checkBytes,
  DEFAULT_MAX_FRAME_BYTES,
  type FrameOptions,
  type HeaderBytes,
  headerWidth,
  wholeNumber,
} from "./options.js";

export interface FrameDecoderOptions extends FrameOptions {
  /**
   * Give every frame memory of its own. Default false: a frame that lies inside one chunk is a view of that chunk
   * (rule F7), which costs nothing, but keeps the whole chunk alive and changes when the chunk is written to.
   */
  readonly copy?: boolean | undefined;
}

/** What `visit()` calls: the frame is `bytes[start..end)`, to be read before the call returns. */
export type FrameVisitor = (bytes: Uint8Array, start: number, end: number) => void;

/** The first buffer of a frame that does not lie inside one chunk: small, since only the header says it will be needed. */
const FIRST_BUFFER_BYTES = 32_768;
const EMPTY = new Uint8Array(0);

/**
 * Decodes `length` + payload. Synchronous and pure: it holds bytes and opens nothing.
 *
 * Two ways to use it. `push(chunk)` gives every frame that the chunk completes. `feed(chunk)` and then `next()` until
 * `undefined` gives one at a time, so that `rest()` can hand the unread bytes to another protocol (rule F6).
 *
 * Holds at most three times the bytes received plus 64 KiB (F3), whatever a header announces. Cost is linear in bytes
 * and chunks for any chunking (F5).
 */
export class FrameDecoder {
  readonly maxFrameBytes: number;
  readonly headerBytes: HeaderBytes;
  readonly copy: boolean;

  /** The unread bytes are #bytes[#at..#limit). A chunk has no room after #limit; memory of our own may. */
  #bytes: Uint8Array = EMPTY;
  #at = 0;
  #limit = 0;

  readonly #header = new Uint8Array(8);
  #headerHave = 0;
  /** Length of the payload whose header is complete, or -1. */
  #want = -1;
  #have = 0;
  #payload: Uint8Array = EMPTY;

  #frameCount = 0;
  #error: FramingError | undefined;
  #state: "open" | "ended" | "taken" = "open";

  /** @throws TypeError or RangeError for a wrong option; they name it and the accepted range. */
  constructor(options: FrameDecoderOptions = {}) {
    this.maxFrameBytes = wholeNumber("maxFrameBytes", options.maxFrameBytes, DEFAULT_MAX_FRAME_BYTES, 0);
    this.headerBytes = headerWidth(options.headerBytes);
    const copy = options.copy ?? false;
    if (typeof copy !== "boolean") throw new TypeError(`copy must be true or false, not ${typeof copy}`);
    this.copy = copy;
  }

  /** What the peer broke, once it did; every later call throws it. */
  get error(): FramingError | undefined {
    return this.#error;
  }

  /** How many frames came whole so far. */
  get frameCount(): number {
    return this.#frameCount;
  }

  /**
   * Takes a chunk and gives every frame that is complete now, in order. What breaks the protocol does not cost the
   * frames before it: they are returned, `error` is set, and the next call throws it (rule F6).
   * The chunk must not be written to while its frames are in use, unless `copy` is set.
   * @throws RemoteProtocolError: the `error` of an earlier call. LocalProtocolError after `end()` (`ENDED`) or `rest()`
   * (`TAKEN_OVER`). TypeError where the chunk is not a Uint8Array.
   */
  push(chunk: Uint8Array): Uint8Array[] {
    this.feed(chunk);
    let first: Uint8Array | undefined;
    if (this.#isInsideFrame()) {
      first = this.#step();
      if (first === undefined) return [];
    }
    const frames = this.#views(first);
    for (let frame = this.#step(); frame !== undefined; frame = this.#step()) frames.push(frame);
    return frames;
  }

  /**
   * `push()` for the hottest use: calls `onFrame(bytes, start, end)` per frame instead of making a view for each.
   * `bytes` is lent until the call returns. Where `onFrame` throws, that frame is taken and what follows it stays unread.
   * @throws as `push()` does, and what `onFrame` throws.
   */
  visit(chunk: Uint8Array, onFrame: FrameVisitor): void {
    this.feed(chunk);
    if (this.#isInsideFrame()) {
      const frame = this.#step();
      if (frame === undefined) return;
      onFrame(frame, 0, frame.length);
    }
    this.#visits(onFrame);
    for (let frame = this.#step(); frame !== undefined; frame = this.#step()) onFrame(frame, 0, frame.length);
  }

  /**
   * Takes a chunk without decoding it: for `next()`. The chunk is kept by reference until it is read; chunks that come
   * while bytes are unread are joined to them.
   * @throws as `push()` does.
   */
  feed(chunk: Uint8Array): void {
    checkBytes("chunk", chunk);
    this.#refuseUnlessOpen();
    const length = chunk.length;
    if (length === 0) return;
    if (this.#at === this.#limit) {
      this.#bytes = chunk;
      this.#at = 0;
      this.#limit = length;
    } else {
      this.#append(chunk);
    }
  }

  /**
   * The next frame of what was fed, or `undefined` where there is none yet (an empty frame is an empty array).
   * @throws RemoteProtocolError as soon as the next header is above the limit, and again on every later call;
   * LocalProtocolError after `end()` or `rest()`.
   */
  next(): Uint8Array | undefined {
    this.#refuseUnlessOpen();
    const frame = this.#step();
    if (this.#error !== undefined) throw this.#error;
    return frame;
  }

  /**
   * The peer ended. Returns where that is clean: on a frame boundary (rule F4).
   * @throws TruncatedFrameError inside a header, right after one, or inside a payload; an earlier `error`;
   * LocalProtocolError `UNREAD_FRAMES` where `next()` has not given all frames yet.
   */
  end(): void {
    if (this.#state === "ended" && this.#error === undefined) return;
    this.#refuseUnlessOpen();
    if (this.#hasWholeFrame()) {
      throw new LocalProtocolError("UNREAD_FRAMES", "end() before next() gave the last frame: call it until undefined");
    }
    this.#step(); // takes in the part of a frame that is left, so that the error can say how much it is
    this.#state = "ended";
    if (this.#error !== undefined) throw this.#error;
    if (this.#want >= 0) {
      this.#error = new TruncatedFrameError(this.#frameCount, this.#have, this.#want, false);
    } else if (this.#headerHave > 0) {
      this.#error = new TruncatedFrameError(this.#frameCount, this.#headerHave, this.headerBytes, true);
    }
    if (this.#error !== undefined) throw this.#error;
  }

  /**
   * Exactly the bytes that belong to no frame given so far, in memory of their own, part of a frame included: another
   * protocol takes over. The decoder is done then: later calls throw LocalProtocolError `TAKEN_OVER`, except `rest()`.
   * After an error the bytes begin with the header that was refused.
   */
  rest(): Uint8Array {
    this.#state = "taken";
    const header = this.#want >= 0 ? this.headerBytes : this.#headerHave;
    const unread = this.#limit - this.#at;
    const rest = new Uint8Array(header + this.#have + unread);
    if (this.#want >= 0) writeLength(this.#header, 0, this.#want, this.headerBytes);
    rest.set(this.#header.subarray(0, header), 0);
    rest.set(this.#payload.subarray(0, this.#have), header);
    rest.set(this.#bytes.subarray(this.#at, this.#limit), header + this.#have);
    return rest;
  }

  /**
   * How large a buffer to take for the payload of `want` bytes of which `have` are about to be held, when the one of
   * `room` bytes is full: doubling keeps the cost linear (F5), and never more than what came calls for (F3).
   */
  protected capacity(have: number, want: number, room: number): number {
    return Math.min(want, Math.max(have, 2 * room, FIRST_BUFFER_BYTES));
  }

  /** The length that two words announce, or the error for one that is refused (F1, F2). Not called for short lengths. */
  protected admit(high: number, low: number): number | FramingError {
    if (isUnsafe(high)) return announcesTooMuch(high, low, this.maxFrameBytes);
    const length = joinWords(high, low);
    return length > this.maxFrameBytes ? announcesTooMuch(high, low, this.maxFrameBytes) : length;
  }

  #refuseUnlessOpen(): void {
    if (this.#error !== undefined) throw this.#error;
    if (this.#state === "open") return;
    throw this.#state === "ended"
      ? new LocalProtocolError("ENDED", "the decoder was told that the bytes ended")
      : new LocalProtocolError("TAKEN_OVER", "rest() gave the unread bytes away");
  }

  #isInsideFrame(): boolean {
    return this.#want >= 0 || this.#headerHave > 0;
  }

  /**
   * The hot loop: every frame that lies whole inside #bytes, from a frame boundary on. Leaves to #step, which is the one
   * place for every check, what is not the common case: a refused or a very long length, and part of a frame. Words
   * are read as signed, so that all arithmetic is on small integers; from 2^31 on they are negative, and for #step.
   */
  #views(first: Uint8Array | undefined): Uint8Array[] {
    // Made here, not by the caller: that way some processes (4 of 10 measured) ran this loop a fifth slower.
    const frames: Uint8Array[] = [];
    if (first !== undefined) frames.push(first);
    const { headerBytes, maxFrameBytes, copy } = this;
    const limit = this.#limit;
    let at = this.#at;
    if (limit - at < headerBytes) return frames;
    // Plain views of a plain buffer: making views is what decoding costs, and a Buffer's cost half as much again.
    const { buffer, byteOffset } = this.#bytes;
    const words = new DataView(buffer, byteOffset, limit);
    const isLong = headerBytes === 8;
    const before = frames.length;
    for (let start = at + headerBytes; start <= limit; start = at + headerBytes) {
      const length = words.getInt32(start - 4);
      const end = start + length;
      if (end > limit || length < 0 || length > maxFrameBytes || (isLong && words.getInt32(at) !== 0)) break;
      const frame = new Uint8Array(buffer, byteOffset + start, length);
      frames.push(copy ? new Uint8Array(frame) : frame);
      at = end;
    }
    this.#at = at;
    this.#frameCount += frames.length - before;
    return frames;
  }

  /** The same for `visit()`, without the views. */
  #visits(onFrame: FrameVisitor): void {
    const { headerBytes, maxFrameBytes } = this;
    const limit = this.#limit;
    let at = this.#at;
    if (limit - at < headerBytes) return;
    const { buffer, byteOffset } = this.#bytes;
    const bytes = new Uint8Array(buffer, byteOffset, limit);
    const words = new DataView(buffer, byteOffset, limit);
    const isLong = headerBytes === 8;
    let count = 0;
    try {
      for (let start = at + headerBytes; start <= limit; start = at + headerBytes) {
        const length = words.getInt32(start - 4);
        const end = start + length;
        if (end > limit || length < 0 || length > maxFrameBytes || (isLong && words.getInt32(at) !== 0)) break;
        at = end;
        count++;
        onFrame(bytes, start, end);
      }
    } finally {
      this.#at = at;
      this.#frameCount += count;
    }
  }

  /** One frame, or undefined after everything unread was taken in; sets #error where a header is refused. */
  #step(): Uint8Array | undefined {
    if (this.#error !== undefined) return undefined;
    if (this.#want < 0 && !this.#readHeader()) return undefined;
    const missing = this.#want - this.#have;
    const unread = this.#limit - this.#at;
    if (this.#have === 0 && unread >= missing) {
      const start = this.#at;
      this.#at += missing;
      const frame = plainView(this.#bytes, start, missing);
      return this.#completed(this.copy ? new Uint8Array(frame) : frame);
    }
    const taken = Math.min(missing, unread);
    if (taken === 0) return undefined;
    const have = this.#have + taken;
    if (have > this.#payload.length && !this.#grow(have)) return undefined;
    this.#payload.set(plainView(this.#bytes, this.#at, taken), this.#have);
    this.#have = have;
    this.#consume(taken);
    return taken === missing ? this.#completed(this.#payload) : undefined;
  }

  #completed(frame: Uint8Array): Uint8Array {
    this.#want = -1;
    this.#have = 0;
    this.#payload = EMPTY;
    this.#frameCount++;
    if (this.#at === this.#limit) this.#consume(0);
    return frame;
  }

  #readHeader(): boolean {
    const taken = Math.min(this.headerBytes - this.#headerHave, this.#limit - this.#at);
    for (let i = 0; i < taken; i++) this.#header[this.#headerHave + i] = this.#bytes[this.#at + i] as number;
    this.#headerHave += taken;
    this.#consume(taken);
    if (this.#headerHave < this.headerBytes) return false;
    const high = this.headerBytes === 8 ? readWord(this.#header, 0) : 0;
    const length = this.admit(high, readWord(this.#header, this.headerBytes - 4));
    if (typeof length !== "number") {
      this.#error = length; // the header stays: rest() begins with it
      return false;
    }
    this.#want = length;
    this.#headerHave = 0;
    return true;
  }

  #grow(have: number): boolean {
    let payload: Uint8Array;
    try {
      payload = new Uint8Array(this.capacity(have, this.#want, this.#payload.length));
    } catch (cause) {
      // A limit above what the platform can hold: the peer's frame is too large all the same (F10).
      this.#error = new FrameTooLargeError(BigInt(this.#want), this.#have, { cause });
      return false;
    }
    if (this.#have > 0) payload.set(plainView(this.#payload, 0, this.#have));
    this.#payload = payload;
    return true;
  }

  /** Moves past bytes that were copied, and lets go of a chunk that is used up. */
  #consume(count: number): void {
    this.#at += count;
    if (this.#at < this.#limit) return;
    this.#bytes = EMPTY;
    this.#at = 0;
    this.#limit = 0;
  }

  /** Joins a chunk to unread bytes; never over bytes that a view may show. */
  #append(chunk: Uint8Array): void {
    const unread = this.#limit - this.#at;
    if (this.#limit + chunk.length > this.#bytes.length) {
      const joined = new Uint8Array(Math.max(unread + chunk.length, 2 * unread));
      joined.set(this.#bytes.subarray(this.#at, this.#limit));
      this.#bytes = joined;
      this.#at = 0;
      this.#limit = unread;
    }
    this.#bytes.set(chunk, this.#limit);
    this.#limit += chunk.length;
  }

  #hasWholeFrame(): boolean {
    const unread = this.#limit - this.#at;
    if (this.#want >= 0) return this.#have + unread >= this.#want;
    const header = new Uint8Array(8);
    header.set(this.#header.subarray(0, this.#headerHave));
    const missing = this.headerBytes - this.#headerHave;
    if (unread < missing) return false;
    header.set(this.#bytes.subarray(this.#at, this.#at + missing), this.#headerHave);
    const high = this.headerBytes === 8 ? readWord(header, 0) : 0;
    const length = this.admit(high, readWord(header, this.headerBytes - 4));
    return typeof length === "number" && unread - missing >= length;
  }
}

/** What `subarray` would give, but never a Buffer, which takes half as long again to make. */
function plainView(bytes: Uint8Array, at: number, length: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + at, length);
}
