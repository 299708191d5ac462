/** The last ten minutes: leadership as coloured bands, with a legend and a text that says the same. */

import { axisX, plot, rect, text } from "@observablehq/plot";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { LeadershipHistory } from "../core/leadership-history.js";
import { type Band, bandsOf } from "../core/leadership-history-bands.js";
import { duration, timeOfDay } from "./format.js";

export const SPAN_MS = 600_000;
/** About two pixels: what overlaps by less looks like one after the other. */
const SLACK_MS = 1_000;
/** A lead that ended sooner is a mark, not a lane of its own. */
const BRIEF_MS = 1_000;
const LANE_PX = 34;
/** Room for half a word of the axis. */
const MARGIN_PX = 24;

/** Of each id that is shown. */
type Colours = ReadonlyMap<string, number>;

interface Props {
  readonly history: LeadershipHistory;
  readonly colours: Colours;
  readonly now: number;
}

export function Timeline({ history, colours, now }: Props): JSX.Element {
  const holder = useRef<HTMLDivElement>(null);
  const width = useWidth(holder);
  const ids = [...new Set(history.terms.map(({ id }) => id))];
  const bands = bandsOf(history, now, SPAN_MS, SLACK_MS, BRIEF_MS);
  const words = summary(bands, history, now);
  useEffect(() => {
    const element = holder.current;
    if (element === null || width === 0 || document.hidden) return;
    element.replaceChildren(draw(bands, colours, now, width));
  }, [history, colours, Math.floor(now / 1_000), width]);
  const shown = ids.filter((id) => bands.some((band) => "id" in band && band.id === id));
  return (
    <section class="card" aria-labelledby="timeline-title">
      <h2 id="timeline-title">Last ten minutes</h2>
      <figure>
        <div ref={holder} class="timeline" role="img" aria-label={words} />
        <figcaption>
          <ul class="legend" aria-label="Colours">
            {shown.map((id) => (
              <li key={id}>
                <span class={`swatch band-${colours.get(id) ?? 0}`} aria-hidden="true" />
                {id}
              </li>
            ))}
            <li>
              <span class="swatch nobody" aria-hidden="true" />
              nobody leads
            </li>
            <li>
              <span class="swatch unknown" aria-hidden="true" />
              not watched
            </li>
          </ul>
        </figcaption>
      </figure>
    </section>
  );
}

function draw(bands: readonly Band[], colours: Colours, now: number, width: number): Element {
  const minutes = (at: number): number => (at - now) / 60_000;
  const px = (width - 2 * MARGIN_PX) / SPAN_MS;
  const led = bands.flatMap((band) => (band.kind === "leader" ? [band] : []));
  const brief = bands.flatMap((band) => (band.kind === "brief" ? [band] : []));
  const fillOf = ({ id }: { readonly id: string }): string => `var(--band-${colours.get(id) ?? 0})`;
  const lanes = Math.max(1, ...led.map(({ lane }) => lane + 1));
  const gaps = (kind: Band["kind"]): Band[] => bands.filter((band) => band.kind === kind);
  const x1 = (band: Band): number => minutes(band.from);
  const x2 = (band: Band): number => minutes(band.until);
  const svg = plot({
    className: "plot",
    width,
    height: lanes * LANE_PX + 46,
    marginLeft: MARGIN_PX,
    marginRight: MARGIN_PX,
    marginTop: 10,
    marginBottom: 28,
    x: { domain: [-SPAN_MS / 60_000, 0] },
    y: { domain: [lanes, 0], axis: null },
    marks: [
      rect(gaps("unknown"), { x1, x2, y1: () => 0, y2: () => lanes, fill: "var(--unknown)", title: bandTitle }),
      rect(led, {
        x1,
        x2,
        y1: (band: (typeof led)[number]) => band.lane + 0.06,
        y2: (band: (typeof led)[number]) => band.lane + 0.94,
        rx: 3,
        fill: { value: fillOf, scale: null },
        title: bandTitle,
      }),
      // What is short stays visible, and stands out by its height: nobody led for two seconds of six hundred.
      rect(gaps("nobody"), {
        x1,
        x2,
        y1: () => 0,
        y2: () => lanes,
        insetLeft: -0.5,
        insetRight: -0.5,
        insetTop: -6,
        insetBottom: -6,
        fill: "var(--nobody)",
        title: bandTitle,
      }),
      rect(brief, {
        x1,
        x2,
        y1: () => 0,
        y2: () => lanes,
        insetLeft: -1,
        insetRight: -1,
        insetTop: -3,
        insetBottom: -3,
        fill: { value: fillOf, scale: null },
        title: bandTitle,
      }),
      text(
        led.filter(({ id, from, until }) => (until - from) * px > 14 + 8 * id.length),
        {
          x: (band: Band) => (minutes(band.from) + minutes(band.until)) / 2,
          y: (band: (typeof led)[number]) => band.lane + 0.5,
          text: "id",
          fill: "var(--on-band)",
          fontWeight: 600,
          fontSize: 12,
        },
      ),
      axisX(width > 500 ? [-10, -8, -6, -4, -2, 0] : [-10, -5, 0], {
        label: null,
        tickFormat: (at: number) => (at === 0 ? "now" : `${at} min`.replace("-", "−")),
      }),
    ],
  });
  // The page's own style sheet has these rules: a page without inline styles needs no exception for them.
  svg.querySelector("style")?.remove();
  svg.setAttribute("aria-hidden", "true");
  return svg;
}

function bandTitle(band: Band): string {
  const times = `${timeOfDay(band.from)} to ${timeOfDay(band.until)}, ${duration(band.until - band.from)}`;
  if (band.kind === "leader") return `${band.id} leads in epoch ${band.epoch}: ${times}`;
  if (band.kind === "brief") return `${band.id} led for a moment in epoch ${band.epoch}: ${times}`;
  return `${band.kind === "nobody" ? "nobody leads" : "not watched"}: ${times}`;
}

/** The timeline in words: who led for how long, and for how long nobody did. */
export function summary(bands: readonly Band[], history: LeadershipHistory, now: number): string {
  const times = new Map<string, number>();
  for (const band of bands) {
    const name = "id" in band ? `${band.id} led` : band.kind === "nobody" ? "nobody led" : "not watched";
    times.set(name, (times.get(name) ?? 0) + band.until - band.from);
  }
  const parts = [...times].map(([name, ms]) => `${name} for ${duration(ms)}`);
  const changes = history.terms.filter(({ from }) => from > now - SPAN_MS).length;
  return `Leadership in the last ten minutes: ${parts.join(", ")}. ${changes} ${changes === 1 ? "term" : "terms"} began.`;
}

function useWidth(holder: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(element);
    return () => observer.disconnect();
  }, [holder]);
  return width;
}
