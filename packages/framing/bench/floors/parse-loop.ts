/**
 * The floor of decoding: the least that reads 8-byte lengths and gives views, for frames of up to 64 KiB. A frame that
 * lies across chunks is put together in one spare buffer. It checks the limit, and nothing else.
 */
const LIMIT = 65_536;

export function parseLoop(): (chunk: Uint8Array) => Uint8Array[] {
  const spare = new Uint8Array(8 + LIMIT);
  let have = 0;
  return (chunk) => {
    const frames: Uint8Array[] = [];
    const { buffer, byteOffset, length: limit } = chunk;
    let at = 0;
    if (have > 0) {
      while (have < 8 && at < limit) spare[have++] = chunk[at++] as number;
      if (have < 8) return frames;
      const words = new DataView(spare.buffer);
      const want = 8 + words.getUint32(0) * 4_294_967_296 + words.getUint32(4);
      if (want > 8 + LIMIT) throw new Error("too large");
      const taken = Math.min(want - have, limit - at);
      spare.set(new Uint8Array(buffer, byteOffset + at, taken), have);
      have += taken;
      at += taken;
      if (have < want) return frames;
      frames.push(spare.slice(8, want));
      have = 0;
    }
    const words = new DataView(buffer, byteOffset, limit);
    while (limit - at >= 8) {
      const length = words.getUint32(at) * 4_294_967_296 + words.getUint32(at + 4);
      if (length > LIMIT) throw new Error("too large");
      const end = at + 8 + length;
      if (end > limit) break;
      frames.push(new Uint8Array(buffer, byteOffset + at + 8, length));
      at = end;
    }
    if (at < limit) {
      have = limit - at;
      spare.set(new Uint8Array(buffer, byteOffset + at, have));
    }
    return frames;
  };
}
