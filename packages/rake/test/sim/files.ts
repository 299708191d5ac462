/** Folders of the simulation: files by their path, each with its digest. */
import { createHash } from "node:crypto";

export interface SimFile {
  readonly bytes: Uint8Array;
  readonly mode: number;
  readonly digest: string;
}

export type Folder = ReadonlyMap<string, SimFile>;

export function fileOf(bytes: Uint8Array, mode: number): SimFile {
  return { bytes, mode, digest: digestOf(bytes) };
}

export function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Bytes that a text decides: the same for the same text. */
export function bytesOf(text: string, size: number): Uint8Array {
  const block = createHash("sha256").update(text).digest();
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += block.length) bytes.set(block.subarray(0, size - at), at);
  return bytes;
}

/** What is different, for a reader; undefined where nothing is. */
export function difference(found: Folder, expected: Folder): string | undefined {
  for (const [path, { digest, mode }] of expected) {
    const other = found.get(path);
    if (other === undefined) return `${path} is not there`;
    if (other.digest !== digest) return `${path} has other bytes (${other.bytes.length})`;
    if (other.mode !== mode) return `${path} has the mode ${other.mode.toString(8)}, not ${mode.toString(8)}`;
  }
  for (const path of found.keys()) if (!expected.has(path)) return `${path} should not be there`;
  return undefined;
}
