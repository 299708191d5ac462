/** A build for programs: a line of JSON for everything that happens (`rake --json`). */
import type { BuildEvent, BuildResult } from "../core/client-contract.js";
import type { StreamName } from "../core/server-contract.js";

/** The event as the library tells it. */
export function eventJson(event: BuildEvent): string {
  return JSON.stringify(event);
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What an action printed: `text`, or `base64` where the piece is no UTF-8. */
export function printedJson(stream: StreamName, bytes: Uint8Array, action: number | undefined): string {
  const of = { type: "printed", ...(action !== undefined && { action }), stream };
  try {
    return JSON.stringify({ ...of, text: decoder.decode(bytes) });
  } catch {
    return JSON.stringify({ ...of, base64: base64(bytes) });
  }
}

/** The last line. */
export function resultJson(result: BuildResult, tookMs: number): string {
  return JSON.stringify({ type: "finished", ...result, tookMs: Math.round(tookMs) });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}
