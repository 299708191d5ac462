/** The pure core: bytes in, frames out, and back. No I/O, no clock, no platform. */
export { BodyDecoder, type BodyEvent, type BodyOptions } from "./bodies.js";
export { FrameDecoder, type FrameDecoderOptions, type FrameVisitor } from "./decoder.js";
export { encodeFrame, encodeHeader } from "./encode.js";
export { DEFAULT_SLAB_BYTES, encodeFrames, FrameEncoder, type FrameEncoderOptions } from "./encoder.js";
export {
  ConnectionError,
  FrameTooLargeError,
  FramingError,
  LocalFrameTooLargeError,
  LocalProtocolError,
  RemoteProtocolError,
  TruncatedFrameError,
} from "./errors.js";
export { encodeU64, readU64, readU64BigInt } from "./integers.js";
export { DEFAULT_MAX_FRAME_BYTES, type FrameOptions, type HeaderBytes } from "./options.js";
export { type DecodedText, encodeText, readText, type TextOptions } from "./text.js";
