/** Draws what was recorded as SVG, with Graphviz; the same transitions give the same picture. */
import { instance } from "@viz-js/viz";
import type { Transitions } from "./recorder.js";

/** More names than this on one arrow are counted. */
const MAX_LABELS = 5;

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
  const graph = `digraph ${quoted(title)} {
    graph [rankdir=TB, bgcolor=white, label=${quoted(title)}, labelloc=t, fontname="Helvetica", fontsize=16, nodesep=0.4, ranksep=0.6];
    node [shape=box, style=rounded, fontname="Helvetica", fontsize=13];
    edge [fontname="Helvetica", fontsize=10, color="#555555"];
    ${quoted(first)} [penwidth=2];
    ${lines.join("\n    ")}
  }`;
  const viz = await instance();
  return `${viz
    .renderString(graph, { format: "svg" })
    .replace(/<!--[\s\S]*?-->\n?/g, "")
    // Its name for those who do not see it stands one level too deep.
    .replace(/(<svg [^>]*)>\n([\s\S]*?)(<title>[^<]*<\/title>)\n/, '$1 role="img">\n$3\n$2')
    .trim()}\n`;
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function labelOf(labels: ReadonlySet<string>): string {
  const sorted = [...labels].sort();
  const rest = sorted.length - MAX_LABELS;
  const shown = rest > 1 ? [...sorted.slice(0, MAX_LABELS), `and ${rest} more`] : sorted;
  return shown.join("\n");
}

/** The arrows of a picture, as `from -> to`. */
export function arrowsIn(svg: string): Set<string> {
  const titles = [...svg.matchAll(/class="edge">\s*<title>([^<]+)<\/title>/g)].map(([, title = ""]) => title);
  return new Set(
    titles.map((title) =>
      title
        .replace(/&#45;&gt;/g, " -> ")
        .replace(/&#45;/g, "-")
        .replace(/&#160;/g, " "),
    ),
  );
}
