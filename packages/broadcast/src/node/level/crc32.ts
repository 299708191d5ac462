/** CRC-32 (ISO 3309, as in gzip and PNG) of bytes: the checksum of a record, by zlib where Node has it (20.15 on), else by table. */
import * as zlib from "node:zlib";

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  return crc;
});

/** @param crc that of the bytes before these; 0: there are none */
export function plainCrc32(bytes: Uint8Array, crc = 0): number {
  let state = ~crc;
  for (let i = 0; i < bytes.length; i++)
    state = (state >>> 8) ^ (TABLE[(state ^ (bytes[i] as number)) & 0xff] as number);
  return ~state >>> 0;
}

export const crc32: (bytes: Uint8Array, crc?: number) => number =
  (zlib as Partial<Pick<typeof zlib, "crc32">>).crc32 ?? plainCrc32;
