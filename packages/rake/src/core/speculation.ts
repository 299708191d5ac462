/** Which attempt is worth a second one (docs/rake.md R31): a pure rule. */

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

/** An attempt elsewhere must be thought to need no more than this share of what the first one still does. */
const SWIFTER_SHARE = 0.75;

/** What it still takes. Nobody knows, once it took longer than expected: half as long again as it did. */
export function leftMs({ elapsedMs, expectedMs }: RunningView): number {
  return Math.max(expectedMs - elapsedMs, elapsedMs / 2);
}

/** How much sooner it is thought to end on a host that is `times` as fast, begun now; 0 where that is too little. */
export function gainMs(view: RunningView, times: number, { speculateMs }: SpeculationRule): number {
  if (view.elapsedMs < speculateMs) return 0;
  const left = leftMs(view);
  const elsewhere = (view.elapsedMs + left) / times;
  return elsewhere <= SWIFTER_SHARE * left ? left - elsewhere : 0;
}
