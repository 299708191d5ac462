/** Where each row of a diagram stands: to scale where that is readable, further apart where there is text, silences cut short. */

import type { DiagramModel, Row } from "./diagram-model.js";

/** A stretch of time that is drawn shorter than it was. */
export interface Silence {
  readonly top: number;
  readonly bottom: number;
  readonly ms: number;
}

export interface Axis {
  /** y of each row, rising. */
  readonly y: readonly number[];
  readonly silences: readonly Silence[];
  /** Where something that left from this row would usually arrive: for what does not. */
  readonly usualArrival: (row: number) => number;
}

const lineHeight = 19;
const arrivalGap = 9;
const flightHeight = 46;
const longestGap = 84;
const silenceHeight = 58;

export function layRows({ rows, flights }: DiagramModel, top: number): Axis {
  const usual = median(flights.filter((ms) => ms > 0));
  const scale = pixelsPerMs(rows, usual);
  const y: number[] = [];
  const silences: Silence[] = [];
  let at = top;
  for (const [index, row] of rows.entries()) {
    const before = rows[index - 1];
    if (before !== undefined) {
      const ms = row.at - before.at;
      const least = row.isLabelled && before.isLabelled ? lineHeight : arrivalGap;
      const isSilence = ms * scale > longestGap;
      const next = at + (isSilence ? silenceHeight : Math.max(least, ms * scale));
      if (isSilence) silences.push({ top: at, bottom: next, ms });
      at = next;
    }
    y.push(at);
  }
  const usualArrival = (row: number): number => {
    const [start, sentAt] = [y[row] ?? top, rows[row]?.at ?? 0];
    const until = usual === undefined ? row : rows.findLastIndex(({ at }) => at <= sentAt + usual);
    return Math.max(start + flightHeight, y[until] ?? start);
  };
  return { y, silences, usualArrival };
}

/** A usual flight has the same height in every diagram; without any, a usual gap has. */
function pixelsPerMs(rows: readonly Row[], usualFlight: number | undefined): number {
  if (usualFlight !== undefined) return flightHeight / usualFlight;
  const gaps = rows.map((row, index) => row.at - (rows[index - 1]?.at ?? row.at)).filter((ms) => ms > 0);
  return lineHeight / (median(gaps.sort((a, b) => a - b)) ?? 1);
}

function median(rising: readonly number[]): number | undefined {
  return rising[Math.floor((rising.length - 1) / 2)];
}
