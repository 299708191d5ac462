/** Frames of anything that gives chunks, by `for await`. */
import { FrameDecoder, type FrameDecoderOptions } from "../core/decoder.js";
import { LocalProtocolError } from "../core/errors.js";
import { ChunkReader, type ChunkSource, type SignalOption } from "./chunks.js";

export interface DecodeFramesOptions extends FrameDecoderOptions, SignalOption {}

/** What `decodeFrames()` returns: frames one by one, or `batches()` of them. It can be iterated once. */
export class DecodedFrames implements AsyncIterable<Uint8Array> {
  readonly #decoder: FrameDecoder;
  readonly #chunks: ChunkReader;
  #started = false;

  constructor(source: ChunkSource, options: DecodeFramesOptions) {
    this.#decoder = new FrameDecoder(options);
    this.#chunks = new ChunkReader(source, options.signal);
  }

  /**
   * The frames that each chunk completes, as one array (never an empty one): far faster than one by one when frames are
   * small. Frames completed before an error are given before it is thrown.
   * @throws LocalProtocolError `ALREADY_ITERATED` on a second call. The iteration throws as `decodeFrames()` says.
   */
  batches(): AsyncGenerator<Uint8Array[], void, undefined> {
    if (this.#started) throw new LocalProtocolError("ALREADY_ITERATED", "the frames of a source can be read only once");
    this.#started = true;
    return this.#batches();
  }

  /** The frames one by one; a thin layer over `batches()`. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const batch of this.batches()) {
      for (const frame of batch) yield frame; // yield* would wait twice for each
    }
  }

  async *#batches(): AsyncGenerator<Uint8Array[], void, undefined> {
    const decoder = this.#decoder;
    try {
      for (;;) {
        const chunk = await this.#chunks.next();
        if (chunk === undefined) break;
        const frames = decoder.push(chunk);
        if (frames.length > 0) yield frames;
        if (decoder.error !== undefined) throw decoder.error;
      }
    } finally {
      await this.#chunks.close();
    }
    decoder.end();
  }
}

/**
 * The frames of a source: `for await (const frame of decodeFrames(source))`, or `.batches()` for arrays of them.
 * A chunk is asked for only when a frame is; stopping early closes the source.
 *
 * @throws TypeError or RangeError for a wrong option. The iteration throws RemoteProtocolError for what the peer broke
 * (FrameTooLargeError, TruncatedFrameError at an end that is not clean), the signal's reason once it is aborted, and
 * whatever the source throws.
 */
export function decodeFrames(source: ChunkSource, options: DecodeFramesOptions = {}): DecodedFrames {
  return new DecodedFrames(source, options);
}
