/**
 * One row of a benchmark: our code next to a floor, the fastest plain code that does the same. Both are checked to
 * produce the same before they are timed; then they take turns, so that what else the machine does hits both.
 */
import { performance } from "node:perf_hooks";

export type Awaitable<T> = T | Promise<T>;

/** One side of a row. Everything may be asynchronous: a side may start processes in `prepare` and end them in `close`. */
export interface Contender {
  /** Called once, before anything else. Not measured. */
  readonly prepare?: () => Awaitable<void>;
  /**
   * A digest of what the work produces, the same for all sides (see `digestOf`); throws where that is not right. A peer that produces what is
   * as good, but not the same, answers undefined.
   */
  readonly output?: () => Awaitable<string | undefined>;
  /**
   * Does the work once and resolves with what was measured, in the row's unit: a rate, a time, CPU seconds, peak memory
   * of a process. `smoke` asks for the least work that still goes through all of it.
   */
  readonly measure: (smoke: boolean) => Awaitable<number>;
  /** Called once, at the end, also after a failure. */
  readonly close?: () => Awaitable<void>;
}

/** A program of others at the same work, in the same rounds: shown next to ours, and not judged. */
export interface Peer {
  readonly name: string;
  /** Or why it cannot be measured here. */
  readonly contender: Contender | { readonly absent: string };
}

export interface Row {
  readonly what: string;
  readonly floor: Contender;
  readonly ours: Contender;
  readonly peers?: readonly Peer[];
  /** Why the row cannot be measured here, if so. Asked once, before anything else; it may fetch what is needed. */
  readonly absent?: (smoke: boolean) => Awaitable<string | undefined>;
  /** Unit of both measurements, such as "frames/s CPU", "MiB/s", "CPU s", "MiB". */
  readonly unit: string;
  /** What the bar is about: the ratio ours / floor (the default), our own measurement, or what ours is above the floor. */
  readonly barOn?: "ratio" | "value" | "difference";
  readonly bar: number;
  readonly direction: "at least" | "at most";
  /** Default 7, and not fewer unless it is a smoke run. */
  readonly rounds?: number;
}

export interface Result {
  readonly what: string;
  readonly unit: string;
  /** Medians. */
  readonly floor: number;
  readonly ours: number;
  /** Median of the ratios of each round, which were measured next to each other. */
  readonly ratio: number;
  /** Half the distance between the quartiles of the ratios, as a part of the median. */
  readonly spread: number;
  readonly bar: string;
  readonly met: boolean;
  readonly rounds: number;
  /** Those of others: a median each, or why there is none. */
  readonly peers: readonly PeerResult[];
}

export type PeerResult = { readonly name: string } & ({ readonly value: number } | { readonly absent: string });

export const leastRounds = 7;

export async function measureRow(row: Row, smoke: boolean): Promise<Result> {
  const rounds = smoke ? 1 : Math.max(leastRounds, row.rounds ?? leastRounds);
  const present = (row.peers ?? []).flatMap(({ contender }) => ("absent" in contender ? [] : [contender]));
  const sides = [row.floor, row.ours, ...present];
  const values = new Map<Contender, number[]>(sides.map((side) => [side, []]));
  try {
    for (const side of sides) await side.prepare?.();
    const expected = await row.floor.output?.();
    for (const side of sides.slice(1)) {
      const produced = await side.output?.();
      const peer = row.peers?.find(({ contender }) => contender === side);
      if (expected === produced || (peer !== undefined && produced === undefined)) continue;
      throw new Error(`${row.what}: the floor produced ${expected}, but ${peer?.name ?? "ours"} produced ${produced}`);
    }
    for (let round = smoke ? 0 : -1; round < rounds; round++) {
      // Who goes first alternates, and the round before the first only warms up.
      for (const side of round % 2 === 0 ? [row.ours, row.floor, ...present] : sides) {
        const value = await side.measure(smoke);
        if (round >= 0) values.get(side)?.push(value);
      }
    }
    const of = (side: Contender): readonly number[] => values.get(side) ?? [];
    const peers = (row.peers ?? []).map(
      ({ name, contender }): PeerResult =>
        "absent" in contender ? { name, absent: contender.absent } : { name, value: quantile(of(contender), 0.5) },
    );
    return { ...judge(row, of(row.floor), of(row.ours)), peers };
  } finally {
    for (const side of sides) await side.close?.();
  }
}

/** The result of rounds that were measured: floors[i] and ours[i] belong together. */
export function judge(row: Row, floors: readonly number[], ours: readonly number[]): Result {
  const ratios = ours.map((value, round) => value / (floors[round] as number));
  const ratio = quantile(ratios, 0.5);
  const value = quantile(ours, 0.5);
  const difference = quantile(
    ours.map((one, round) => one - (floors[round] as number)),
    0.5,
  );
  const judged = { ratio, value, difference }[row.barOn ?? "ratio"];
  const sign = row.direction === "at least" ? ">=" : "<=";
  return {
    what: row.what,
    unit: row.unit,
    floor: quantile(floors, 0.5),
    ours: value,
    ratio,
    spread: (quantile(ratios, 0.75) - quantile(ratios, 0.25)) / 2 / ratio,
    bar: barText(row, sign, difference),
    met: row.direction === "at least" ? judged >= row.bar : judged <= row.bar,
    rounds: ours.length,
    peers: [],
  };
}

function barText({ barOn, bar, unit }: Row, sign: string, difference: number): string {
  if (barOn === "value") return `${sign} ${readable(bar)} ${unit}`;
  if (barOn === "difference") return `floor + ${difference.toFixed(2)}, ${sign} + ${readable(bar)} ${unit}`;
  return `${sign} ${bar}`;
}

/** The value below which the part `q` of the values lies, between neighbours where it falls between them. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)];
  const high = sorted[Math.ceil(at)];
  if (low === undefined || high === undefined) throw new RangeError("no values to take a quantile of");
  return low + (high - low) * (at - Math.floor(at));
}

/** CPU seconds of this process (user and system, all its threads) that the work took. */
export async function cpuSeconds(work: () => Awaitable<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return Math.max(user + system, 1) / 1e6;
}

/** Wall seconds that the work took. */
export async function wallSeconds(work: () => Awaitable<unknown>): Promise<number> {
  const before = performance.now();
  await work();
  return Math.max(performance.now() - before, 0.001) / 1000;
}

/** `amount` per CPU second of this process. */
export async function perCpuSecond(amount: number, work: () => Awaitable<unknown>): Promise<number> {
  return amount / (await cpuSeconds(work));
}

/** `amount` per second. */
export async function perSecond(amount: number, work: () => Awaitable<unknown>): Promise<number> {
  return amount / (await wallSeconds(work));
}

/** A number with a suffix that keeps it short: 12.3 M. */
export function readable(value: number): string {
  for (const [size, suffix] of [
    [1e9, " G"],
    [1e6, " M"],
    [1e3, " k"],
  ] as const) {
    if (value >= size) return `${(value / size).toPrecision(3)}${suffix}`;
  }
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
