/** Frames of both widths, as docs/framing.md has them and as every encoder of the package writes them. */
import { encodeFrame, encodeFrames } from "../../packages/framing/src/core/index.js";
import type { ProtocolName } from "../../wireshark/counts.js";
import { concat } from "./captures.js";
import type { Example, Spoken } from "./spoken.js";

function spoken(protocol: ProtocolName & `framing${string}`, headerBytes: 8 | 4): Spoken {
  const payloads = ["hi", "", "a longer one ".repeat(40)].map((text) => new TextEncoder().encode(text));
  const examples = payloads.map((payload): Example => {
    const values = {
      length: [`${payload.length}`],
      ...(payload.length > 0 && { payload: [Buffer.from(payload).toString("hex")] }),
    };
    const name = `${protocol} ${payload.length === 0 ? "empty" : "frame"}`;
    return { name, side: "client", bytes: encodeFrame(payload, { headerBytes }), values };
  });
  // The batching encoder writes the same bytes (F17).
  const batch = concat(encodeFrames(payloads, { headerBytes }));
  if (Buffer.compare(batch, concat(examples.map(({ bytes }) => bytes))) !== 0) throw new Error("two encoders differ");
  const types = [`${protocol} frame`, `${protocol} empty`];
  return { protocol, types, conversations: [examples], beside: [], words: {} };
}

export const framingVectors: readonly Spoken[] = [spoken("framing", 8), spoken("framing4", 4)];
