/**
 * Mutants: each breaks one rule of the shipped code, and a check of that rule must notice. `pnpm --filter @lab/framing
 * mutants` prints the table and exits 1 where one survives.
 */
import { AssertionError } from "node:assert";
import { pathToFileURL } from "node:url";
import {
  BodyDecoder,
  encodeFrame,
  encodeHeader,
  FrameDecoder,
  type FrameDecoderOptions,
  FrameDecoderStream,
  FrameEncoder,
  type FramingError,
  LocalProtocolError,
  readU64,
  readU64BigInt,
  TruncatedFrameError,
} from "../src/index.js";
import { checks } from "./rules.js";
import { type Subject, shipped } from "./subject.js";

export interface Mutant {
  readonly rule: string;
  readonly what: string;
  readonly parts: Partial<Subject>;
}

/** A decoder whose end() lets one kind of truncation pass as a clean end. */
function endsCleanly(when: (error: TruncatedFrameError) => boolean): typeof FrameDecoder {
  return class extends FrameDecoder {
    override end(): void {
      try {
        super.end();
      } catch (error) {
        if (!(error instanceof TruncatedFrameError && when(error))) throw error;
      }
    }
  };
}

const unlimited = { maxFrameBytes: Number.MAX_SAFE_INTEGER };

export const mutants: readonly Mutant[] = [
  {
    rule: "F1",
    what: "the decoder drops the top 11 bits of a length",
    parts: {
      FrameDecoder: class extends FrameDecoder {
        protected override admit(high: number, low: number): number | FramingError {
          return super.admit(high & 0x1f_ffff, low);
        }
      },
    },
  },
  {
    rule: "F1",
    what: "the decoder reads the low word alone",
    parts: {
      FrameDecoder: class extends FrameDecoder {
        protected override admit(_high: number, low: number): number | FramingError {
          return super.admit(0, low);
        }
      },
    },
  },
  {
    rule: "F1",
    what: "the error rounds the announced length",
    parts: {
      FrameDecoder: class extends FrameDecoder {
        override get error(): FramingError | undefined {
          const error = super.error as (FramingError & { announced?: bigint }) | undefined;
          if (error?.announced !== undefined) Object.assign(error, { announced: BigInt(Number(error.announced)) });
          return error;
        }
      },
    },
  },
  {
    rule: "F1",
    what: "encodeHeader rounds a bigint to a number first",
    parts: { encodeHeader: (length, options) => encodeHeader(Math.min(Number(length), 2 ** 53 - 1), options) },
  },
  {
    rule: "F1",
    what: "readU64 rounds",
    parts: { readU64: (bytes, at) => Number(readU64BigInt(bytes, at)) & 0xffff_ffff },
  },
  {
    rule: "F2",
    what: "the decoder accepts one byte above its limit",
    parts: {
      FrameDecoder: class extends FrameDecoder {
        constructor(options: FrameDecoderOptions = {}) {
          super({ ...options, maxFrameBytes: (options.maxFrameBytes ?? 16 * 1024 * 1024) + 1 });
        }
      },
    },
  },
  {
    rule: "F2",
    what: "encodeFrame has no limit",
    parts: { encodeFrame: (payload, options) => encodeFrame(payload, { ...options, ...unlimited }) },
  },
  {
    rule: "F2",
    what: "the batching encoder has no limit",
    parts: {
      FrameEncoder: class extends FrameEncoder {
        constructor() {
          super(unlimited);
        }
      },
    },
  },
  {
    rule: "F2",
    what: "the limit is checked only when payload arrives",
    parts: {
      FrameDecoder: class extends FrameDecoder {
        override push(chunk: Uint8Array): Uint8Array[] {
          this.#pushed += chunk.length;
          return super.push(chunk);
        }
        #pushed = 0;
        override get error(): FramingError | undefined {
          return this.#pushed > 8 ? super.error : undefined;
        }
      },
    },
  },
  {
    rule: "F3",
    what: "the announced length is allocated at once",
    parts: {
      FrameDecoder: class extends FrameDecoder {
        protected override capacity(_have: number, want: number): number {
          return want;
        }
      },
    },
  },
  {
    rule: "F3",
    what: "the buffer grows fourfold",
    parts: {
      FrameDecoder: class extends FrameDecoder {
        protected override capacity(have: number, want: number, room: number): number {
          return Math.min(want, Math.max(have, 4 * room, 32_768));
        }
      },
    },
  },
  {
    rule: "F4",
    what: "an end inside the header is clean",
    parts: { FrameDecoder: endsCleanly((error) => error.inHeader) },
  },
  {
    rule: "F4",
    what: "an end right after the header is clean",
    parts: { FrameDecoder: endsCleanly((error) => !error.inHeader && error.have === 0) },
  },
  {
    rule: "F4",
    what: "an end inside the payload is clean",
    parts: { FrameDecoder: endsCleanly((error) => !error.inHeader && error.have > 0) },
  },
  {
    rule: "F4",
    what: "the body decoder takes every end for a clean one",
    parts: {
      BodyDecoder: class extends BodyDecoder {
        override end(): void {}
      },
    },
  },
  {
    rule: "F4",
    what: "the stream loses the frames that are buffered when it fails",
    parts: {
      FrameDecoderStream: class extends FrameDecoderStream {
        override _final(callback: (error?: Error | null) => void): void {
          super._final((error) => callback(error));
          if (this.readableLength > 0) this.destroy(new TruncatedFrameError(0, 0, 0, false));
        }
      },
    },
  },
  {
    rule: "F5",
    what: "empty frames are dropped",
    parts: {
      FrameDecoder: class extends FrameDecoder {
        override push(chunk: Uint8Array): Uint8Array[] {
          return super.push(chunk).filter((frame) => frame.length > 0);
        }
      },
    },
  },
  {
    rule: "F5",
    what: "the buffer grows by what came, so that cost is quadratic",
    parts: {
      FrameDecoder: class extends FrameDecoder {
        protected override capacity(have: number): number {
          return have;
        }
      },
    },
  },
  {
    rule: "F5",
    what: "a header must lie inside one chunk",
    parts: {
      FrameDecoder: class extends FrameDecoder {
        override push(chunk: Uint8Array): Uint8Array[] {
          return chunk.length < this.headerBytes ? [] : super.push(chunk);
        }
      },
    },
  },
  {
    rule: "F6",
    what: "push() throws at once and loses the frames before the error",
    parts: {
      FrameDecoder: class extends FrameDecoder {
        override push(chunk: Uint8Array): Uint8Array[] {
          const frames = super.push(chunk);
          return this.error === undefined ? frames : [];
        }
      },
    },
  },
  {
    rule: "F6",
    what: "the error is forgotten by end()",
    parts: {
      FrameDecoder: class extends FrameDecoder {
        override end(): void {
          if (this.error === undefined) super.end();
        }
      },
    },
  },
  {
    rule: "F6",
    what: "rest() forgets the part of a frame that was taken in",
    parts: {
      FrameDecoder: class extends FrameDecoder {
        override rest(): Uint8Array {
          return super.rest().subarray(8);
        }
      },
    },
  },
  {
    rule: "F6",
    what: "next() reads ahead",
    parts: {
      FrameDecoder: class extends FrameDecoder {
        readonly #ahead: Uint8Array[] = [];
        override next(): Uint8Array | undefined {
          for (let frame = super.next(); frame !== undefined; frame = super.next()) this.#ahead.push(frame);
          return this.#ahead.shift();
        }
      },
    },
  },
  {
    rule: "F7",
    what: "`copy` is ignored",
    parts: {
      FrameDecoder: class extends FrameDecoder {
        constructor(options: FrameDecoderOptions = {}) {
          super({ ...options, copy: false });
        }
      },
    },
  },
  {
    rule: "F7",
    what: "every frame is copied",
    parts: {
      FrameDecoder: class extends FrameDecoder {
        constructor(options: FrameDecoderOptions = {}) {
          super({ ...options, copy: true });
        }
      },
    },
  },
  {
    rule: "F8",
    what: "the stream joins what it has buffered",
    parts: {
      FrameDecoderStream: class extends FrameDecoderStream {
        override read(size?: number): Uint8Array | null {
          const frames: Uint8Array[] = [];
          for (let frame = super.read(size); frame !== null; frame = super.read(size)) frames.push(frame);
          return frames.length === 0 ? null : Buffer.concat(frames);
        }
      },
    },
  },
  {
    rule: "F9",
    what: "a truncation is raised as the caller's mistake",
    parts: {
      FrameDecoder: class extends FrameDecoder {
        override end(): void {
          try {
            super.end();
          } catch (error) {
            if (!(error instanceof TruncatedFrameError)) throw error;
            throw new LocalProtocolError(error.code, error.message);
          }
        }
      },
    },
  },
  {
    rule: "F9",
    what: "a payload above the limit is raised with the peer's code",
    parts: {
      encodeFrame: (payload, options) => {
        try {
          return encodeFrame(payload, options);
        } catch (error) {
          throw error instanceof LocalProtocolError ? Object.assign(error, { code: "FRAME_TOO_LARGE" }) : error;
        }
      },
    },
  },
  {
    rule: "F9",
    what: "readU64 raises a RangeError",
    parts: {
      readU64: (bytes, at) => {
        try {
          return readU64(bytes, at);
        } catch (error) {
          throw new RangeError(String(error));
        }
      },
    },
  },
  {
    rule: "F10",
    what: "a refused length raises a RangeError",
    parts: {
      FrameDecoder: class extends FrameDecoder {
        protected override admit(high: number, low: number): number | FramingError {
          const length = super.admit(high, low);
          if (typeof length !== "number") throw new RangeError("Invalid array length");
          return length;
        }
      },
    },
  },
];

export interface Verdict {
  readonly mutant: Mutant;
  /** The check that failed by an assertion, or undefined where the mutant survived. */
  readonly killedBy: string | undefined;
  readonly how: string;
}

/** Runs the checks of the mutant's rule; anything but a failed assertion does not count. */
export async function judge(mutant: Mutant): Promise<Verdict> {
  let how = "every check passed";
  for (const check of checks.filter(({ rule }) => rule === mutant.rule)) {
    try {
      await check.run({ ...shipped, ...mutant.parts });
    } catch (error) {
      how = String((error as Error).message).split("\n")[0] as string;
      if (error instanceof AssertionError) return { mutant, killedBy: check.title, how };
      how = `not an assertion: ${how}`;
    }
  }
  return { mutant, killedBy: undefined, how };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  let survivors = 0;
  for (const mutant of mutants) {
    const { killedBy, how } = await judge(mutant);
    if (killedBy === undefined) survivors++;
    console.log(
      `${mutant.rule.padEnd(4)} ${mutant.what}\n     ${killedBy === undefined ? "SURVIVED" : `killed by: ${killedBy}`}\n     ${how}`,
    );
  }
  console.log(`\n${mutants.length} mutants, ${survivors} survived`);
  process.exit(survivors === 0 ? 0 : 1);
}
