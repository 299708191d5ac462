/** Frames of any size in chunks of any size, some of them too large, ended or handed over anywhere. */
import { FrameDecoder } from "../../packages/framing/src/core/decoder.js";
import { FramingError } from "../../packages/framing/src/core/errors.js";
import { Random } from "../../packages/simnet/src/core/random.js";

export function decodeFrames(seed: number): void {
  const random = new Random(seed);
  const decoder = new FrameDecoder({ maxFrameBytes: 6, headerBytes: 4 });
  try {
    for (let chunk = random.integer(0, 8); chunk > 0; chunk--) decoder.push(chunkOf(random));
    if (random.unit() < 0.3) decoder.rest();
    else decoder.end();
  } catch (error) {
    if (!(error instanceof FramingError)) throw error; // what the inputs broke
  }
}

/** One or two frames of up to 7 bytes, of which 6 are allowed, without some bytes at the end. */
function chunkOf(random: Random): Uint8Array {
  const frames = Array.from({ length: random.integer(1, 2) }, () => {
    const length = random.integer(0, random.unit() < 0.1 ? 7 : 6);
    return [0, 0, 0, length, ...new Array<number>(length).fill(0)];
  });
  const bytes = Uint8Array.from(frames.flat());
  return random.unit() < 0.5 ? bytes : bytes.subarray(0, random.integer(1, bytes.length));
}
