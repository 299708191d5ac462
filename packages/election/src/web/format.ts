/** Numbers and times as the page shows them. */

import type { TermEnd } from "../core/leadership-history.js";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** 10^6 bytes. */
export const megabytes = (bytes: number): string => whole.format(bytes / 1e6);
/** 10^9 bytes. */
export const gigabytes = (bytes: number): string => tenths.format(bytes / 1e9);
export const percent = (value: number): string => `${tenths.format(value)} %`;
export const count = (value: number): string => whole.format(value);
export const timeOfDay = (at: number): string => clock.format(at);
export const seconds = (ms: number): string => `${tenths.format(Math.max(0, ms) / 1_000)} s`;

/** `3.2 s`, `45 s`, `2 min 5 s`, `1 h 12 min`. */
export function duration(ms: number): string {
  if (ms < 10_000) return seconds(ms);
  const total = Math.round(ms / 1_000);
  const [hours, minutes, rest] = [Math.floor(total / 3_600), Math.floor(total / 60) % 60, total % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${rest} s` : `${rest} s`;
}

export const termEnds: Readonly<Record<TermEnd, string>> = {
  lease: "its lease ran out",
  superseded: "another took over",
  renewed: "it went on in a new epoch",
  handedOver: "it handed over",
  stopped: "it was stopped",
  unheard: "it was not heard any more",
};
