/** What the rows work on: a stream of equal frames, cut into chunks without regard to where frames begin. */
export interface Corpus {
  readonly chunks: readonly Uint8Array[];
  readonly frameCount: number;
  readonly byteCount: number;
}

const made = new Map<string, Corpus>();

/** Frames of `frameBytes` of counting bytes, about `totalBytes` in all, in chunks of `chunkBytes`, each on its own. */
export function corpus(frameBytes: number, totalBytes: number, chunkBytes = 65_536): Corpus {
  const key = `${frameBytes} ${totalBytes} ${chunkBytes}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const frameCount = Math.max(1, Math.floor(totalBytes / (8 + frameBytes)));
  const byteCount = frameCount * (8 + frameBytes);
  const stream = Buffer.allocUnsafeSlow(byteCount);
  for (let frame = 0, at = 0; frame < frameCount; frame++, at += 8 + frameBytes) {
    stream.writeUInt32BE(0, at);
    stream.writeUInt32BE(frameBytes, at + 4);
    stream.fill(frame & 0xff, at + 8, at + 8 + frameBytes);
  }
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < byteCount; at += chunkBytes) {
    // As a socket gives them: each a Buffer with memory of its own.
    const chunk = Buffer.allocUnsafeSlow(Math.min(chunkBytes, byteCount - at));
    stream.copy(chunk, 0, at);
    chunks.push(chunk);
  }
  const corpus: Corpus = { chunks, frameCount, byteCount };
  made.set(key, corpus);
  return corpus;
}

/**
 * `count` payloads of `bytes` bytes: 4,096 arrays over and over, since a million live ones would make the rows measure
 * the garbage collector, whose pauses hit one side or the other.
 */
export function payloads(count: number, bytes: number): Uint8Array[] {
  const distinct = Array.from({ length: Math.min(count, 4096) }, (_, index) =>
    new Uint8Array(bytes).fill(index & 0xff),
  );
  return Array.from({ length: count }, (_, index) => distinct[index % distinct.length] as Uint8Array);
}
