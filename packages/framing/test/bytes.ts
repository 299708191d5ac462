/** Bytes that tests are made of. */

/** "00 01 ff" as bytes; spaces and line ends are for the reader. */
export function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replace(/\s/g, ""), "hex"));
}

export function text(ascii: string): Uint8Array {
  return new Uint8Array(Buffer.from(ascii, "latin1"));
}

/** All in one array, with memory of its own. */
export function concat(parts: Iterable<Uint8Array>): Uint8Array {
  return new Uint8Array(Buffer.concat([...parts]));
}

/** Written independently of src/: the bytes of a frame by the definition of the format. */
export function frame(payload: Uint8Array, headerBytes: 8 | 4 = 8): Uint8Array {
  const header = Buffer.alloc(headerBytes);
  if (headerBytes === 8) header.writeBigUInt64BE(BigInt(payload.length));
  else header.writeUInt32BE(payload.length);
  return concat([header, payload]);
}

/** A header that announces any 64-bit length. */
export function announcing(length: bigint): Uint8Array {
  const header = Buffer.alloc(8);
  header.writeBigUInt64BE(length);
  return new Uint8Array(header);
}

/** The bytes in pieces of `size`, each with memory of its own. */
export function pieces(bytes: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.slice(at, at + size));
  return chunks;
}

/** The bytes cut at the given places, in whatever order they are given. */
export function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const cuts = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((end, index) => bytes.slice(cuts[index], end));
}

/** Arrays of numbers, which assertions print readably, whatever kind of Uint8Array they were. */
export function plain(frames: Iterable<Uint8Array>): number[][] {
  return Array.from(frames, (one) => Array.from(one));
}

export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of source) all.push(one);
  return all;
}
