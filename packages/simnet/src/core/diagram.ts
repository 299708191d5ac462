/** A trace as a sequence diagram in SVG: who sent what when, and what became of it. People look before they read. */

import { DiagramDrawing } from "./diagram-drawing.js";
import { DiagramReader } from "./diagram-reader.js";
import { counted, formatMs } from "./diagram-text.js";
import type { Describe, TraceEvent } from "./trace.js";

export interface DiagramOptions {
  /** Default `Sequence diagram`. */
  readonly title?: string;
  /** What payloads mean; where it is undefined, their length is shown. Default: always the length. */
  readonly describe?: Describe;
  /** Order of the lifelines. Nodes that are not named follow in the order in which they appear. Default none. */
  readonly nodes?: readonly string[];
  /** So many events are drawn, the first ones; the picture says how many were left out. Default 300, at most 5,000. */
  readonly maxEvents?: number;
}

const mostEvents = 5_000;

/**
 * The SVG document: complete in itself, for light and dark pages, with a `<title>` and a `<desc>` for who cannot see it.
 * Times run downwards, to scale where that is readable: text takes its height, and long silences are cut short and say
 * how long they were. The same events always give the same text.
 * @throws RangeError for a `maxEvents` that is not an integer from 1 to 5,000
 */
export function renderDiagram(events: readonly TraceEvent[], options: DiagramOptions = {}): string {
  const { title = "Sequence diagram", describe = () => undefined, nodes = [], maxEvents = 300 } = options;
  if (!(Number.isInteger(maxEvents) && maxEvents >= 1 && maxEvents <= mostEvents)) {
    throw new RangeError(`maxEvents must be an integer from 1 to ${mostEvents}, not ${maxEvents}`);
  }
  const reader = new DiagramReader(nodes, describe);
  const shown = events.slice(0, maxEvents);
  for (const event of shown) reader.read(event);
  const model = reader.finish();
  const summary = summaryOf(model.nodes.length, model.counts, shown.at(-1)?.at ?? 0);
  const leftOut = leftOutText(events, shown.length);
  return new DiagramDrawing(model, { title, summary, leftOut }).svg();
}

function summaryOf(nodes: number, counts: ReadonlyMap<string, number>, until: number): string {
  const parts = [counted(nodes, "node")];
  const number = (what: string): number => counts.get(what) ?? 0;
  if (number("datagram sent") > 0) {
    const fates = ["lost", "duplicate", "late", "corrupted"].filter((what) => number(what) > 0);
    const said = fates.map((what) => `${number(what)} ${what}`).join(", ");
    parts.push(`${counted(number("datagram sent"), "datagram")}${said === "" ? "" : ` (${said})`}`);
  }
  if (number("connection") > 0) parts.push(counted(number("connection"), "connection"));
  if (number("segment") > 0) parts.push(counted(number("segment"), "segment"));
  return `${parts.join(", ")}, in ${formatMs(until)}`;
}

function leftOutText(events: readonly TraceEvent[], shown: number): string | undefined {
  if (shown === events.length) return undefined;
  const rest = counted(events.length - shown, "more event");
  return `The first ${counted(shown, "event")} are shown; ${rest}, until ${formatMs(events.at(-1)?.at ?? 0)}, are left out.`;
}
