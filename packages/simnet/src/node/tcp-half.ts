/** One direction of a proxied connection: reads from one socket, holds what is on its way, writes to the other. */
import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import type { StreamModel } from "../core/stream-model.js";
import { resetSocket } from "./reset-socket.js";
import type { TimedQueue } from "./timed-queue.js";

export interface TcpHalfOptions {
  readonly source: Socket;
  readonly sink: Socket;
  readonly model: StreamModel;
  readonly queue: TimedQueue;
  /** The source is not read while so many bytes are on their way. */
  readonly bufferBytes: number;
  /** Hand each segment over in a turn of the event loop of its own, so that the reader may see them apart. */
  readonly apart: boolean;
  /** Bytes were read from the source. */
  readonly onSent: (bytes: Uint8Array) => void;
  /** Bytes are written to the sink. */
  readonly onArrived: (bytes: Uint8Array, sentAt: number) => void;
  readonly onImpaired: (how: "dropped" | "corrupted") => void;
  /** The end of the stream or a reset comes from the source, and later arrives at the sink. */
  readonly onWord: (word: "end" | "reset", arrived: boolean, sentAt: number) => void;
}

/** What came from the source. */
interface Came {
  readonly kind: "bytes" | "end" | "reset";
  readonly bytes: Uint8Array;
  readonly sentAt: number;
}

/** A piece of it, and when it arrives. */
interface Item extends Came {
  readonly at: number;
}

const none = new Uint8Array();

/**
 * Pieces that wait for their time, and reads that wait to be cut into pieces, at most so many of each: a byte that is a
 * piece of its own takes a few hundred bytes of memory.
 */
const MAX_PIECES = 4_096;

/**
 * A reset leaves so long after the bytes ahead of it: libuv, and so every program on Node, takes a reset for an end of
 * the stream where it finds both at once.
 */
const RESET_GAP_MS = 10;

export class TcpHalf {
  readonly #options: TcpHalfOptions;
  /** What is on its way: first what has been cut into pieces, and then, where those are many, what has not. */
  #items: Item[] = [];
  #came: Came[] = [];
  #heldBytes = 0;
  /** What is done when so many more bytes have crossed. */
  #limit: { bytes: number; readonly reached: () => void } | undefined;
  /** What keeps everything from arriving: no server yet, a cut, a limit that was reached. */
  readonly #holdUps = new Set<"connecting" | "cut" | "limit">();
  /** A timer or a turn of the event loop will pump. */
  #isAwaited = false;
  #isStopped = false;
  #lastWrite = Number.NEGATIVE_INFINITY;

  constructor(options: TcpHalfOptions) {
    this.#options = options;
    options.source.on("data", (chunk: Buffer) => this.#read(chunk));
    options.source.once("end", () => this.#enqueue("end"));
    options.sink.on("drain", () => this.#pump());
  }

  /** Bytes that wait here or in the sink. */
  get bufferedBytes(): number {
    return this.#heldBytes + this.#options.sink.writableLength;
  }

  holdUp(why: "connecting" | "cut"): void {
    this.#holdUps.add(why);
  }

  release(why: "connecting" | "cut" | "limit"): void {
    this.#holdUps.delete(why);
    this.#pump();
  }

  /** Lets so many more bytes cross, then nothing. */
  limit(bytes: number, reached: () => void): void {
    this.#limit = { bytes, reached };
    this.#pump();
  }

  /** The source was reset: so is the sink, when that has crossed. */
  sourceReset(): void {
    if (!this.#isStopped) this.#enqueue("reset");
  }

  /** Hands nothing over any more. */
  stop(): void {
    this.#isStopped = true;
    this.#items = [];
    this.#came = [];
    this.#heldBytes = 0;
  }

  #read(chunk: Uint8Array): void {
    const { source, sink, bufferBytes, onSent } = this.#options;
    if (this.#isStopped) return;
    onSent(chunk);
    this.#came.push({ kind: "bytes", bytes: chunk, sentAt: performance.now() });
    this.#heldBytes += chunk.length;
    this.#cutUp();
    this.#pump();
    if (this.#heldBytes >= bufferBytes || this.#came.length >= MAX_PIECES || sink.writableNeedDrain) source.pause();
  }

  /** Cuts what came into pieces, as long as there are not too many. When it is done changes nothing: the time was noted. */
  #cutUp(): void {
    const { model, onImpaired } = this.#options;
    for (let came = this.#came[0]; came !== undefined && this.#items.length < MAX_PIECES; came = this.#came[0]) {
      const { kind, sentAt } = came;
      let taken = 0;
      if (kind !== "bytes") this.#items.push({ ...came, at: model.end(sentAt) });
      else {
        for (const piece of model.offer(sentAt, came.bytes, MAX_PIECES - this.#items.length)) {
          if (piece.dropped) onImpaired("dropped");
          if (piece.corrupted) onImpaired("corrupted");
          this.#items.push({ kind, at: piece.at, bytes: piece.bytes, sentAt });
          taken += piece.bytes.length;
        }
      }
      if (taken === came.bytes.length) this.#came.shift();
      else this.#came[0] = { kind, sentAt, bytes: came.bytes.subarray(taken) };
    }
  }

  #enqueue(kind: "end" | "reset"): void {
    if (this.#isStopped) return;
    const sentAt = performance.now();
    this.#options.onWord(kind, false, sentAt);
    this.#came.push({ kind, bytes: none, sentAt });
    this.#cutUp();
    this.#pump();
  }

  /** Hands over what has crossed; then reads on, if there is room. */
  #pump(): void {
    const { sink, source, bufferBytes, apart } = this.#options;
    if (!apart) sink.cork();
    while (this.#mayHandOver()) {
      const [item] = this.#items;
      if (this.#limit?.bytes === 0) this.#reachLimit(this.#limit.reached);
      else if (item === undefined) break;
      else if (item.at > performance.now()) {
        this.#isAwaited = true;
        this.#options.queue.push(item.at, () => this.#wake());
      } else if (item.kind === "reset" && this.#lastWrite + RESET_GAP_MS > performance.now()) {
        this.#isAwaited = true;
        // The turn after the timer's: whoever reads in this process has read by then.
        this.#options.queue.push(this.#lastWrite + RESET_GAP_MS, () => setImmediate(() => this.#wake()));
      } else {
        this.#handOver(item);
        if (apart && this.#items.length > 0) {
          this.#isAwaited = true;
          setImmediate(() => this.#wake());
        }
      }
    }
    if (!apart) sink.uncork();
    const hasRoom = this.#heldBytes < bufferBytes / 2 && this.#came.length < MAX_PIECES / 2;
    if (source.isPaused() && hasRoom && !sink.writableNeedDrain) source.resume();
  }

  #mayHandOver(): boolean {
    if (this.#isAwaited || this.#isStopped || this.#holdUps.size > 0) return false;
    // A reset waits for no reader.
    return !this.#options.sink.writableNeedDrain || this.#items[0]?.kind === "reset";
  }

  #wake(): void {
    this.#isAwaited = false;
    this.#pump();
  }

  #reachLimit(reached: () => void): void {
    this.#limit = undefined;
    this.#holdUps.add("limit");
    const { sink, queue } = this.#options;
    const reachLater = (): void => queue.push(performance.now() + RESET_GAP_MS, () => setImmediate(reached));
    if (sink.writableEnded) reachLater();
    else sink.write(none, reachLater); // once all before it has gone
  }

  #handOver(item: Item): void {
    const { sink, onArrived, onWord } = this.#options;
    if (item.kind !== "bytes") {
      this.#shift();
      onWord(item.kind, true, item.sentAt);
      sink.uncork();
      if (item.kind === "end") sink.end();
      else {
        this.stop();
        resetSocket(sink);
      }
      return;
    }
    const bytes = item.bytes.subarray(0, this.#limit?.bytes);
    if (bytes.length < item.bytes.length) {
      this.#items[0] = { ...item, bytes: item.bytes.subarray(bytes.length) };
    } else this.#shift();
    if (this.#limit !== undefined) this.#limit.bytes -= bytes.length;
    this.#heldBytes -= bytes.length;
    onArrived(bytes, item.sentAt);
    sink.write(bytes);
    this.#lastWrite = performance.now();
  }

  #shift(): void {
    this.#items.shift();
    if (this.#items.length < MAX_PIECES / 2) this.#cutUp();
  }
}
