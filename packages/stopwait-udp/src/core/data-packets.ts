/** DATA packets, encoded into memory that is used again: both senders make one for every block. */

import { LARGE_BLOCK_BYTES, type SourceBlocks } from "./source-blocks.js";
import type { PacketChecksum } from "./v2-checksum.js";
import { Flag, HEADER_BYTES, Type, writeChecksum, writeHeader } from "./v2-packet.js";

export class DataPackets {
  readonly #session: Uint8Array;
  readonly #blockBytes: number;
  readonly #checksum: PacketChecksum;
  readonly #buffers: Uint8Array[] = [];
  readonly #window: number;
  #turn = 0;
  /** The packet that was made ahead, and for what. */
  #ready: { readonly packet: Uint8Array; readonly block: number; readonly counter: number } | undefined;

  /** @param window so many packets are good at the same time, beside the one that is made ahead */
  constructor(session: Uint8Array, blockBytes: number, window: number, checksum: PacketChecksum) {
    this.#session = session;
    this.#blockBytes = blockBytes;
    this.#window = window;
    this.#checksum = checksum;
  }

  /** A block that is loaded as a packet, good until `window` more were made. */
  encode(source: SourceBlocks, block: number, counter: number, isRetry: boolean): Uint8Array {
    const ready = this.#ready;
    if (ready === undefined) return this.#make(source, block, counter, isRetry);
    this.#ready = undefined;
    if (ready.block === block && ready.counter === counter && !isRetry) return ready.packet;
    return this.#make(source, block, counter, isRetry);
  }

  /**
   * Makes a packet while the other end is at work, with the counter that it will have if nothing is lost. That is worth
   * while for large blocks: copying and summing them takes as long as sending them.
   */
  makeAhead(source: SourceBlocks, block: number, counter: number): void {
    if (this.#blockBytes < LARGE_BLOCK_BYTES || !source.isLoaded(block) || this.#ready?.block === block) return;
    this.#ready = { packet: this.#make(source, block, counter, false), block, counter };
  }

  #make(source: SourceBlocks, block: number, counter: number, isRetry: boolean): Uint8Array {
    const buffer = this.#buffer();
    const length = source.copy(block, buffer, HEADER_BYTES);
    const flags = (block === source.count - 1 ? Flag.LAST : 0) | (isRetry ? Flag.RETRY : 0);
    writeHeader(buffer, this.#session, Type.DATA, flags, length, block, counter, 0);
    writeChecksum(buffer, this.#checksum(buffer, HEADER_BYTES + length));
    return length === this.#blockBytes ? buffer : buffer.subarray(0, HEADER_BYTES + length);
  }

  #buffer(): Uint8Array {
    this.#turn = (this.#turn + 1) % (this.#window + 1);
    let buffer = this.#buffers[this.#turn];
    if (buffer === undefined) {
      buffer = new Uint8Array(HEADER_BYTES + this.#blockBytes);
      this.#buffers[this.#turn] = buffer;
    }
    return buffer;
  }
}
