/** A sequence diagram in SVG: the client's line of life, the server's, and an arrow for each packet in order (S96). */

export interface Arrow {
  readonly direction: "sent" | "received";
  /** Milliseconds since the first. */
  readonly atMs: number;
  readonly text: string;
  /** Said before: drawn in another colour, and named in words. */
  readonly isRepeated: boolean;
}

export interface SequenceDiagram {
  readonly title: string;
  readonly client: string;
  readonly server: string;
  readonly arrows: readonly Arrow[];
  /** Packets that came after those. */
  readonly left: number;
}

const WIDTH = 760;
const CLIENT_X = 130;
const SERVER_X = 690;
const FIRST_Y = 96;
const STEP = 26;
const STYLE = `
text { font: 12px ui-monospace, monospace; fill: #1a1a1a }
.title { font: 600 14px system-ui, sans-serif }
.time { fill: #666; text-anchor: end }
.label, .end { text-anchor: middle }
.life { stroke: #999; stroke-dasharray: 3 4 }
.arrow { stroke: #1456a0; stroke-width: 1.4; marker-end: url(#head) }
.again .arrow { stroke: #b54708 }
.again text { fill: #b54708 }`;

/** Times are those of the client: an answer stands where it arrived. What was lost has an arrow and no answer. */
export function renderSequence({ title, client, server, arrows, left }: SequenceDiagram): string {
  const height = FIRST_Y + arrows.length * STEP + 40;
  const bottom = height - 34;
  const rest = left === 0 ? "" : `<text class="end" x="${middle()}" y="${height - 12}">and ${left} packets more</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>${escaped(title)}</title>
<style>${STYLE}
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="context-stroke"/></marker></defs>
<rect width="100%" height="100%" fill="#fff"/>
<text class="title" x="16" y="26">${escaped(title)}</text>
<text class="end" x="${CLIENT_X}" y="60">${escaped(client)}</text>
<text class="end" x="${SERVER_X - 40}" y="60">${escaped(server)}</text>
<line class="life" x1="${CLIENT_X}" x2="${CLIENT_X}" y1="70" y2="${bottom}"/>
<line class="life" x1="${SERVER_X}" x2="${SERVER_X}" y1="70" y2="${bottom}"/>
${arrows.map((arrow, index) => renderArrow(arrow, FIRST_Y + index * STEP)).join("\n")}
${rest}
</svg>
`;
}

function renderArrow({ direction, atMs, text, isRepeated }: Arrow, y: number): string {
  const [from, to] = direction === "sent" ? [CLIENT_X + 3, SERVER_X - 3] : [SERVER_X - 3, CLIENT_X + 3];
  const label = escaped(isRepeated ? `${text} again` : text);
  return `<g${isRepeated ? ' class="again"' : ""}><text class="time" x="${CLIENT_X - 12}" y="${y + 4}">${atMs.toFixed(2)} ms</text><text class="label" x="${middle()}" y="${y - 4}">${label}</text><line class="arrow" x1="${from}" y1="${y}" x2="${to}" y2="${y}"/></g>`;
}

function middle(): number {
  return (CLIENT_X + SERVER_X) / 2;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
