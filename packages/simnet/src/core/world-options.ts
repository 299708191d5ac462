/** What a world is made of, as options with defaults. */

import type { CreateProgram } from "./contract.js";
import type { DiskOptions } from "./disk.js";
import type { FaultSchedule } from "./faults.js";
import type { Impairments } from "./impairments.js";
import type { StreamOptions } from "./stream-options.js";
import type { World } from "./world.js";

/** A node, where there is more to say than which program it runs. */
export interface NodeOptions {
  readonly create: CreateProgram;
  /** What its clock shows when the world begins. Default 0. */
  readonly skewMs?: number;
  /** Milliseconds of its clock in one of the world's, above 0. Default 1. */
  readonly rate?: number;
  /** When it is started. Default: when it is added; 0 for those of the options. */
  readonly startAtMs?: number;
  /** How far its wall clock is ahead of the world's. Default 0. */
  readonly wallOffsetMs?: number;
  /** How long its disk takes to store. Default: no time at all. */
  readonly disk?: DiskOptions;
}

/** What is different about one link. */
export interface LinkOptions {
  readonly from: string;
  readonly to: string;
  /** Default: that of the world; perfect for what a node sends to itself. Nothing is taken over from the world's. */
  readonly impairments: Impairments;
  /** For this direction alone; else for the way back too. Default false. */
  readonly oneWay?: boolean;
}

export interface WorldOptions {
  /** The nodes and their programs, by name, started in this order. More may be added later. */
  readonly nodes?: Readonly<Record<string, CreateProgram | NodeOptions>>;
  /** Everything drawn comes from it: an integer of which the lower 32 bits count, or a text. Default 0. */
  readonly seed?: number | string;
  /** Of every link between two different nodes. Default: perfect links. */
  readonly impairments?: Impairments;
  readonly links?: readonly LinkOptions[];
  readonly faults?: FaultSchedule;
  readonly streams?: StreamOptions;
  /**
   * From then on nothing goes wrong: cuts heal, who is paused, sleeps or is to be started again goes on, links are as at
   * first but lose, double, corrupt and turn around nothing. A later fault is an error. Default: never.
   */
  readonly calmAtMs?: number;
  /** What wall clocks show when the world begins, in milliseconds since 1970. Default 1,700,000,000,000. */
  readonly wallStartMs?: number;
  /** How many events the trace keeps, from the first; true: 100,000, false: none, which is faster. Default true. */
  readonly trace?: boolean | number;
  /**
   * Called after every event, with the world as it is then: the place for what must hold at all times. What it throws
   * ends the run.
   */
  readonly onStep?: (world: World) => void;
}

/** How far to go. */
export interface RunOptions {
  /** Up to this time of the world, what happens at it included. Default: until nothing is left to happen. */
  readonly untilMs?: number;
  /** Up to the event after which this holds. */
  readonly until?: (world: World) => boolean;
  /** More events than this are an error, so that nothing runs for ever. Default 1,000,000. */
  readonly maxEvents?: number;
}

/** Why a run stopped: nothing is left to happen, `until` holds, or the time is over. */
export type RunResult = "idle" | "until" | "time";
