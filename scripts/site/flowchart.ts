/**
 * Draws the flowcharts of our pages as SVG, with Graphviz, when the site is made: no script and no network draws them in the
 * reader's browser. It knows of Mermaid what they use (nodes, arrows with labels, groups), and refuses the rest.
 */
import type { Viz } from "@viz-js/viz";

const NODE = /^(\w+)(?:\s*(?:\[\("(?<store>[^"]*)"\)\]|\["(?<box>[^"]*)"\]))?\s*/;
const ARROW = /^(?<back><)?--(?:\s+(?:"(?<quoted>[^"]*)"|(?<label>[\w ,]+?))\s+--)?(?<forth>>|-)\s*/;

interface Graph {
  readonly lines: string[];
  /** The first node of each group: Graphviz draws from nodes, and cuts at the group's border. */
  readonly groups: Map<string, string>;
  readonly open: string[];
}

/** @throws SyntaxError for a line that it does not know */
export function drawFlowchart(viz: Viz, source: string): string {
  const [header = "", ...lines] = source.split("\n").map((line) => line.trim());
  const direction = /^flowchart (TD|TB|LR)$/.exec(header)?.[1];
  if (direction === undefined) throw new SyntaxError(`not a flowchart that is drawn here: ${header}`);
  const graph: Graph = { lines: [], groups: new Map(), open: [] };
  for (const line of lines) if (line !== "") readLine(graph, line);
  const svg = viz.renderString(
    `digraph {
      graph [rankdir=${direction === "LR" ? "LR" : "TB"}, bgcolor=transparent, compound=true, fontname="Helvetica", fontsize=15];
      node [shape=box, style=rounded, margin="0.2,0.1", fontname="Helvetica", fontsize=15];
      edge [fontname="Helvetica", fontsize=13];
      ${graph.lines.join("\n")}
    }`,
    { format: "svg" },
  );
  return (
    svg
      .slice(svg.indexOf("<svg"))
      .replace(/<!--[\s\S]*?-->\n?|<title>[^<]*<\/title>\n?| id="[^"]*"/g, "")
      // Boxes are made for the letters of Helvetica, and those of the page may be wider.
      .replace(/ font-family="[^"]*"/g, "")
      .replace(/font-size="([\d.]+)"/g, (_, size) => `font-size="${Number(size) * 0.85}"`)
      .replace(/fill="black"/g, 'fill="currentColor"') // letters and points of arrows
      .replace(/<text /g, '<text fill="currentColor" ')
      .replace(/stroke="black"/g, 'stroke="currentColor"')
      .replace("<svg ", '<svg role="img" aria-label="Diagram" ')
  );
}

function readLine(graph: Graph, line: string): void {
  const group = /^subgraph (\w+) \["([^"]*)"\]$/.exec(line);
  if (group !== null) {
    const [, name = "", title = ""] = group;
    graph.open.push(name);
    graph.lines.push(`subgraph "cluster_${name}" { style=rounded; label=${label(title)};`);
  } else if (line === "end") {
    graph.open.pop();
    graph.lines.push("}");
  } else readChain(graph, line);
}

/** `a["A"] -- says --> b --> c` */
function readChain(graph: Graph, line: string): void {
  let [from, rest] = readNode(graph, line, line);
  while (rest !== "") {
    const arrow = ARROW.exec(rest);
    if (arrow === null) throw new SyntaxError(`not known of flowcharts: ${line}`);
    const [to, more] = readNode(graph, rest.slice(arrow[0].length), line);
    const { back, forth, quoted, label: plain } = arrow.groups ?? {};
    const end = forth === ">" ? (back === undefined ? "forward" : "both") : "none";
    const ends = [from, to].map((name) => graph.groups.get(name) ?? name);
    const borders = `${graph.groups.has(from) ? `, ltail="cluster_${from}"` : ""}${graph.groups.has(to) ? `, lhead="cluster_${to}"` : ""}`;
    const says = quoted ?? plain;
    graph.lines.push(
      `"${ends[0]}" -> "${ends[1]}" [dir=${end}${borders}${says === undefined ? "" : `, label=${label(says)}`}];`,
    );
    [from, rest] = [to, more];
  }
}

function readNode(graph: Graph, text: string, line: string): [name: string, rest: string] {
  const node = NODE.exec(text);
  if (node === null) throw new SyntaxError(`not known of flowcharts: ${line}`);
  const [all, name = ""] = node;
  const { store, box } = node.groups ?? {};
  const says = store ?? box;
  if (says !== undefined) {
    graph.lines.push(`"${name}" [label=${label(says)}${store === undefined ? "" : ", shape=cylinder, style=solid"}];`);
  }
  for (const group of graph.open) if (!graph.groups.has(group)) graph.groups.set(group, name);
  return [name, text.slice(all.length)];
}

/** Lines of a label, in the middle of their box; how letters look is the page's affair. */
function label(text: string): string {
  const lines = text.split(/<br\s*\/?>/).map((line) => line.replace(/<\/?\w+>/g, "").trim());
  return JSON.stringify(lines.join("\n"));
}
