/** Files read in pieces, so that none is ever held whole (R47). */
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";

export const PIECE_BYTES = 65_536;

/** SHA-256 of an open file, from its start to its end: 64 hexadecimal digits, and how many bytes there were. */
export async function digestOf(file: FileHandle): Promise<{ readonly digest: string; readonly size: number }> {
  const hash = createHash("sha256");
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  let size = 0;
  for (;;) {
    const { bytesRead } = await file.read(piece, 0, PIECE_BYTES, size);
    if (bytesRead === 0) return { digest: hash.digest("hex"), size };
    hash.update(bytesRead === PIECE_BYTES ? piece : piece.subarray(0, bytesRead));
    size += bytesRead;
  }
}

/** At most so many bytes from there, in memory of their own; fewer at the end alone. */
export async function readAt(file: FileHandle, offset: number, maxBytes: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(Math.min(maxBytes, PIECE_BYTES));
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, offset + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return new Uint8Array(bytes.buffer, bytes.byteOffset, length);
}
