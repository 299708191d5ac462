/** Web streams: `bytes.pipeThrough(new WebFrameDecoderStream())`, and back. */
import { FrameDecoder, type FrameDecoderOptions } from "../core/decoder.js";
import { FrameEncoder, type FrameEncoderOptions } from "../core/encoder.js";

/**
 * Chunks in, frames out; a pair for `pipeThrough()`.
 *
 * It is not a `TransformStream` inside: erroring one drops what it has queued, and frames completed before an error must
 * be delivered first (framing rule F6). This one hands over a frame when it is asked for, and queues none.
 */
export class WebFrameDecoderStream {
  /** Frames, one per chunk. Errors with RemoteProtocolError after the frames that came before it. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Bytes, in any chunking. A write is done when its frames are taken, which holds a fast producer back. */
  readonly writable: WritableStream<Uint8Array>;

  #output!: ReadableStreamDefaultController<Uint8Array>;
  #input!: WritableStreamDefaultController;
  #wanted = false;
  #stopped = false;
  #wake: (() => void) | undefined;
  #release: (() => void) | undefined;

  /** @throws TypeError or RangeError for a wrong option; they name it and the accepted range. */
  constructor(options: FrameDecoderOptions = {}) {
    const decoder = new FrameDecoder(options);
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#output = controller;
        },
        pull: () => this.#pulled(),
        cancel: (reason) => {
          this.#input.error(reason);
          this.#stop();
        },
      },
      { highWaterMark: 0 },
    );
    this.writable = new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#input = controller;
      },
      write: async (chunk) => {
        const frames = this.#failing(() => decoder.push(chunk));
        for (const frame of frames) await this.#deliver(frame);
        if (decoder.error !== undefined) this.#fail(decoder.error);
      },
      close: () => {
        this.#failing(() => decoder.end());
        if (!this.#stopped) this.#output.close();
        this.#stop();
      },
      abort: (reason) => {
        if (!this.#stopped) this.#output.error(reason);
        this.#stop();
      },
    });
  }

  #pulled(): Promise<void> | undefined {
    if (this.#stopped) return undefined;
    this.#wanted = true;
    this.#wake?.();
    return new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  async #isWanted(): Promise<void> {
    if (this.#wanted || this.#stopped) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  async #deliver(frame: Uint8Array): Promise<void> {
    await this.#isWanted();
    if (this.#stopped) return;
    this.#wanted = false;
    this.#output.enqueue(frame);
    this.#release?.();
  }

  #fail(error: unknown): never {
    // Every frame before was handed to a read that waited for it: none is queued, and none is lost.
    if (!this.#stopped) this.#output.error(error);
    this.#stop();
    throw error;
  }

  #failing<T>(step: () => T): T {
    try {
      return step();
    } catch (error) {
      return this.#fail(error);
    }
  }

  #stop(): void {
    this.#stopped = true;
    this.#wake?.();
    this.#release?.();
  }
}

/**
 * Payloads in, bytes out; a pair for `pipeThrough()`. A payload from `referenceFromBytes` on is passed by reference.
 * A payload above `maxFrameBytes` errors both sides with LocalFrameTooLargeError, one that is no Uint8Array with TypeError.
 */
export class WebFrameEncoderStream {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;

  /** @throws TypeError or RangeError for a wrong option; they name it and the accepted range. */
  constructor(options: FrameEncoderOptions = {}) {
    const encoder = new FrameEncoder(options);
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({
      transform(payload, controller) {
        encoder.add(payload);
        for (const chunk of encoder.take()) controller.enqueue(chunk);
      },
    });
    this.readable = readable;
    this.writable = writable;
  }
}
