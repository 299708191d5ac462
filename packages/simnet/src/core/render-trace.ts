/** A trace as text: one line per event, in columns, for people. */

import type { Endpoint } from "./contract.js";
import type { Describe, TraceEvent } from "./trace.js";

export interface RenderTraceOptions {
  /** What a payload means. Where it says nothing, the first bytes are shown. */
  readonly describe?: Describe;
  /** Lines at most, from the first; the rest is counted. Default: all. */
  readonly maxLines?: number;
  /** Events that are not among those given (`world.traceOmitted`), to be counted too. Default 0. */
  readonly omitted?: number;
}

/** Payload bytes that are shown where nobody describes them. */
const SHOWN_BYTES = 24;

type Columns = readonly [time: string, node: string, what: string, route: string, details: string];

/**
 * Columns: milliseconds of the world, the node where it happens, what happens, between whom, and what is in it.
 * Datagrams are numbered `#1`, connections `c1`, the place of a segment in its direction of the stream is `@0`.
 */
export function renderTrace(events: readonly TraceEvent[], options: RenderTraceOptions = {}): string {
  const { describe, maxLines = Number.POSITIVE_INFINITY, omitted = 0 } = options;
  const rows = events.slice(0, maxLines).map((event) => columnsOf(event, describe));
  const widths = [0, 1, 2, 3].map((column) => rows.reduce((most, row) => Math.max(most, row[column]?.length ?? 0), 0));
  const lines = rows.map(([time, ...rest]) => {
    const texts = rest.map((text, index) => text.padEnd(widths[index + 1] ?? 0));
    return [time.padStart(widths[0] ?? 0), ...texts].join("  ").trimEnd();
  });
  const left = events.length - rows.length + omitted;
  if (left > 0) lines.push(`... and ${left} more`);
  return lines.map((line) => `${line}\n`).join("");
}

function columnsOf(event: TraceEvent, describe: Describe | undefined): Columns {
  const time = event.at.toFixed(3);
  switch (event.type) {
    case "node":
      return [time, event.node, event.what, "", oneLine(event.text)];
    case "note":
      return [time, event.node, "note", "", oneLine(event.text)];
    case "link":
      return [time, event.from, event.what, `${event.from} -> ${event.to}`, ""];
  }
  const { from, to } = event;
  const route = `${place(from)} -> ${place(to)}`;
  const content = "bytes" in event ? contentText(event.bytes, from, to, describe) : "";
  switch (event.type) {
    case "datagram-sent":
      return [time, from.node, `send #${event.id}`, route, content];
    case "datagram-arrived": {
      const marks = [event.copy > 0 ? "copy" : "", event.corrupted ? "corrupted" : "", event.reordered ? "late" : ""];
      const mark = marks.filter((text) => text !== "").join(", ");
      return [time, to.node, `receive #${event.id}${mark === "" ? "" : ` (${mark})`}`, route, content];
    }
    case "datagram-lost": {
      const where = event.why === "port" || event.why === "down" ? to.node : from.node;
      return [time, where, `lost #${event.id} (${event.why})`, route, content];
    }
    case "stream-connect":
    case "stream-accept":
    case "stream-refuse":
    case "stream-timeout":
      return [time, from.node, `${event.type.slice("stream-".length)} c${event.connection}`, route, ""];
    case "stream-sent":
      return [time, from.node, `send c${event.connection} @${event.offset}`, route, content];
    case "stream-arrived":
      return [time, to.node, `receive c${event.connection} @${event.offset}`, route, content];
    case "stream-lost": {
      const where = event.why === "corrupt" || event.why === "down" ? to.node : from.node;
      return [time, where, `lost c${event.connection} @${event.offset} (${event.why})`, route, content];
    }
    case "stream-end":
    case "stream-reset": {
      const word = event.type.slice("stream-".length);
      const what = event.arrived ? `receive ${word} c${event.connection}` : `${word} c${event.connection}`;
      return [time, event.arrived ? to.node : from.node, what, route, ""];
    }
  }
}

function place(endpoint: Endpoint): string {
  return `${endpoint.node}:${endpoint.port}`;
}

function contentText(bytes: Uint8Array, from: Endpoint, to: Endpoint, describe: Describe | undefined): string {
  const length = `${bytes.length} B`;
  const meaning = describe?.(bytes, from, to);
  if (meaning !== undefined) return `${length}  ${oneLine(meaning)}`;
  if (bytes.length === 0) return length;
  let shown = "";
  for (const byte of bytes.subarray(0, SHOWN_BYTES)) shown += byteText(byte);
  return `${length}  "${shown}"${bytes.length > SHOWN_BYTES ? "..." : ""}`;
}

/** Printable ASCII as itself, the rest as in C. */
function byteText(byte: number): string {
  if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}

/** A line break or another control character in a text must not break the columns. */
function oneLine(text: string): string {
  let line = "";
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    line += code < 0x20 || code === 0x7f ? byteText(code) : character;
  }
  return line;
}
