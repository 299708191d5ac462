/** ACK packets, encoded into memory that is used again: a client that fetches sends one for every block. */

import type { PacketChecksum } from "./v2-checksum.js";
import { Flag, HEADER_BYTES, Type, writeChecksum, writeHeader, writeUint32 } from "./v2-packet.js";

const SACK_BYTES = 4;

export class AckPackets {
  readonly #session: Uint8Array;
  readonly #checksum: PacketChecksum;
  readonly #long: Uint8Array = new Uint8Array(HEADER_BYTES + SACK_BYTES);
  readonly #short: Uint8Array = new Uint8Array(HEADER_BYTES);

  constructor(session: Uint8Array, checksum: PacketChecksum) {
    this.#session = session;
    this.#checksum = checksum;
  }

  /** @param sack 0 for none. @returns a packet that is good until the next one is made */
  encode(counter: number, isRetry: boolean, block: number, credit: number, sack: number): Uint8Array {
    const packet = sack === 0 ? this.#short : this.#long;
    const flags = (isRetry ? Flag.RETRY : 0) | (sack === 0 ? 0 : Flag.SACK);
    if (sack !== 0) writeUint32(packet, HEADER_BYTES, sack);
    writeHeader(packet, this.#session, Type.ACK, flags, packet.length - HEADER_BYTES, block, counter, credit);
    writeChecksum(packet, this.#checksum(packet, packet.length));
    return packet;
  }
}
