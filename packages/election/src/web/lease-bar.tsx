/** The lease as a bar that shrinks until the next word of the leader. */

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { seconds } from "./format.js";

interface Props {
  readonly label: string;
  readonly leaseMs: number;
  /** When `stateAt` was now; null: without end. */
  readonly remainingMs: number | null;
  readonly stateAt: number;
  readonly now: number;
}

export function LeaseBar({ label, leaseMs, remainingMs, stateAt, now }: Props): JSX.Element {
  const bar = useRef<HTMLDivElement>(null);
  const left = remainingMs === null ? leaseMs : Math.max(0, remainingMs - (now - stateAt));
  const full = Math.max(leaseMs, remainingMs ?? 0, 1);
  const isStill = remainingMs === null || matchMedia("(prefers-reduced-motion: reduce)").matches;
  // Moved by the browser between two words of the leader: no work of ours, and no more often than it paints.
  useEffect(() => {
    const element = bar.current;
    if (element === null) return;
    const from = `scaleX(${Math.min(1, left / full)})`;
    const animation = isStill
      ? element.animate([{ transform: from }, { transform: from }], { duration: 1, fill: "forwards" })
      : element.animate([{ transform: from }, { transform: "scaleX(0)" }], { duration: left, fill: "forwards" });
    return () => animation.cancel();
  }, [stateAt, remainingMs, isStill, isStill ? left : 0]);
  const text = remainingMs === null ? "without end: no hosts yet" : left > 0 ? `${seconds(left)} left` : "has run out";
  return (
    <div class="lease">
      <div class="lease-words">
        <span id="lease-label">{label}</span>
        <span class="number">{text}</span>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: <meter> cannot be animated smoothly */}
      <div
        class="lease-track"
        role="meter"
        aria-labelledby="lease-label"
        aria-valuemin={0}
        aria-valuemax={full}
        aria-valuenow={Math.round(Math.min(full, left))}
        aria-valuetext={text}
      >
        <div class={left > 0 ? "lease-bar" : "lease-bar empty"} ref={bar} />
      </div>
    </div>
  );
}
