/** The trace of a run: its fingerprint, its text, and its picture. */
import { createHash } from "node:crypto";
import { type Describe, renderDiagram, renderTrace, type TraceEvent } from "@lab/simnet";
import { decodeMessage, PayloadStream } from "../../src/core/index.js";

/** The same for the same trace, and for no other. */
export function fingerprintOf(trace: readonly TraceEvent[]): string {
  return createHash("sha256").update(renderTrace(trace)).digest("hex").slice(0, 16);
}

export function traceText(trace: readonly TraceEvent[]): string {
  return renderTrace(trace, { describe });
}

export function traceDiagram(trace: readonly TraceEvent[], title: string): string {
  return renderDiagram(trace, { title, describe, maxEvents: 2_000 });
}

/** The messages that a segment carries whole. */
const describe: Describe = (bytes) => {
  try {
    const messages = new PayloadStream().push(bytes).map((payload) => decodeMessage(payload));
    return messages.map(({ header, body }) => `${body.type} ${header.epoch}`).join(", ") || undefined;
  } catch {
    return undefined;
  }
};
