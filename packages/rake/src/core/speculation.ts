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
