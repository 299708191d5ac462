/** Draws what was recorded as SVG, with Graphviz; the same transitions give the same picture. */
import { instance } from "@viz-js/viz";
import type { Transitions } from "./recorder.js";

/** More names than this on one arrow are counted. */
const MAX_LABELS = 6;
/**
 * Fonts differ in width, and the one that is there is not known here: what Graphviz takes for Helvetica, many systems show in a
 * wider one. So every text has a blank on both sides.
 */
const WIDER = "\u00a0";
/** Who reads on a dark screen gets a dark picture; either has its own ground, so that it can stand on any page. */
const STYLE = `<style>
.graph > polygon { fill: #ffffff; }
.node path { stroke: #1f2328; }
text { fill: #1f2328; }
.edge path { stroke: #59636e; }
.edge polygon { fill: #59636e; stroke: #59636e; }
.edge text { paint-order: stroke; stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round; }
@media (prefers-color-scheme: dark) {
.graph > polygon { fill: #0d1117; }
.node path { stroke: #e6edf3; }
text { fill: #e6edf3; }
.edge path { stroke: #9198a1; }
.edge polygon { fill: #9198a1; stroke: #9198a1; }
.edge text { stroke: #0d1117; }
}
</style>`;

const quoted = (text: string): string => JSON.stringify(text);

/** @param first the state in which the machine begins */
export async function drawStates(title: string, first: string, transitions: Transitions): Promise<string> {
  const lines = [...transitions]
    .sort(byName)
    .flatMap(([from, targets]) =>
      [...targets]
        .sort(byName)
        .map(([to, labels]) => `${quoted(from)} -> ${quoted(to)} [label=${quoted(labelOf(labels))}];`),
    );
  const font = 'fontname="Helvetica"';
  const graph = `digraph ${quoted(title)} {
    graph [rankdir=TB, bgcolor=white, label=${quoted(widened(title))}, labelloc=t, ${font}, fontsize=18, nodesep=0.15, ranksep=0.35, pad=0.1];
    node [shape=box, style=rounded, ${font}, fontsize=15, height=0.4, margin="0.14,0.05"];
    edge [${font}, fontsize=12];
    ${quoted(first)} [penwidth=2.5];
    ${lines.join("\n    ")}
  }`;
  const viz = await instance();
  return `${viz
    .renderString(graph, { format: "svg" })
    .replace(/<!--[\s\S]*?-->\n?/g, "")
    // In points it would be a third larger than the text around it.
    .replace(/(width|height)="(\d+)pt"/g, '$1="$2"')
    // Its name for those who do not see it stands one level too deep.
    .replace(/(<svg [^>]*)>\n([\s\S]*?)(<title>[^<]*<\/title>)\n/, `$1 role="img">\n$3\n${STYLE}\n$2`)
    .trim()}\n`;
}

function widened(text: string): string {
  return `${WIDER}${WIDER}${text}${WIDER}${WIDER}`;
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function labelOf(labels: ReadonlySet<string>): string {
  const sorted = [...labels].sort();
  const rest = sorted.length - MAX_LABELS;
  const shown = rest > 1 ? [...sorted.slice(0, MAX_LABELS), `and ${rest} more`] : sorted;
  return shown.map((text) => `${WIDER}${text}${WIDER}`).join("\n");
}

const titlesIn = (svg: string, kind: string): string[] =>
  [...svg.matchAll(new RegExp(`class="${kind}">\\s*<title>([^<]+)</title>`, "g"))].map(([, title = ""]) =>
    title
      .replace(/&#45;&gt;/g, " -> ")
      .replace(/&#45;/g, "-")
      .replace(/&#160;/g, " "),
  );

/** The arrows of a picture, as `from -> to`. */
export function arrowsIn(svg: string): Set<string> {
  return new Set(titlesIn(svg, "edge"));
}

/** The states of a picture. */
export function statesIn(svg: string): Set<string> {
  return new Set(titlesIn(svg, "node"));
}
