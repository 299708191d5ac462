/** Decoding, in all forms that have a bar. CPU time; 64 MiB in 64 KiB chunks at arbitrary alignment. */
import { type Duplex, Readable } from "node:stream";
import { built } from "../../../bench/built.js";
import { digestOfFrames } from "../../../bench/digest.js";
import { type Awaitable, type Contender, perCpuSecond, type Row } from "../../../bench/row.js";
import { bars } from "./bars.js";
import { type Corpus, corpus } from "./corpus.js";
import { asyncLoop } from "./floors/async-loop.js";
import { parseLoop } from "./floors/parse-loop.js";
import { transform } from "./floors/transform.js";

const { FrameDecoder, FrameDecoderStream, decodeFrames } = await built<typeof import("../src/index.js")>("framing");

const MIB = 1024 * 1024;

/** Hands every frame to `take`, and resolves when there are no more. */
type Decode = (chunks: readonly Uint8Array[], take: (frames: readonly Uint8Array[]) => void) => Awaitable<void>;

/**
 * Measures frames per CPU second, or with `perFrame` CPU milliseconds per frame. A round goes over the corpus `passes`
 * times: a few milliseconds would measure which side the garbage collector's pause falls on.
 */
function contender(of: (smoke: boolean) => Corpus, decode: Decode, perFrame = false, passes = 1): Contender {
  return {
    output: async () => {
      const frames: Uint8Array[] = [];
      await decode(of(true).chunks, (some) => void frames.push(...some));
      return digestOfFrames(frames);
    },
    measure: async (smoke) => {
      const { chunks, frameCount } = of(smoke);
      let seen = 0;
      const expected = frameCount * (smoke ? 1 : passes);
      const rate = await perCpuSecond(expected, async () => {
        while (seen < expected) {
          await decode(chunks, (some) => {
            seen += some.length;
          });
        }
      });
      if (seen !== expected) throw new Error(`${seen} frames instead of ${expected}`);
      return perFrame ? 1000 / rate : rate;
    },
  };
}

const small = (frameBytes: number) => (smoke: boolean) => corpus(frameBytes, smoke ? MIB / 4 : 64 * MIB);
/** Frames of 1 MiB: what small chunks cost more than large ones. */
const large = (chunkBytes: number) => (smoke: boolean) => corpus(MIB, (smoke ? 2 : 64) * (MIB + 8), chunkBytes);

const loop: Decode = (chunks, take) => {
  const push = parseLoop();
  for (const chunk of chunks) take(push(chunk));
};
const push: Decode = (chunks, take) => {
  const decoder = new FrameDecoder();
  for (const chunk of chunks) take(decoder.push(chunk));
  decoder.end();
};

async function* arriving(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield chunk;
}

const floorIterable: Decode = async (chunks, take) => {
  for await (const frames of asyncLoop(arriving(chunks))) take(frames);
};
const iterable: Decode = async (chunks, take) => {
  for await (const frames of decodeFrames(arriving(chunks)).batches()) take(frames);
};

function piped(make: () => Duplex): Decode {
  return (chunks, take) =>
    new Promise((resolve, reject) => {
      const one: Uint8Array[] = [];
      Readable.from(chunks, { highWaterMark: 1 })
        .pipe(make())
        .on("data", (frame: Uint8Array) => {
          one[0] = frame;
          take(one);
        })
        .on("end", resolve)
        .on("error", reject);
    });
}

const unit = "frames/CPU s";
const direction = "at least";
export const rows: readonly Row[] = [
  {
    what: "framing: push(), 16 B",
    unit,
    direction,
    bar: bars.F21.bar,
    rounds: 15,
    floor: contender(small(16), loop),
    ours: contender(small(16), push),
  },
  {
    what: "framing: push(), 1 KiB",
    unit,
    direction,
    bar: bars.F22.bar,
    rounds: 15,
    floor: contender(small(1024), loop, false, 16),
    ours: contender(small(1024), push, false, 16),
  },
  {
    what: "framing: async iterable, batches, 16 B",
    unit,
    direction,
    bar: bars.F23.bar,
    floor: contender(small(16), floorIterable),
    ours: contender(small(16), iterable),
  },
  {
    what: "framing: Node stream in object mode, 16 B",
    unit,
    direction,
    bar: bars.F24.bar,
    floor: contender(small(16), piped(transform)),
    ours: contender(
      small(16),
      piped(() => new FrameDecoderStream()),
    ),
  },
  {
    what: "framing: 1 MiB frame in 256 B chunks against 64 KiB chunks",
    unit: "CPU ms/frame",
    direction: "at most",
    bar: bars.F27.bar,
    floor: contender(large(65_536), push, true),
    ours: contender(large(256), push, true),
  },
];
