/** The elements of a diagram: arrows, texts, and where a text may stand beside a line. */

import type { Place, Point } from "./diagram-labels.js";
import type { Arrow } from "./diagram-model.js";
import { fontSize } from "./diagram-style.js";
import { escapeXml, shortened, textEms } from "./diagram-text.js";

export const longestLabel = 44;
export const longestName = 26;
export const loopWidth = 46;

/** An arrow with its place; `tip` is where it would end if it got all the way. */
export interface DrawnArrow {
  readonly arrow: Arrow;
  readonly start: Point;
  readonly end: Point;
  readonly tip: Point;
}

export function drawArrow({ arrow, start, end, tip }: DrawnArrow): string {
  const isWhole = arrow.reach === 1;
  const { path, before } = isLoop(arrow)
    ? {
        path: `M${point(start)}C${point({ x: start.x + loopWidth, y: start.y })} ${point({ x: tip.x + loopWidth, y: tip.y })} ${point(end)}`,
        before: { x: end.x + loopWidth, y: end.y },
      }
    : { path: `M${point(start)}L${point(end)}`, before: start };
  const isLost = arrow.look === "lost";
  const dot = `<circle class="dot" cx="${number(start.x)}" cy="${number(start.y)}" r="1.8"/>`;
  const ending = isLost
    ? cross(isWhole ? { x: end.x + 4 * Math.sign(before.x - end.x), y: end.y } : end)
    : isWhole
      ? head(before, end)
      : "";
  const classes = `arrow ${arrow.look}${arrow.isStream ? " stream" : ""}`;
  return `<g class="${classes}"><title>${escapeXml(arrow.title)}</title><path class="shaft" d="${path}"/>${dot}${ending}</g>`;
}

function head(from: Point, to: Point): string {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const [ux, uy] = [(to.x - from.x) / length, (to.y - from.y) / length];
  const back = { x: to.x - ux * 9, y: to.y - uy * 9 };
  const [a, b] = [
    { x: back.x - uy * 3.8, y: back.y + ux * 3.8 },
    { x: back.x + uy * 3.8, y: back.y - ux * 3.8 },
  ];
  return `<path class="head" d="M${point(to)}L${point(a)}L${point(b)}Z"/>`;
}

export function cross({ x, y }: Point): string {
  const at = (dx: number, dy: number): string => point({ x: x + dx, y: y + dy });
  return `<path class="cross" d="M${at(-5, -5)}L${at(5, 5)}M${at(-5, 5)}L${at(5, -5)}"/>`;
}

export function isLoop({ from, to }: Arrow): boolean {
  return from === to;
}

export function besideLoop({ start, end }: DrawnArrow, width: number): Place[] {
  const y = (start.y + end.y) / 2;
  const right = { x: start.x + loopWidth + width / 2, y, degrees: 0 };
  return [right, { ...right, y: y - 14 }, { ...right, y: y + 14 }, { ...right, x: start.x - width / 2 - 9 }];
}

/** A place along a line, turned as it is but never upside down, `off` to its side: above it where that is negative. */
export function beside(from: Point, to: Point, part: number, off: number): Place {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const flip = dx < 0 ? -1 : 1;
  const length = Math.hypot(dx, dy) || 1;
  const normal = { x: (-dy / length) * flip, y: (dx / length) * flip };
  return {
    x: from.x + dx * part + normal.x * off,
    y: from.y + dy * part + normal.y * off,
    degrees: (Math.atan2(dy * flip, dx * flip) * 180) / Math.PI,
  };
}

/** Beside a lifeline at the edge, outside: `side` is -1 on the left, 1 on the right. */
export function outside({ x, y }: Point, side: -1 | 1, width: number): Place {
  return { x: x + side * (width / 2 + 9), y, degrees: 0, anchor: side === -1 ? "end" : "start" };
}

export function labelWidth(words: string, size: number = fontSize.label): number {
  return textEms(shortened(words, longestLabel)) * size + 4;
}

export function nodeWidth(node: string): number {
  return Math.max(70, textEms(shortened(node, longestName)) * fontSize.node * 1.06 + 26);
}

export function turnedText(classes: string, place: Place, words: string, width: number): string {
  const { x, y, degrees, anchor = "middle" } = place;
  const at = { start: x - width / 2, middle: x, end: x + width / 2 }[anchor];
  const turn = Math.abs(degrees) < 0.05 ? "" : ` rotate(${number(degrees)})`;
  return `<text class="${classes}" text-anchor="${anchor}" transform="translate(${number(at)} ${number(y)})${turn}" y="3.8">${escapeXml(words)}</text>`;
}

export function text(
  classes: string,
  { x, y }: Point,
  words: string,
  anchor: "start" | "middle" | "end" = "middle",
): string {
  const className = classes === "" ? "" : ` class="${classes}"`;
  return `<text${className} x="${number(x)}" y="${number(y)}" text-anchor="${anchor}">${escapeXml(words)}</text>`;
}

function point({ x, y }: Point): string {
  return `${number(x)} ${number(y)}`;
}

export function number(value: number): string {
  return String(Math.round(value * 10) / 10 + 0);
}
