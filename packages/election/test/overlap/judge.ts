/**
 * Judges what the processes of an overlap experiment wrote, from their files alone.
 *
 * A sample is an instant at which a process was asked `isLeader()`. Two consecutive samples of one process that both say
 * true for the same token, at most `maxGapMs` apart, make an interval in which it thought that it led. A longer gap, such
 * as that of a frozen process, is no interval: nothing ran that could have acted. A true sample without such a neighbour
 * is an interval of no length. The overlap is the time that is in intervals of two processes or more; and every true
 * sample that lies in an interval of another process is counted as well, since an interval of no length has no time.
 *
 * An old token is accepted where the resource accepts a write although it had accepted one with a higher token before.
 * That is judged by the order of the lines in its log, and by the rule of tokens as written here once more: the higher
 * epoch; at the same epoch the smaller id.
 */

/** Three questions that are 5 ms apart may be late by so much on a busy machine. */
export const DEFAULT_MAX_GAP_MS = 25;

export const THAW_GAP_MS = 500;

export interface Sample {
  readonly ns: bigint;
  readonly id: string;
  readonly token: string;
  readonly answer: boolean;
}

export interface Write {
  readonly token: string;
  readonly isAccepted: boolean;
}

export interface Verdict {
  readonly samples: number;
  readonly trueSamples: number;
  /** Time in which two processes or more thought that they led. */
  readonly overlapMs: number;
  /** True samples within an interval of another process. */
  readonly overlappingSamples: number;
  readonly acceptedWrites: number;
  readonly refusedWrites: number;
  /** Accepted although a higher token had been accepted before. */
  readonly oldAccepted: number;
  /** Times at which a process asked again after it had not asked for `THAW_GAP_MS`: it had been frozen. */
  readonly thaws: number;
  /** Where its very first answer then was true. */
  readonly trueThaws: number;
  /** Different tokens with which somebody thought that it led. */
  readonly tokens: number;
}

/** Lines `sample NS ID TOKEN true|false` and `write NS TOKEN accepted|refused`. @throws Error for any other line */
export function parseLines(text: string): { readonly samples: Sample[]; readonly writes: Write[] } {
  const samples: Sample[] = [];
  const writes: Write[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const sample = /^sample (\d+) (\S+) (\S+) (true|false)$/.exec(line);
    const write = /^write \d+ (\S+) (accepted|refused)$/.exec(line);
    if (sample !== null) {
      const [, ns = "", id = "", token = "", answer] = sample;
      samples.push({ ns: BigInt(ns), id, token, answer: answer === "true" });
    } else if (write !== null) writes.push({ token: write[1] ?? "", isAccepted: write[2] === "accepted" });
    else throw new Error(`neither a sample nor a write: ${line}`);
  }
  return { samples, writes };
}

export function judge(
  samples: readonly Sample[],
  writes: readonly Write[],
  maxGapMs: number = DEFAULT_MAX_GAP_MS,
): Verdict {
  const intervals = intervalsOf(samples, BigInt(Math.round(maxGapMs * 1e6)));
  const trueSamples = samples.filter(({ answer }) => answer);
  const afterThaws = firstAfterGaps(samples, BigInt(THAW_GAP_MS) * 1_000_000n);
  return {
    samples: samples.length,
    trueSamples: trueSamples.length,
    overlapMs: Number(overlapNs(intervals)) / 1e6,
    overlappingSamples: countWithinOthers(trueSamples, intervals),
    acceptedWrites: writes.filter(({ isAccepted }) => isAccepted).length,
    refusedWrites: writes.filter(({ isAccepted }) => !isAccepted).length,
    oldAccepted: countOld(writes),
    thaws: afterThaws.length,
    trueThaws: afterThaws.filter(({ answer }) => answer).length,
    tokens: new Set(trueSamples.map(({ token }) => token)).size,
  };
}

interface Interval {
  readonly id: string;
  readonly from: bigint;
  readonly to: bigint;
}

/** Joined where they touch. */
function intervalsOf(samples: readonly Sample[], maxGap: bigint): Interval[] {
  const intervals: Interval[] = [];
  for (const [id, own] of byId(samples)) {
    own.sort((a, b) => compare(a.ns, b.ns));
    let began: bigint | undefined;
    for (const [index, sample] of own.entries()) {
      if (!sample.answer) continue;
      began ??= sample.ns;
      const next = own[index + 1];
      const goesOn = next?.answer === true && next.token === sample.token && next.ns - sample.ns <= maxGap;
      if (goesOn) continue;
      intervals.push({ id, from: began, to: sample.ns });
      began = undefined;
    }
  }
  return intervals;
}

function firstAfterGaps(samples: readonly Sample[], gap: bigint): Sample[] {
  return [...byId(samples).values()].flatMap((own) => {
    own.sort((a, b) => compare(a.ns, b.ns));
    return own.filter((sample, index) => {
      const before = own[index - 1];
      return before !== undefined && sample.ns - before.ns >= gap;
    });
  });
}

/** The time that lies in intervals of two ids or more. The intervals of one id do not overlap. */
function overlapNs(intervals: readonly Interval[]): bigint {
  const edges = intervals.flatMap(({ from, to }) => [
    { at: from, change: 1 },
    { at: to, change: -1 },
  ]);
  edges.sort((a, b) => compare(a.at, b.at));
  let total = 0n;
  let open = 0;
  let last = 0n;
  for (const { at, change } of edges) {
    if (open >= 2) total += at - last;
    open += change;
    last = at;
  }
  return total;
}

function countWithinOthers(trueSamples: readonly Sample[], intervals: readonly Interval[]): number {
  const isWithin = ({ ns, id }: Sample): boolean =>
    intervals.some((interval) => interval.id !== id && interval.from <= ns && ns <= interval.to);
  return trueSamples.filter(isWithin).length;
}

function countOld(writes: readonly Write[]): number {
  let highest: string | undefined;
  let old = 0;
  for (const { token, isAccepted } of writes) {
    if (!isAccepted) continue;
    if (highest === undefined || compareTokens(token, highest) >= 0) highest = token;
    else old++;
  }
  return old;
}

function compareTokens(a: string, b: string): number {
  const [epochOfA, idOfA] = splitToken(a);
  const [epochOfB, idOfB] = splitToken(b);
  if (epochOfA !== epochOfB) return compare(epochOfA, epochOfB);
  return idOfA === idOfB ? 0 : idOfA < idOfB ? 1 : -1;
}

function splitToken(token: string): readonly [bigint, string] {
  const at = token.indexOf(":");
  return [BigInt(token.slice(0, at)), token.slice(at + 1)];
}

function byId(samples: readonly Sample[]): Map<string, Sample[]> {
  const map = new Map<string, Sample[]>();
  for (const sample of samples) {
    const own = map.get(sample.id);
    if (own === undefined) map.set(sample.id, [sample]);
    else own.push(sample);
  }
  return map;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
