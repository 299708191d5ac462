import { constants } from "node:buffer";
import { DEFAULT_MAX_FRAME_BYTES, wholeNumber } from "../core/options.js";

/** A frame of the Node forms is one array, so no limit above what one may have is accepted (framing rule F2). */
export function checkNodeLimit(options: { readonly maxFrameBytes?: number | undefined }): void {
  wholeNumber("maxFrameBytes", options.maxFrameBytes, DEFAULT_MAX_FRAME_BYTES, 0, constants.MAX_LENGTH);
}

/** How many frames a stream in object mode buffers: Node's own default, written out so that it is the same everywhere. */
export const DEFAULT_BUFFERED_FRAMES = 16;
