/** Which action is worth another attempt (docs/rake.md R31): a pure rule. */

export interface RunningView {
  readonly elapsedMs: number;
  /** Its price, when it was placed. */
  readonly expectedMs: number;
}

export interface SpeculationRule {
  readonly speculateAfter: number;
  readonly speculateMs: number;
}

/** How long it runs, from its placing, before a second one may begin. */
export function speculatesAt(expectedMs: number, { speculateAfter, speculateMs }: SpeculationRule): number {
  return Math.max(speculateMs, speculateAfter * expectedMs);
}

/** Those that ran too long, the one furthest beyond its expectation first. */
export function overdue<View extends RunningView>(running: readonly View[], rule: SpeculationRule): View[] {
  const late = running.filter(({ elapsedMs, expectedMs }) => elapsedMs >= speculatesAt(expectedMs, rule));
  return late.sort((a, b) => b.elapsedMs - b.expectedMs - (a.elapsedMs - a.expectedMs));
}

/** An attempt elsewhere must be thought to need no more than this share of what those that run still do. */
const SWIFTER_SHARE = 0.9;

/** What it still takes. Nobody knows, once it took longer than expected: half as long again as it did. */
export function leftMs({ elapsedMs, expectedMs }: RunningView): number {
  return Math.max(expectedMs - elapsedMs, elapsedMs / 2);
}

/** One of the attempts of an action, and the speed of its host. */
export interface AttemptView extends RunningView {
  readonly speed: number;
}

/**
 * How much sooner the action is thought to end on a host of `speed`, begun now, than by the attempts that run; 0 where that is
 * too little. The attempt that got furthest says how much work it is.
 */
export function gainMs(attempts: readonly AttemptView[], speed: number, { speculateMs }: SpeculationRule): number {
  if (attempts.some(({ elapsedMs }) => elapsedMs < speculateMs)) return 0;
  const work = Math.max(...attempts.map((one) => (one.elapsedMs + leftMs(one)) * one.speed));
  const left = Math.min(...attempts.map((one) => work / one.speed - one.elapsedMs));
  const elsewhere = work / speed;
  return elsewhere <= SWIFTER_SHARE * left ? left - elsewhere : 0;
}
