/** Who led when, and why it ended; the newest first. */

import type { JSX } from "preact";
import type { Term } from "../core/leadership-history.js";
import { duration, termEnds, timeOfDay } from "./format.js";

interface LogLine {
  readonly key: string;
  readonly at: number;
  readonly id: string;
  readonly epoch: number;
  readonly isEnd: boolean;
  readonly text: string;
}

/** Two lines for each term at most: that it began, and how it ended. */
export function logLines(terms: readonly Term[]): LogLine[] {
  return terms
    .flatMap(({ id, epoch, from, until, why }): LogLine[] => {
      const key = `${epoch} ${id}`;
      const began: LogLine = { key, at: from, id, epoch, isEnd: false, text: `leads in epoch ${epoch}` };
      if (until === undefined || why === undefined) return [began];
      const text = `led for ${duration(until - from)}, until ${termEnds[why]}`;
      return [began, { key: `${key} end`, at: until, id, epoch, isEnd: true, text }];
    })
    .sort((a, b) => b.at - a.at || b.epoch - a.epoch || Number(b.isEnd) - Number(a.isEnd));
}

export function EventLog({ terms }: { terms: readonly Term[] }): JSX.Element {
  const lines = logLines(terms);
  return (
    <section class="card" aria-labelledby="log-title">
      <h2 id="log-title">Events</h2>
      {lines.length === 0 ? (
        <p class="quiet">Nobody has led since this node looks.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is reached by keyboard
        // biome-ignore lint/a11y/useSemanticElements: the section round it has the heading
        <div class="log" role="region" aria-label="Events, the newest first" tabIndex={0}>
          <ol>
            {lines.map(({ key, at, id, isEnd, text }) => (
              <li key={key} class={isEnd ? "ended" : "began"}>
                <time dateTime={new Date(at).toISOString()}>{timeOfDay(at)}</time>
                <span class="mark" aria-hidden="true">
                  {isEnd ? "■" : "★"}
                </span>
                <span>
                  <strong>{id}</strong> {text}
                </span>
              </li>
            ))}
          </ol>
        </div>
      )}
    </section>
  );
}
