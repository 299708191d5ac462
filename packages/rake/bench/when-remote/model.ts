/** One action that could run here: what it takes at a host instead, in virtual time, by the machines that are shipped. */
import { simulatedBuild } from "../simulated-build.js";

export interface Point {
  /** Of the host over this machine. */
  readonly speed: number;
  /** Of the network, each way. */
  readonly bytesPerSecond: number;
  /** Of the input; the output has as many. */
  readonly fileBytes: number;
  /** What the action takes here. */
  readonly workMs: number;
}

/** One way, of a local network. */
export const LATENCY_MS = 0.2;
/** What it takes a host to begin a process, and each write of a file. */
const EFFECT_MS = 0.5;

/** How long the action takes at the host, over how long it takes here. */
export function remoteOverLocal({ speed, bytesPerSecond, fileBytes, workMs }: Point): number {
  const { ms } = simulatedBuild({
    seed: 1,
    hosts: [{ node: "host", speed, cores: 1, impairments: { latencyMs: LATENCY_MS, bytesPerSecond } }],
    actions: [{ workMs, inputBytes: fileBytes, outputBytes: fileBytes }],
    client: { maxRunMs: 86_400_000, stallMs: 600_000 },
    effectMs: EFFECT_MS,
  });
  return ms / workMs;
}

export const MBIT = 125_000;
export const BANDWIDTHS: readonly { readonly name: string; readonly bytesPerSecond: number }[] = [
  { name: "10 Mbit/s", bytesPerSecond: 10 * MBIT },
  { name: "100 Mbit/s", bytesPerSecond: 100 * MBIT },
  { name: "1 Gbit/s", bytesPerSecond: 1_000 * MBIT },
];
export const SPEEDS: readonly number[] = [0.5, 1, 1.5, 2, 3, 4, 6, 8];
export const FILE_BYTES: readonly number[] = [2 ** 10, 2 ** 14, 2 ** 17, 2 ** 19, 2 ** 20, 2 ** 22, 2 ** 24, 2 ** 25];
export const WORK_MS = 1_000;

export interface Panel {
  readonly name: string;
  readonly bytesPerSecond: number;
  /** By file size, then by speed. */
  readonly ratios: readonly (readonly number[])[];
  /** By speed: the file size with which remote and local take as long; undefined where one of them wins with every size. */
  readonly breakEven: readonly (number | undefined)[];
}

export function measurePanels(): Panel[] {
  return BANDWIDTHS.map(({ name, bytesPerSecond }) => {
    const ratios = FILE_BYTES.map((fileBytes) =>
      SPEEDS.map((speed) => remoteOverLocal({ speed, bytesPerSecond, fileBytes, workMs: WORK_MS })),
    );
    return {
      name,
      bytesPerSecond,
      ratios,
      breakEven: SPEEDS.map((_, at) => breakEvenOf(ratios.map((row) => row[at] ?? 0))),
    };
  });
}

/** Between the two sizes where it lies, along a line. */
function breakEvenOf(ratios: readonly number[]): number | undefined {
  for (const [index, ratio] of ratios.entries()) {
    const next = ratios[index + 1];
    if (next === undefined || ratio > 1 || next <= 1) continue;
    const [from = 0, to = 0] = FILE_BYTES.slice(index, index + 2);
    return from + ((1 - ratio) / (next - ratio)) * (to - from);
  }
  return undefined;
}
