/** Many frames into few large chunks: what makes a writer of small frames fast. */
import { frameLimit } from "./encode.js";
import { LocalFrameTooLargeError } from "./errors.js";
import { writeLength, writeWord } from "./length.js";
import { checkBytes, type FrameOptions, type HeaderBytes, headerWidth, wholeNumber } from "./options.js";

export interface FrameEncoderOptions extends FrameOptions {
  /** Size of the buffers in which small frames are joined, in bytes. Default 65,536; from 1,024 to 2^30. */
  readonly slabBytes?: number | undefined;
  /**
   * Payloads of at least this many bytes are passed on by reference, not copied. Default a quarter of `slabBytes`; from
   * 1 to `slabBytes` less the header.
   */
  readonly referenceFromBytes?: number | undefined;
}

/** 64 KiB: what one write to a socket carries well. */
export const DEFAULT_SLAB_BYTES = 65_536;
/** Up to here a loop is faster than the call of `set`. */
const LOOP_UP_TO_BYTES = 24;
const NONE = new Uint8Array(0);

/**
 * Joins frames into chunks: `add()` payloads, then `take()` the chunks. Payloads below `referenceFromBytes` are copied at
 * once and may be reused after `add()`; larger ones are passed by reference and must not change until they are sent.
 * Chunks that were taken are never written to again.
 */
export class FrameEncoder {
  readonly maxFrameBytes: number;
  readonly headerBytes: HeaderBytes;
  readonly slabBytes: number;
  readonly referenceFromBytes: number;

  #chunks: Uint8Array[] = [];
  #chunkBytes = 0;
  /** The slab's bytes from #from to #to are encoded and not yet among the chunks. */
  #slab: Uint8Array | undefined;
  #from = 0;
  #to = 0;

  /** @throws TypeError or RangeError for a wrong option; they name it and the accepted range. */
  constructor(options: FrameEncoderOptions = {}) {
    this.headerBytes = headerWidth(options.headerBytes);
    this.maxFrameBytes = frameLimit(options, this.headerBytes);
    this.slabBytes = wholeNumber("slabBytes", options.slabBytes, DEFAULT_SLAB_BYTES, 1024, 2 ** 30);
    const { slabBytes, headerBytes } = this;
    const quarter = Math.floor(slabBytes / 4);
    const most = slabBytes - headerBytes;
    this.referenceFromBytes = wholeNumber("referenceFromBytes", options.referenceFromBytes, quarter, 1, most);
  }

  /** Bytes that `take()` would give. */
  get pendingBytes(): number {
    return this.#chunkBytes + this.#to - this.#from;
  }

  /**
   * Encodes one frame.
   * @throws LocalFrameTooLargeError where the payload is above `maxFrameBytes`, TypeError where it is not a Uint8Array;
   * what was added before stays.
   */
  add(payload: Uint8Array): void {
    checkBytes("payload", payload);
    const length = payload.length;
    const { headerBytes } = this;
    if (length > this.maxFrameBytes) throw new LocalFrameTooLargeError(BigInt(length), this.maxFrameBytes);
    if (length >= this.referenceFromBytes) {
      this.#addByReference(payload);
      return;
    }
    const end = headerBytes + length;
    const slab = this.#room(end);
    const to = this.#to;
    const at = to + headerBytes;
    writeWord(slab, at - 4, length); // what stands before it in a long header is 0, as a new slab is
    if (length > LOOP_UP_TO_BYTES) slab.set(payload, at);
    else for (let i = 0; i < length; i++) slab[at + i] = payload[i] as number;
    this.#to = to + end;
  }

  /**
   * Encodes a frame for each payload: as `add()`, but faster for many small ones.
   * @throws as `add()` does; the payloads before the one that is refused stay.
   */
  addAll(payloads: Iterable<Uint8Array>): void {
    if (Array.isArray(payloads)) this.#addArray(payloads);
    else for (const payload of payloads) this.add(payload); // it may run code of the caller's in between
  }

  /** The hot loop: small frames that fit into the slab. Everything else goes through add(). */
  #addArray(payloads: readonly Uint8Array[]): void {
    const { headerBytes } = this;
    const most = Math.min(this.maxFrameBytes, this.referenceFromBytes - 1);
    let slab = this.#slab ?? NONE;
    let to = this.#to;
    for (let index = 0; index < payloads.length; index++) {
      const payload = payloads[index] as Uint8Array;
      const length = payload instanceof Uint8Array ? payload.length : Number.POSITIVE_INFINITY;
      const at = to + headerBytes;
      if (length > most || at + length > slab.length) {
        this.#to = to;
        this.add(payload);
        slab = this.#slab ?? NONE;
        to = this.#to;
        continue;
      }
      writeWord(slab, at - 4, length);
      if (length > LOOP_UP_TO_BYTES) slab.set(payload, at);
      else for (let i = 0; i < length; i++) slab[at + i] = payload[i] as number;
      to = at + length;
    }
    this.#to = to;
  }

  /** All bytes encoded since the last call, as few chunks as they need, in order; empty where there are none. */
  take(): Uint8Array[] {
    this.#closeSegment();
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#chunkBytes = 0;
    return chunks;
  }

  #addByReference(payload: Uint8Array): void {
    const { headerBytes } = this;
    writeLength(this.#room(headerBytes), this.#to, payload.length, headerBytes);
    this.#to += headerBytes;
    this.#closeSegment();
    this.#chunks.push(payload);
    this.#chunkBytes += payload.length;
  }

  #room(bytes: number): Uint8Array {
    if (this.#slab !== undefined && this.#to + bytes <= this.slabBytes) return this.#slab;
    this.#closeSegment();
    this.#slab = new Uint8Array(this.slabBytes);
    this.#from = 0;
    this.#to = 0;
    return this.#slab;
  }

  #closeSegment(): void {
    if (this.#to === this.#from) return;
    this.#chunks.push((this.#slab as Uint8Array).subarray(this.#from, this.#to));
    this.#chunkBytes += this.#to - this.#from;
    this.#from = this.#to;
  }
}

/**
 * All payloads as few chunks: `new FrameEncoder(options)`, `addAll()`, `take()`.
 * @throws as `FrameEncoder` does.
 */
export function encodeFrames(payloads: Iterable<Uint8Array>, options: FrameEncoderOptions = {}): Uint8Array[] {
  const encoder = new FrameEncoder(options);
  encoder.addAll(payloads);
  return encoder.take();
}
