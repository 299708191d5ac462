/** A build as one HTML file with a Gantt chart (docs/rake.md R40): no script, nothing fetched, made of the report alone. */

import { type Bar, type Lanes, lanesOf, type Place } from "./lanes.js";
import type { BuildReport } from "./report.js";
import { timelineStyle } from "./timeline-style.js";
import { totalsText } from "./totals.js";
import { endWords, printable, sizeWords, timeWords, whereWords } from "./words.js";

export interface TimelineOptions {
  /** Of the page; default "rake". */
  readonly title?: string;
}

const LABEL_WIDTH = 210;
const CHART_WIDTH = 960;
const LANE_HEIGHT = 26;
const BAR_HEIGHT = 20;
const PLACE_GAP = 14;
const AXIS_HEIGHT = 30;
/** A bar that took no time is seen as well. */
const LEAST_WIDTH = 2;
const MOST_TICKS = 10;
/** What a letter takes, at the size that the style says. */
const LETTER_WIDTH = 6.6;

export function timelineHtml(report: BuildReport, { title = "rake" }: TimelineOptions = {}): string {
  const lanes = lanesOf(report);
  const outcome = report.result?.outcome ?? "unfinished";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}: ${outcome}</title>
<style>${timelineStyle}</style>
</head>
<body>
<h1>${escaped(title)} <span class="outcome ${outcome}">${outcome}</span></h1>
${totalsText(report)
  .map((line) => `<p>${escaped(line)}</p>`)
  .join("\n")}
<p class="legend">${LEGEND}</p>
<div class="scroll" tabindex="0" role="region" aria-label="Chart">
${chart(lanes, report)}
</div>
${table(report)}
</body>
</html>
`;
}

const LEGEND = [
  ["wait", "inputs on their way"],
  ["won", "ran, outputs taken"],
  ["beaten", "another was first"],
  ["lost", "came to nothing"],
  ["failed", "failed"],
]
  .map(
    ([kind, words]) =>
      `<span><svg class="key" viewBox="0 0 14 10" aria-hidden="true"><rect class="${kind}" width="14" height="10" rx="2"/></svg> ${words}</span>`,
  )
  .join(" ");

function chart({ endMs, places }: Lanes, report: BuildReport): string {
  const rows = places.map(({ lanes }) => Math.max(1, lanes.length) * LANE_HEIGHT + PLACE_GAP);
  const height = AXIS_HEIGHT + rows.reduce((sum, row) => sum + row, 0);
  const width = LABEL_WIDTH + CHART_WIDTH + 20;
  const x = (ms: number): number => round(LABEL_WIDTH + (ms / endMs) * CHART_WIDTH);
  let top = AXIS_HEIGHT;
  const drawn = places.map((place, index) => {
    const group = placeGroup(place, top, rows[index] as number, x);
    top += rows[index] as number;
    return group;
  });
  return `<svg class="chart" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="group" aria-label="Hosts and their slots over time">
${axis(endMs, height, x)}
${setLines(report, height, x)}
${drawn.join("\n")}
</svg>`;
}

function axis(endMs: number, height: number, x: (ms: number) => number): string {
  const step = stepOf(endMs);
  const ticks: string[] = [];
  for (let ms = 0; ms <= endMs; ms += step) {
    ticks.push(
      `<line class="tick" x1="${x(ms)}" x2="${x(ms)}" y1="${AXIS_HEIGHT - 8}" y2="${height}"/>` +
        `<text class="time" x="${x(ms)}" y="${AXIS_HEIGHT - 12}">${timeWords(ms)}</text>`,
    );
  }
  return ticks.join("\n");
}

/** 1, 2 or 5 times a power of ten, so that there are at most ten. */
function stepOf(endMs: number): number {
  for (let power = 1; ; power *= 10) {
    for (const factor of [1, 2, 5]) if (endMs / (factor * power) <= MOST_TICKS) return factor * power;
  }
}

function setLines({ sets, beganAt = 0 }: BuildReport, height: number, x: (ms: number) => number): string {
  return sets
    .flatMap(({ name, beganAt: at }) => {
      if (at === undefined) return [];
      const title = `${name} begins after ${timeWords(at - beganAt)}`;
      return [
        `<line class="set" x1="${x(at - beganAt)}" x2="${x(at - beganAt)}" y1="${AXIS_HEIGHT}" y2="${height}"><title>${escaped(title)}</title></line>`,
      ];
    })
    .join("\n");
}

function placeGroup(
  { name, note, lanes, lostMs }: Place,
  top: number,
  height: number,
  x: (ms: number) => number,
): string {
  const bars = lanes.flatMap((lane, index) => lane.map((bar) => barLink(bar, name, top + index * LANE_HEIGHT, x)));
  const slots = lanes.map((_, index) => {
    const y = top + index * LANE_HEIGHT + BAR_HEIGHT - 6;
    return `<text class="slot" x="${LABEL_WIDTH - 8}" y="${y}">${index + 1}</text>`;
  });
  const losses = lostMs.map(({ atMs, why }) => {
    const text = escaped(`${name} is lost after ${timeWords(atMs)}: ${why}`);
    return `<line class="loss" x1="${x(atMs)}" x2="${x(atMs)}" y1="${top - 2}" y2="${top + height - PLACE_GAP}"><title>${text}</title></line>`;
  });
  return `<g role="group" aria-label="${escaped(name)}">
<line class="between" x1="0" x2="${LABEL_WIDTH + CHART_WIDTH}" y1="${top - PLACE_GAP / 2}" y2="${top - PLACE_GAP / 2}"/>
<text class="place" x="8" y="${top + 14}">${escaped(cut(name, 24))}<title>${escaped(note === "" ? name : `${name}: ${note}`)}</title></text>
${[...slots, ...bars, ...losses].join("\n")}
</g>`;
}

/** A link to the row of its action: a key that goes from link to link goes from bar to bar. */
function barLink(bar: Bar, place: string, top: number, x: (ms: number) => number): string {
  const { action, attempt, fromMs, runMs, toMs } = bar;
  const [from, run, to] = [x(fromMs), x(runMs), x(toMs)];
  const kind = attempt.outcome ?? "unfinished";
  const width = Math.max(LEAST_WIDTH, round(to - run));
  const letters = Math.floor((width - 8) / LETTER_WIDTH);
  const label =
    letters < 4
      ? ""
      : `<text class="command" x="${run + 4}" y="${top + BAR_HEIGHT - 6}">${escaped(cut(action.command, letters))}</text>`;
  const words = escaped(barWords(bar, place));
  return (
    `<a href="#action-${action.action}" aria-label="${words}"><title>${words}</title>` +
    (run > from
      ? `<rect class="wait" x="${from}" y="${top}" width="${round(run - from)}" height="${BAR_HEIGHT}"/>`
      : "") +
    `<rect class="${kind}" x="${run}" y="${top}" width="${width}" height="${BAR_HEIGHT}" rx="2"/>${label}</a>`
  );
}

function barWords({ action, attempt, fromMs, runMs, toMs }: Bar, place: string): string {
  const became = { won: "outputs taken", beaten: "another was first", lost: "came to nothing", failed: "failed" };
  return [
    `line ${action.line}: ${action.command}`,
    `${place}, ${attempt.why}: ${attempt.outcome === undefined ? "unfinished" : became[attempt.outcome]}`,
    `after ${timeWords(fromMs)}, waited ${timeWords(runMs - fromMs)}, ran ${timeWords(toMs - runMs)}, expected ${timeWords(attempt.expectedMs)}`,
    `sent ${sizeWords(attempt.sentBytes)}, saved ${sizeWords(attempt.savedBytes)}, got ${sizeWords(attempt.receivedBytes)}`,
    ...(attempt.end === undefined ? [] : [endWords(attempt.end)]),
    ...(attempt.lostWhy === undefined ? [] : [attempt.lostWhy]),
  ].join("\n");
}

function table({ actions, hosts, sets, beganAt = 0 }: BuildReport): string {
  const addresses = hosts.map(({ address }) => address);
  const rows = actions.flatMap(({ action, set, line, command, outcome, message, attempts }) =>
    (attempts.length === 0 ? [undefined] : attempts).map((attempt, index) => {
      const about = [
        ...(attempt?.lostWhy === undefined ? [] : [attempt.lostWhy]),
        ...(index === 0 && message !== undefined ? [message] : []),
      ].join("; ");
      const cells = [
        sets[set]?.name ?? "",
        String(line),
        command,
        attempt === undefined ? "" : whereWords(attempt.where, addresses),
        attempt?.why ?? "",
        attempt === undefined ? outcome : (attempt.outcome ?? "unfinished"),
        attempt === undefined ? "" : timeWords(attempt.placedAt - beganAt),
        attempt?.endedAt === undefined ? "" : timeWords(attempt.endedAt - (attempt.startedAt ?? attempt.placedAt)),
        attempt === undefined ? "" : `${sizeWords(attempt.sentBytes)} / ${sizeWords(attempt.savedBytes)}`,
        about,
      ].map((cell, column) => (column === 2 ? `<td><code>${escaped(cell)}</code></td>` : `<td>${escaped(cell)}</td>`));
      return `<tr${index === 0 ? ` id="action-${action}"` : ""}>${cells.join("")}</tr>`;
    }),
  );
  const heads = ["set", "line", "command", "where", "why", "outcome", "after", "ran", "sent / saved", ""];
  return `<table>
<thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join("")}</tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table>`;
}

function cut(text: string, letters: number): string {
  const all = [...text];
  return all.length <= letters ? text : `${all.slice(0, Math.max(1, letters - 1)).join("")}\u2026`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Line feeds stay: a tooltip has several lines. */
function escaped(text: string): string {
  return text
    .split("\n")
    .map(printable)
    .join("\n")
    .replace(/[&<>"']/g, (one) => ENTITIES[one] as string);
}
