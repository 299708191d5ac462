/** Large frames as they arrive, for file transfer: a length and an async iterable of its bytes. */
import { BodyDecoder, type BodyEvent, type BodyOptions } from "../core/bodies.js";
import { checkLength } from "../core/encode.js";
import { LocalProtocolError } from "../core/errors.js";
import { writeLength } from "../core/length.js";
import { checkBytes, headerWidth, largestLength, wholeNumber } from "../core/options.js";
import { ChunkReader, type ChunkSource, type SignalOption } from "./chunks.js";

export interface BodyStreamOptions extends BodyOptions, SignalOption {}

/** One frame whose payload is read as it arrives. */
export interface FrameBody {
  /** Length of the whole payload in bytes. */
  readonly length: number;
  /** The payload: views of the chunks, as they come. Stopping early is a `cancel()`. It can be iterated once. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Gives the rest of the payload up: its bytes are read and dropped before the next frame is given. */
  cancel(): void;
}

/**
 * The frames of a source, each as `{ length, body }`; no payload is held. Drain each `body`, or `cancel()` it, before
 * asking for the next frame: else that throws LocalProtocolError `BODY_UNREAD`.
 * @throws TypeError or RangeError for a wrong option. The iteration, and that of a `body`, throws as `decodeFrames()`.
 */
export function decodeBodies(
  source: ChunkSource,
  options: BodyStreamOptions = {},
): AsyncGenerator<FrameBody, void, undefined> {
  const decoder = new BodyDecoder(options);
  return iterate(new BodyEvents(decoder, new ChunkReader(source, options.signal)));
}

async function* iterate(events: BodyEvents): AsyncGenerator<FrameBody, void, undefined> {
  try {
    for (;;) {
      const event = await events.next();
      if (event === undefined) return;
      if (event.type !== "start") continue; // the rest of a cancelled body
      const body = new ArrivingBody(events, event.length);
      yield { length: event.length, body, cancel: () => body.cancel() };
      if (body.isOwed) {
        throw new LocalProtocolError("BODY_UNREAD", "drain or cancel the body of a frame before asking for the next");
      }
    }
  } finally {
    await events.close();
  }
}

/** The events of a source, one at a time. */
class BodyEvents {
  readonly #decoder: BodyDecoder;
  readonly #chunks: ChunkReader;
  #events: BodyEvent[] = [];
  #at = 0;

  constructor(decoder: BodyDecoder, chunks: ChunkReader) {
    this.#decoder = decoder;
    this.#chunks = chunks;
  }

  async next(): Promise<BodyEvent | undefined> {
    for (;;) {
      const event = this.#events[this.#at++];
      if (event !== undefined) return event;
      if (this.#decoder.error !== undefined) throw this.#decoder.error;
      const chunk = await this.#chunks.next();
      if (chunk === undefined) {
        this.#decoder.end();
        return undefined;
      }
      this.#events = this.#decoder.push(chunk);
      this.#at = 0;
    }
  }

  close(): Promise<void> {
    return this.#chunks.close();
  }
}

class ArrivingBody implements AsyncIterable<Uint8Array> {
  readonly #events: BodyEvents;
  /** Its end event has not been read, and nobody has given it up. */
  isOwed = true;
  #started = false;

  constructor(events: BodyEvents, length: number) {
    this.#events = events;
    if (length === 0) this.isOwed = false;
  }

  cancel(): void {
    this.isOwed = false;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#started) throw new LocalProtocolError("ALREADY_ITERATED", "the body of a frame can be read only once");
    this.#started = true;
    try {
      while (this.isOwed) {
        const event = await this.#events.next();
        if (event?.type !== "data") break;
        yield event.bytes;
      }
    } finally {
      this.isOwed = false;
    }
  }
}

/**
 * The chunks of one frame whose payload is not held: a header for `length`, then the source's chunks by reference.
 * @throws LocalFrameTooLargeError above `maxBodyBytes` (default 2^53-1) and TypeError or RangeError for a wrong option or
 * length, all at the call. The iteration throws LocalProtocolError `BODY_LENGTH` where the source gives more bytes than
 * `length` (before any of the chunk that does) or fewer, the signal's reason, and whatever the source throws: the frame
 * is then broken off, and the connection with it.
 */
export function encodeBody(
  length: number | bigint,
  source: ChunkSource,
  options: BodyStreamOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const headerBytes = headerWidth(options.headerBytes);
  const max = wholeNumber("maxBodyBytes", options.maxBodyBytes, Number.MAX_SAFE_INTEGER, 0);
  const checked = checkLength(length, Math.min(max, largestLength(headerBytes)));
  const header = new Uint8Array(headerBytes);
  writeLength(header, 0, checked, headerBytes);
  return chunksOfBody(header, checked, new ChunkReader(source, options.signal));
}

async function* chunksOfBody(
  header: Uint8Array,
  length: number,
  chunks: ChunkReader,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield header;
    let left = length;
    for (;;) {
      const chunk = await chunks.next();
      if (chunk === undefined) {
        if (left === 0) return;
        throw new LocalProtocolError("BODY_LENGTH", `the source ended ${left} bytes short of the ${length} announced`);
      }
      checkBytes("chunk", chunk);
      if (chunk.length > left) {
        throw new LocalProtocolError("BODY_LENGTH", `the source gives more than the ${length} bytes announced`);
      }
      left -= chunk.length;
      yield chunk;
    }
  } finally {
    await chunks.close();
  }
}
