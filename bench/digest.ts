/** What both sides of a row must agree on before they are timed. */
import { createHash } from "node:crypto";

/** Of bytes, however they are divided into chunks. */
export function digestOfBytes(chunks: Iterable<Uint8Array>): string {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}

/** Of a list of arrays, with where each begins. */
export function digestOfFrames(frames: Iterable<Uint8Array>): string {
  const hash = createHash("sha256");
  for (const frame of frames) hash.update(`${frame.length}:`).update(frame);
  return hash.digest("hex");
}
