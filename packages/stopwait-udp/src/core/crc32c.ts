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

/** @param polynomial reflected: bit 31 is the coefficient of x^0 */
function crcOf(polynomial: number): Crc {
  const table = slicingTable(polynomial);
  return (bytes, start, from, to) => {
    let crc = ~start;
    let at = from;
    for (const whole = to - 15; at < whole; at += 16) {
      const low =
        crc ^
        (byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24));
      crc =
        entry(table, 3840 + (low & 255)) ^
        entry(table, 3584 + ((low >>> 8) & 255)) ^
        entry(table, 3328 + ((low >>> 16) & 255)) ^
        entry(table, 3072 + (low >>> 24)) ^
        entry(table, 2816 + byte(bytes, at + 4)) ^
        entry(table, 2560 + byte(bytes, at + 5)) ^
        entry(table, 2304 + byte(bytes, at + 6)) ^
        entry(table, 2048 + byte(bytes, at + 7)) ^
        entry(table, 1792 + byte(bytes, at + 8)) ^
        entry(table, 1536 + byte(bytes, at + 9)) ^
        entry(table, 1280 + byte(bytes, at + 10)) ^
        entry(table, 1024 + byte(bytes, at + 11)) ^
        entry(table, 768 + byte(bytes, at + 12)) ^
        entry(table, 512 + byte(bytes, at + 13)) ^
        entry(table, 256 + byte(bytes, at + 14)) ^
        entry(table, byte(bytes, at + 15));
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
