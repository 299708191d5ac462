/** The chart: a panel for each bandwidth, speed to the right, file size upwards, and the line at which both take as long. */
import { FILE_BYTES, type Panel, SPEEDS, WORK_MS } from "./model.js";

const CELL = 30;
const LEFT = 62;
const TOP = 62;
const GAP = 26;
const WIDTH = SPEEDS.length * CELL;
const HEIGHT = FILE_BYTES.length * CELL;

export function drawChart(panels: readonly Panel[]): string {
  const width = LEFT + panels.length * (WIDTH + GAP);
  const height = TOP + HEIGHT + 74;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="t d">`,
    `<title id="t">When is remote faster than local?</title>`,
    `<desc id="d">Time at a host over time here, for an action of ${WORK_MS / 1_000} s with one input and one output, by the host's speed, the size of both files, and the bandwidth. Below the line remote is faster.</desc>`,
    "<style>text{font:12px system-ui,sans-serif;fill:#1a1a1a}.s{font-size:10px}.h{font-weight:600}.l{fill:none;stroke:#1a1a1a;stroke-width:2.5}.b{fill:#fff}</style>",
    `<rect class="b" width="${width}" height="${height}"/>`,
    `<text class="h" x="${LEFT}" y="20">Time at a host over time here: an action of ${WORK_MS / 1_000} s, one input and one output of the same size</text>`,
    ...FILE_BYTES.map(
      (bytes, row) =>
        `<text class="s" x="${LEFT - 6}" y="${yOf(row) + CELL / 2 + 4}" text-anchor="end">${sizeText(bytes)}</text>`,
    ),
    ...panels.flatMap((panel, at) => drawPanel(panel, LEFT + at * (WIDTH + GAP))),
    `<text x="${LEFT}" y="${height - 18}">Across: the host's speed over this machine's. Blue: remote is faster; orange: local is. Line: both take as long.</text>`,
    "</svg>",
    "",
  ].join("\n");
}

function drawPanel({ name, ratios, breakEven }: Panel, x: number): string[] {
  const cells = ratios.flatMap((row, size) =>
    row.map((ratio, speed) => {
      const left = x + speed * CELL;
      return [
        `<rect x="${left}" y="${yOf(size)}" width="${CELL}" height="${CELL}" fill="${colourOf(ratio)}"/>`,
        `<text class="s" x="${left + CELL / 2}" y="${yOf(size) + CELL / 2 + 4}" text-anchor="middle">${numberText(ratio)}</text>`,
      ].join("");
    }),
  );
  const line = breakEven.flatMap((bytes, speed) =>
    bytes === undefined ? [] : [`${(x + (speed + 0.5) * CELL).toFixed(1)},${heightOf(bytes).toFixed(1)}`],
  );
  return [
    `<text class="h" x="${x + WIDTH / 2}" y="${TOP - 12}" text-anchor="middle">${name}</text>`,
    ...cells,
    `<polyline class="l" points="${line.join(" ")}"/>`,
    ...SPEEDS.map(
      (speed, at) =>
        `<text class="s" x="${x + (at + 0.5) * CELL}" y="${TOP + HEIGHT + 16}" text-anchor="middle">${speed}x</text>`,
    ),
  ];
}

function yOf(row: number): number {
  return TOP + (FILE_BYTES.length - 1 - row) * CELL;
}

/** Between the middles of two rows. */
function heightOf(bytes: number): number {
  const above = FILE_BYTES.findIndex((size) => size >= bytes);
  const [low = 1, high = 1] = FILE_BYTES.slice(above - 1, above + 1);
  const share = Math.log(bytes / low) / Math.log(high / low);
  return yOf(above - 1) + CELL / 2 - share * CELL;
}

/** From blue, a fourth of the time and less, over white to orange, four times and more. */
function colourOf(ratio: number): string {
  const share = Math.max(-1, Math.min(1, Math.log(ratio) / Math.log(4)));
  const [red, green, blue] = share < 0 ? [70, 140, 220] : [240, 140, 40];
  const mixed = [red, green, blue].map((one) => Math.round(255 + ((one ?? 0) - 255) * Math.abs(share)));
  return `rgb(${mixed.join(",")})`;
}

function numberText(ratio: number): string {
  return ratio >= 9.95 ? ratio.toFixed(0) : ratio >= 0.995 ? ratio.toFixed(1) : ratio.toFixed(2).slice(1);
}

export function sizeText(bytes: number): string {
  if (bytes < 2 ** 20) return `${Math.round(bytes / 2 ** 10)} KiB`;
  return `${(bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 && bytes % 2 ** 20 !== 0 ? 1 : 0)} MiB`;
}
