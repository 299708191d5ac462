/** What `--verbose` says of an event. */
import type { TraceEvent } from "../core/trace.js";

/** One line, such as `   12.3 ms  client-1 -> server  #4 1400 bytes lost: drop`. */
export function eventLine(event: TraceEvent): string {
  const what = words(event);
  const way = "from" in event && typeof event.from === "object" && "to" in event && typeof event.to === "object";
  const ends = way ? `${event.from.node} -> ${(event.to as { readonly node: string }).node}  ` : "";
  return `${event.at.toFixed(1).padStart(9)} ms  ${ends}${what}`;
}

function words(event: TraceEvent): string {
  switch (event.type) {
    case "datagram-sent":
      return `#${event.id} ${event.bytes.length} bytes`;
    case "datagram-arrived": {
      const marks = [event.copy > 0 && "second copy", event.corrupted && "corrupted", event.reordered && "held back"];
      const said = marks.filter((mark) => mark !== false).map((mark) => `, ${mark}`);
      return `#${event.id} ${event.bytes.length} bytes arrived after ${(event.at - event.sentAt).toFixed(1)} ms${said.join("")}`;
    }
    case "datagram-lost":
      return `#${event.id} ${event.bytes.length} bytes lost: ${event.why === "port" ? "not taken" : event.why}`;
    case "stream-sent":
      return `bytes ${event.offset}..${event.offset + event.bytes.length}`;
    case "stream-arrived":
      return `bytes ${event.offset}..${event.offset + event.bytes.length} arrived after ${(event.at - event.sentAt).toFixed(1)} ms`;
    case "stream-end":
    case "stream-reset":
      return `${event.type === "stream-end" ? "end" : "reset"}${event.arrived ? " arrived" : ""}`;
    default:
      return event.type.replace(/^stream-/, "");
  }
}
