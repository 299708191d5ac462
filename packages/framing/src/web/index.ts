/** The core and the forms that need web standards alone: for browsers, Deno, Bun, workers, and Node. */
export * from "../core/index.js";
export { type BodyStreamOptions, decodeBodies, encodeBody, type FrameBody } from "./bodies.js";
export type { ChunkSource, SignalOption } from "./chunks.js";
export { DecodedFrames, type DecodeFramesOptions, decodeFrames } from "./frames.js";
export { WebFrameDecoderStream, WebFrameEncoderStream } from "./streams.js";
