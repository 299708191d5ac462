/** Draws what a diagram shows: geometry, and SVG elements from the back to the front. */

import { corners, type Label, type Line, overlaps, type Place, type Point, placeLabels } from "./diagram-labels.js";
import type { Arrow, Band, DiagramModel, Mark } from "./diagram-model.js";
import { type Axis, layRows } from "./diagram-rows.js";
import {
  beside,
  besideLoop,
  cross,
  type DrawnArrow,
  drawArrow,
  isLoop,
  labelWidth,
  longestLabel,
  longestName,
  loopWidth,
  nodeWidth,
  number,
  outside,
  text,
  turnedText,
} from "./diagram-shapes.js";
import { fontSize, lookNames, styleSheet } from "./diagram-style.js";
import { counted, escapeXml, formatMs, shortened, textEms } from "./diagram-text.js";

export interface DiagramTexts {
  readonly title: string;
  readonly summary: string;
  readonly leftOut: string | undefined;
}

const headTop = 66;
const headHeight = 28;
const margin = 20;
const gutter = 62;
const boxHeight = 13;
/** Above this fall per width, text along an arrow is hard to read. */
const steepest = 0.6;

/** A text that waits for a place, and what draws it there. */
interface Written {
  readonly label: Label;
  readonly draw: (place: Place) => string;
}

export class DiagramDrawing {
  readonly #model: DiagramModel;
  readonly #texts: DiagramTexts;
  readonly #axis: Axis;
  readonly #x: ReadonlyMap<string, number>;
  readonly #column: number;
  readonly #bottom: number;
  readonly #arrows: readonly DrawnArrow[];
  /** Nodes at the edge whose arrows leave no room for text above them: it stands outside, beside the lifeline. */
  readonly #crowded: ReadonlySet<string>;

  constructor(model: DiagramModel, texts: DiagramTexts) {
    this.#model = model;
    this.#texts = texts;
    this.#axis = layRows(model, headTop + headHeight + 30);
    const widest = Math.max(0, ...model.arrows.map(({ label }) => (label === undefined ? 0 : labelWidth(label))));
    const names = Math.max(0, ...model.nodes.map(nodeWidth));
    const { y } = this.#axis;
    const falls = model.arrows.map(({ start, end }) => (end === undefined ? 0 : (y[end] ?? 0) - (y[start] ?? 0)));
    const usualFall = falls.sort((a, b) => a - b)[Math.floor(falls.length / 2)] ?? 0;
    this.#column = Math.max(300, Math.min(400, widest + 90), names + 24, Math.min(520, usualFall));
    this.#x = new Map(model.nodes.map((node, index) => [node, index * this.#column]));
    this.#arrows = model.arrows.map((arrow) => this.#lay(arrow));
    const lowest = Math.max(headTop + headHeight + 30, ...this.#axis.y, ...this.#arrows.map(({ end }) => end.y));
    this.#bottom = lowest + 30;
    this.#crowded = this.#findCrowded();
  }

  svg(): string {
    const lines: Line[] = this.#arrows.map(({ start, end }) => ({ from: start, to: end }));
    const written = [
      ...this.#model.marks.map((mark) => this.#writeMark(mark)),
      ...this.#model.bands.filter(({ text }) => text !== "").map((band) => this.#writeCut(band)),
      ...this.#arrows.flatMap((drawn, index) => this.#writeLabel(drawn, lines[index])),
      ...this.#arrows.flatMap((drawn, index) => this.#writeTag(drawn, lines[index])),
      ...this.#axis.silences.map((silence) => this.#writeSilence(silence)),
    ];
    const places = placeLabels(
      written.map(({ label }) => label),
      lines,
    );
    const texts = written.map(({ draw }, index) => (places[index] === undefined ? "" : draw(places[index])));
    const unplaced = places.filter((place) => place === undefined).length;

    const last = Math.max(0, this.#model.nodes.length - 1) * this.#column;
    const half = Math.max(0, ...this.#model.nodes.map((node) => nodeWidth(node) / 2));
    let [left, right] = [-half, last + half];
    for (const [index, place] of places.entries()) {
      const width = written[index]?.label.width ?? 0;
      if (place === undefined) continue;
      const reach = (Math.cos((place.degrees * Math.PI) / 180) * width) / 2;
      left = Math.min(left, place.x - reach);
      right = Math.max(right, place.x + reach);
    }
    if (this.#arrows.some(({ arrow }) => arrow.from === arrow.to)) right = Math.max(right, last + loopWidth);
    const edge = left - gutter;
    const { title, summary, leftOut } = this.#texts;
    const heading = shortened(title, 90);
    right = Math.max(right, edge + textEms(heading) * fontSize.title, edge + textEms(summary) * fontSize.label);
    const remarks = [
      ...(leftOut === undefined ? [] : [leftOut]),
      ...(unplaced === 0 ? [] : [`${counted(unplaced, "text")} had no room; point at an arrow to read what it says.`]),
    ];
    const footer = this.#footer(edge, right, remarks);
    const width = right - edge + 2 * margin;
    const height = footer.bottom + margin;
    const box = `${number(edge - margin)} 0 ${number(width)} ${number(height)}`;
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title desc" viewBox="${box}" width="${number(width)}" height="${number(height)}">`,
      `<title id="title">${escapeXml(heading)}</title>`,
      `<desc id="desc">${escapeXml([summary, ...(leftOut === undefined ? [] : [leftOut])].join(". "))}</desc>`,
      `<style>${styleSheet}</style>`,
      `<rect class="page" x="${number(edge - margin)}" y="0" width="${number(width)}" height="${number(height)}"/>`,
      text("title", { x: edge, y: 32 }, heading, "start"),
      text("muted", { x: edge, y: 50 }, summary, "start"),
      ...this.#model.bands.map((band) => this.#drawBand(band)),
      ...this.#model.nodes.map((node) => this.#drawLifeline(node)),
      ...this.#drawTimes(left - 14),
      ...this.#arrows.map(drawArrow),
      ...this.#model.marks.map((mark) => this.#drawPin(mark)),
      ...texts,
      ...footer.elements,
      "</svg>",
      "",
    ]
      .filter((line, index, all) => line !== "" || index === all.length - 1)
      .join("\n");
  }

  #lay(arrow: Arrow): DrawnArrow {
    const x = (node: string): number => this.#x.get(node) ?? 0;
    const y = (row: number): number => this.#axis.y[row] ?? 0;
    const start = { x: x(arrow.from), y: y(arrow.start) };
    const tip = { x: x(arrow.to), y: arrow.end === undefined ? this.#axis.usualArrival(arrow.start) : y(arrow.end) };
    const at = (from: number, to: number): number => from + (to - from) * arrow.reach;
    return { arrow, start, tip, end: { x: at(start.x, tip.x), y: at(start.y, tip.y) } };
  }

  #findCrowded(): Set<string> {
    const lines = this.#arrows.map(({ start, end }) => ({ from: start, to: end }));
    const edge = this.#model.nodes.filter((node) => this.#isAtEdge(node));
    return new Set(
      edge.filter((node) => {
        const own = this.#arrows
          .map((drawn, index) => ({ ...drawn, line: lines[index] }))
          .filter(({ arrow }) => arrow.from === node && arrow.label !== undefined && !isLoop(arrow));
        const cramped = own.filter(({ arrow, start, tip, line }) => {
          if (Math.abs(tip.y - start.y) > steepest * Math.abs(tip.x - start.x)) return true;
          const box = corners(beside(start, tip, 0.5, -9), labelWidth(arrow.label ?? ""), boxHeight);
          return lines.some((other) => other !== line && overlaps(box, [other.from, other.to]));
        });
        return cramped.length > own.length * 0.2;
      }),
    );
  }

  #isAtEdge(node: string): boolean {
    return node === this.#model.nodes[0] || node === this.#model.nodes.at(-1);
  }

  /** Which way leads out of the picture: to the left of the first lifeline, to the right of every other one. */
  #outward(node: string): -1 | 1 {
    return this.#x.get(node) === 0 ? -1 : 1;
  }

  #writeMark({ node, row, kind, text: said }: Mark): Written {
    const words = shortened(said, longestLabel);
    const width = labelWidth(words, fontSize.small) + 14;
    const [x, y] = [this.#x.get(node) ?? 0, this.#axis.y[row] ?? 0];
    const beside = (side: number): Place => ({ x: x + side * (width / 2 + 11), y, degrees: 0 });
    const outward = this.#outward(node);
    const label = { width, height: 17, places: [beside(outward), beside(-outward)], own: undefined };
    const draw = (place: Place): string => {
      const frame = `x="${number(place.x - width / 2)}" y="${number(y - 8.5)}" width="${number(width)}" height="17" rx="8.5"`;
      return `<g class="chip ${kind}"><title>${escapeXml(`${node}, ${formatMs(this.#model.rows[row]?.at ?? 0)}: ${said}`)}</title><rect ${frame}/>${text("small", { x: place.x, y: y + 3.5 }, words)}</g>`;
    };
    return { label, draw };
  }

  #writeCut(band: Band): Written {
    const words = shortened(band.text, longestLabel);
    const width = labelWidth(words, fontSize.small);
    const [a = 0, b = 0] = band.nodes.map((node) => this.#x.get(node) ?? 0);
    const y = (this.#axis.y[band.from] ?? 0) - 8;
    const places = [0.5, 0.3, 0.7, 0.2, 0.8].map((part) => ({ x: a + (b - a) * part, y, degrees: 0 }));
    const label = { width, height: boxHeight, places, own: undefined };
    return { label, draw: (place) => text("small halo cut-text", { x: place.x, y: place.y + 3.5 }, words) };
  }

  #writeSilence({ top, bottom, ms }: Axis["silences"][number]): Written {
    const words = `${formatMs(ms)} later`;
    const width = labelWidth(words, fontSize.small);
    const columns = Math.max(1, this.#model.nodes.length - 1);
    const middles = Array.from({ length: columns }, (_, index) => (index + 0.5) * this.#column);
    const off = middles.flatMap((x) => [x - this.#column / 4, x + this.#column / 4]);
    const xs = [...middles, ...off, -width / 2 - 12];
    const places = [0, 13, -13].flatMap((dy) => xs.map((x) => ({ x, y: (top + bottom) / 2 + dy, degrees: 0 })));
    const label = { width, height: boxHeight, places, own: undefined };
    return { label, draw: (place) => text("silence halo", { x: place.x, y: place.y + 3.5 }, words) };
  }

  #writeLabel(drawn: DrawnArrow, own: Line | undefined): Written[] {
    const { arrow, start, tip } = drawn;
    if (arrow.label === undefined) return [];
    const words = shortened(arrow.label, longestLabel);
    const width = labelWidth(words);
    const places = isLoop(arrow) ? besideLoop(drawn, width) : this.#labelPlaces(arrow, start, tip, width);
    const label = { width, height: boxHeight, places, own };
    return [{ label, draw: (place) => turnedText("halo", place, words, width) }];
  }

  #labelPlaces(arrow: Arrow, start: Point, tip: Point, width: number): Place[] {
    const length = Math.hypot(tip.x - start.x, tip.y - start.y);
    const nearest = (width / 2 + 9) / length;
    const middle = Math.max(arrow.reach / 2, nearest);
    const parts = [middle, 0.42, 0.58, 0.34, 0.66, nearest, 0.26, 0.74, 1 - nearest - 0.03, 0.18, 0.82];
    const fitting = parts.filter((part) => part >= nearest - 0.001 && part <= Math.max(nearest, 1 - nearest));
    const above = fitting.map((part) => beside(start, tip, part, -9));
    const below = fitting.map((part) => beside(start, tip, part, 9));
    const out = this.#isAtEdge(arrow.from) ? [outside(start, this.#outward(arrow.from), width)] : [];
    return this.#crowded.has(arrow.from) ? [...out, ...above, ...below] : [...above, ...below, ...out];
  }

  #writeTag(drawn: DrawnArrow, own: Line | undefined): Written[] {
    const { arrow, start, end } = drawn;
    if (arrow.tag === undefined) return [];
    const words = arrow.tag;
    const width = labelWidth(words, fontSize.small);
    const length = Math.hypot(end.x - start.x, end.y - start.y);
    const side = Math.sign(end.x - start.x) || 1;
    let places: Place[];
    if (isLoop(arrow)) places = besideLoop(drawn, width).map((place) => ({ ...place, y: place.y + 14 }));
    else if (arrow.look === "lost") {
      const out = { x: end.x + side * (width / 2 + 11), y: end.y, degrees: 0 };
      places = [out, { x: end.x, y: end.y + 14, degrees: 0 }, { x: end.x, y: end.y - 14, degrees: 0 }];
    } else {
      const last = 1 - (width / 2 + 13) / length;
      const parts = [last, last - 0.08, last - 0.16, last - 0.24, last - 0.4, last - 0.55].filter(
        (part) => part > 0.05,
      );
      const along = [-8, 8].flatMap((off) => parts.map((part) => beside(start, end, part, off)));
      places = this.#isAtEdge(arrow.to) ? [outside(end, this.#outward(arrow.to), width), ...along] : along;
    }
    const label = { width, height: 12, places, own };
    return [{ label, draw: (place) => turnedText(`tag halo ${arrow.look}`, place, words, width) }];
  }

  #drawBand({ kind, nodes, from, to }: Band): string {
    const top = this.#axis.y[from] ?? 0;
    const bottom = to === undefined ? this.#bottom : (this.#axis.y[to] ?? 0);
    const [a = 0, b = a] = nodes.map((node) => this.#x.get(node) ?? 0);
    const [left, right] = kind === "cut" ? [Math.min(a, b), Math.max(a, b)] : [a - 7, a + 7];
    const rect = `<rect class="band ${kind}" x="${number(left)}" y="${number(top)}" width="${number(right - left)}" height="${number(bottom - top)}"/>`;
    if (kind !== "cut") return rect;
    const edge = (y: number): string => `<path class="edge" d="M${number(left)} ${number(y)}H${number(right)}"/>`;
    return rect + edge(top) + (to === undefined ? "" : edge(bottom));
  }

  /** A box with the name above and below; dotted where the node is down, and where time is cut short. */
  #drawLifeline(node: string): string {
    const x = this.#x.get(node) ?? 0;
    const width = nodeWidth(node);
    const gone = [
      ...this.#model.bands
        .filter(({ kind, nodes }) => kind === "down" && nodes[0] === node)
        .map(({ from, to }) => [this.#axis.y[from] ?? 0, to === undefined ? this.#bottom : (this.#axis.y[to] ?? 0)]),
      ...this.#axis.silences.map(({ top, bottom }) => [top + 12, bottom - 12]),
    ].sort(([a = 0], [b = 0]) => a - b);
    const pieces: string[] = [];
    const piece = (className: string, top: number, bottom: number): void => {
      if (bottom > top) pieces.push(`<path class="${className}" d="M${number(x)} ${number(top)}V${number(bottom)}"/>`);
    };
    let y = headTop + headHeight;
    for (const [top = 0, bottom = 0] of gone) {
      piece("life", y, top);
      piece("life gone", Math.max(y, top), bottom);
      y = Math.max(y, bottom);
    }
    piece("life", y, this.#bottom);
    const box = (top: number): string =>
      `<rect x="${number(x - width / 2)}" y="${number(top)}" width="${number(width)}" height="${headHeight}" rx="8"/>${text("", { x, y: top + 18.5 }, shortened(node, longestName))}`;
    return `${pieces.join("")}<g class="node"><title>${escapeXml(node)}</title>${box(headTop)}${box(this.#bottom)}</g>`;
  }

  /** As many times as there is room for. */
  #drawTimes(right: number): string[] {
    const elements: string[] = [];
    let lowest = Number.NEGATIVE_INFINITY;
    let said = "";
    for (const [index, { at }] of this.#model.rows.entries()) {
      const y = this.#axis.y[index] ?? 0;
      const words = formatMs(at);
      if (y < lowest + 13 || words === said) continue;
      elements.push(text("time", { x: right, y: y + 3.5 }, words, "end"));
      lowest = y;
      said = words;
    }
    return elements;
  }

  #drawPin({ node, row, kind }: Mark): string {
    const at = { x: this.#x.get(node) ?? 0, y: this.#axis.y[row] ?? 0 };
    return `<circle class="pin ${kind}" cx="${number(at.x)}" cy="${number(at.y)}" r="4.5"/>`;
  }

  /** What colours and dashes mean, as far as they occur, and remarks. */
  #footer(left: number, right: number, remarks: readonly string[]): { elements: string[]; bottom: number } {
    const elements: string[] = [];
    let y = this.#bottom + headHeight + 24;
    let x = left;
    const entry = (className: string, words: string, sample: string): void => {
      const width = 38 + labelWidth(words, fontSize.small) + 18;
      if (x > left && x + width > right) [x, y] = [left, y + 18];
      elements.push(`<g class="arrow ${className}" transform="translate(${number(x)} ${number(y)})">${sample}</g>`);
      elements.push(text("small muted", { x: x + 38, y: y + 3.5 }, words, "start"));
      x += width;
    };
    const shaft = '<path class="shaft" d="M0 0H26"/>';
    const hasBoth = new Set(this.#model.arrows.map(({ isStream }) => isStream)).size === 2;
    if (hasBoth) {
      entry("plain", "datagram", shaft);
      entry("plain stream", "stream", shaft);
    }
    const looks = new Set(this.#model.arrows.map(({ look }) => look));
    for (const look of looks) {
      const words = lookNames[look];
      if (words !== undefined) entry(look, words, look === "lost" ? shaft + cross({ x: 26, y: 0 }) : shaft);
    }
    if (elements.length > 0) y += 22;
    for (const remark of remarks) {
      elements.push(text("small muted", { x: left, y }, remark, "start"));
      y += 16;
    }
    return { elements, bottom: elements.length > 0 ? y - 12 : this.#bottom + headHeight };
  }
}
