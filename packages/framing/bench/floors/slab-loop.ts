/** The floor of encoding: headers and payloads written one after another into 64 KiB buffers, for frames that fit. */
const SLAB = 65_536;

export function slabLoop(payloads: readonly Uint8Array[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let slab = new Uint8Array(SLAB);
  let at = 0;
  for (const payload of payloads) {
    const length = payload.length;
    if (at + 8 + length > SLAB) {
      chunks.push(slab.subarray(0, at));
      slab = new Uint8Array(SLAB);
      at = 0;
    }
    slab[at] = 0;
    slab[at + 1] = 0;
    slab[at + 2] = 0;
    slab[at + 3] = 0;
    slab[at + 4] = length >>> 24;
    slab[at + 5] = length >>> 16;
    slab[at + 6] = length >>> 8;
    slab[at + 7] = length;
    at += 8;
    for (let i = 0; i < length; i++) slab[at + i] = payload[i] as number;
    at += length;
  }
  if (at > 0) chunks.push(slab.subarray(0, at));
  return chunks;
}
