// Frames that were cut anywhere come out whole, and in their order.
import assert from "node:assert/strict";
import { encodeFrames, FrameDecoder } from "../dist/framing.mjs";

const payloads = Array.from({ length: 20 }, (_, i) => new Uint8Array(i * 7).fill(i));
const bytes = Buffer.concat(encodeFrames(payloads));
for (let size = 1; size <= 64; size++) {
  const decoder = new FrameDecoder();
  const found = [];
  for (let at = 0; at < bytes.length; at += size) {
    decoder.feed(bytes.subarray(at, at + size));
    for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) found.push(frame.slice());
  }
  assert.deepEqual(found, payloads);
}
console.log("framing: 20 frames in chunks of 1 to 64 bytes");
