/** Finds a place for each label of a diagram, so that none covers another and few lines cross them. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Line {
  readonly from: Point;
  readonly to: Point;
}

/** The middle of a box and its turn. */
export interface Place extends Point {
  readonly degrees: number;
  /** Where in its box the text begins: widths are only about right, so that some texts touch one side. Default `middle`. */
  readonly anchor?: "start" | "middle" | "end";
}

/** A text that may stand in any of several places. */
export interface Label {
  readonly width: number;
  readonly height: number;
  /** Best first. */
  readonly places: readonly Place[];
  /** The line to which it belongs, which may touch it. */
  readonly own: Line | undefined;
}

type Corners = readonly Point[];

/** A crossing line is as bad as this many places further down the list. */
const crossingCost = 3;

/** A place for each label, in the same order; undefined where every one is taken. */
export function placeLabels(labels: readonly Label[], lines: readonly Line[]): (Place | undefined)[] {
  const taken: Corners[] = [];
  return labels.map((label) => {
    let best: { place: Place; box: Corners; cost: number } | undefined;
    for (const [index, place] of label.places.entries()) {
      if (best !== undefined && index >= best.cost) break;
      const box = corners(place, label.width, label.height);
      if (taken.some((other) => overlaps(box, other))) continue;
      const crossings = lines.filter((line) => line !== label.own && overlaps(box, [line.from, line.to])).length;
      const cost = index + crossings * crossingCost;
      if (best === undefined || cost < best.cost) best = { place, box, cost };
    }
    if (best !== undefined) taken.push(best.box);
    return best?.place;
  });
}

export function corners({ x, y, degrees }: Place, width: number, height: number): Corners {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const at = (dx: number, dy: number): Point => ({ x: x + dx * cos - dy * sin, y: y + dx * sin + dy * cos });
  const [w, h] = [width / 2, height / 2];
  return [at(-w, -h), at(w, -h), at(w, h), at(-w, h)];
}

/** Whether two convex shapes meet: no side of either separates them. A line is a shape of two corners. */
export function overlaps(a: Corners, b: Corners): boolean {
  return !separates(a, b) && !separates(b, a);
}

function separates(shape: Corners, other: Corners): boolean {
  return shape.some((corner, index) => {
    const next = shape[(index + 1) % shape.length] ?? corner;
    const normal = { x: next.y - corner.y, y: corner.x - next.x };
    const along = (point: Point): number => point.x * normal.x + point.y * normal.y;
    const [mine, theirs] = [shape.map(along), other.map(along)];
    return Math.max(...mine) <= Math.min(...theirs) || Math.max(...theirs) <= Math.min(...mine);
  });
}
