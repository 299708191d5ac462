/**
 * 32-bit cyclic redundancy checks, sixteen bytes at a time ("slicing", Kounavis and Berry 2005): CRC-32C (Castagnoli;
 * RFC 3720, B.4) and the CRC-32 of zlib and Ethernet. Both reflected, all ones at the start, inverted at the end.
 */

/** Continues from `start` (0, or what another call gave) over `bytes` from `from` up to `to`. @returns 32 bits, unsigned */
export type Crc = (bytes: Uint8Array, start: number, from: number, to: number) => number;

/** CRC-32C; 0xE3069283 for "123456789". */
export const crc32c: Crc = crcOf(0x82f63b78);

/** The CRC-32 of zlib, for platforms that give none; 0xCBF43926 for "123456789". */
export const crc32: Crc = crcOf(0xedb88320);

/** Making a view of fewer bytes takes longer than it saves. */
const WORTH_A_VIEW_BYTES = 64;

/** @param polynomial reflected: bit 31 is the coefficient of x^0 */
function crcOf(polynomial: number): Crc {
  const table = slicingTable(polynomial);
  return (bytes, start, from, to) => {
    let crc = ~start;
    let at = from;
    if (to - from >= WORTH_A_VIEW_BYTES) {
      const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (const whole = to - 15; at < whole; at += 16) {
        const a = crc ^ words.getInt32(at, true);
        const b = words.getInt32(at + 4, true);
        const c = words.getInt32(at + 8, true);
        const d = words.getInt32(at + 12, true);
        crc =
          entry(table, 3840 + (a & 255)) ^
          entry(table, 3584 + ((a >>> 8) & 255)) ^
          entry(table, 3328 + ((a >>> 16) & 255)) ^
          entry(table, 3072 + (a >>> 24)) ^
          entry(table, 2816 + (b & 255)) ^
          entry(table, 2560 + ((b >>> 8) & 255)) ^
          entry(table, 2304 + ((b >>> 16) & 255)) ^
          entry(table, 2048 + (b >>> 24)) ^
          entry(table, 1792 + (c & 255)) ^
          entry(table, 1536 + ((c >>> 8) & 255)) ^
          entry(table, 1280 + ((c >>> 16) & 255)) ^
          entry(table, 1024 + (c >>> 24)) ^
          entry(table, 768 + (d & 255)) ^
          entry(table, 512 + ((d >>> 8) & 255)) ^
          entry(table, 256 + ((d >>> 16) & 255)) ^
          entry(table, d >>> 24);
      }
    }
    for (; at < to; at++) crc = entry(table, (crc ^ byte(bytes, at)) & 255) ^ (crc >>> 8);
    return ~crc >>> 0;
  };
}

/** Sixteen tables of 256 in one: the k-th is the remainder of a byte that k more bytes follow. */
function slicingTable(polynomial: number): Int32Array {
  const table = new Int32Array(16 * 256);
  for (let value = 0; value < 256; value++) {
    let crc = value;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? polynomial : 0);
    table[value] = crc;
  }
  for (let at = 256; at < table.length; at++) {
    const before = entry(table, at - 256);
    table[at] = entry(table, before & 255) ^ (before >>> 8);
  }
  return table;
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

function entry(table: Int32Array, at: number): number {
  return table[at] as number;
}
