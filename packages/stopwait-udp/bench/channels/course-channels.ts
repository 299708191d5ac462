/** The channels of the goodput bars: what the course's proxy does, and the line that was meant, in three weathers. */
import { COURSE, type Impairments } from "@lab/simnet";

export interface CourseChannel {
  readonly name: string;
  /** Of both directions. */
  readonly impairments: Impairments;
}

const lines = [
  { line: "serial line", impairments: { ...COURSE, parallelLines: false } },
  { line: "course proxy", impairments: COURSE },
] as const;

const weathers = [
  { weather: "0 %", impairments: {} },
  { weather: "10 % lost", impairments: { drop: 0.1 } },
  { weather: "10 % delayed by 1 s", impairments: { reorder: 0.1, reorderMs: 1_000 } },
] as const;

export const courseChannels: readonly CourseChannel[] = lines.flatMap(({ line, impairments }) =>
  weathers.map((one) => ({ name: `${line}, ${one.weather}`, impairments: { ...impairments, ...one.impairments } })),
);
