/** What the rules are checked on: the shipped code, or a mutant of it that differs in one place. */
import {
  BodyDecoder,
  encodeFrame,
  encodeHeader,
  FrameDecoder,
  FrameDecoderStream,
  FrameEncoder,
  readU64,
} from "../src/index.js";

export interface Subject {
  readonly FrameDecoder: typeof FrameDecoder;
  readonly FrameEncoder: typeof FrameEncoder;
  readonly FrameDecoderStream: typeof FrameDecoderStream;
  readonly BodyDecoder: typeof BodyDecoder;
  readonly encodeFrame: typeof encodeFrame;
  readonly encodeHeader: typeof encodeHeader;
  readonly readU64: typeof readU64;
}

export const shipped: Subject = {
  FrameDecoder,
  FrameEncoder,
  FrameDecoderStream,
  BodyDecoder,
  encodeFrame,
  encodeHeader,
  readU64,
};

/** One property of one rule: throws an AssertionError where the subject breaks it. */
export interface Check {
  /** Such as "F4". */
  readonly rule: string;
  readonly title: string;
  readonly run: (subject: Subject) => void | Promise<void>;
}
