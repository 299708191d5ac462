/** The forms for Node: object-mode streams and a framed socket. */
export { FrameDecoderStream, type FrameDecoderStreamOptions } from "./decoder-stream.js";
export { FrameEncoderStream, type FrameEncoderStreamOptions } from "./encoder-stream.js";
export { FramedSocket, type FramedSocketOptions, type ReadOptions } from "./framed-socket.js";
