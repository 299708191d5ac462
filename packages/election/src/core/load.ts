/** What a host reports about itself, and how the leader ranks it (election rule E25). */

export interface Load {
  /** 0 to 100, in hundredths on the wire. */
  readonly cpuPercent: number;
  readonly usedRamBytes: number;
  readonly totalRamBytes: number;
  /** Per second. */
  readonly freeBandwidthBytes: number;
  readonly freeDiskBytes: number;
  /** The host's wall clock, milliseconds since 1970; for people, never computed with. */
  readonly measuredAtMs: number;
}

/** What the dashboard shows of the machine that a node runs on. It never goes over the election's connections. */
export interface Device {
  readonly systemName: string;
  readonly cpuModel: string;
  readonly cpuMhz: number;
  readonly physicalCores: number;
  readonly totalMemoryBytes: number;
  readonly os: string;
  readonly version: string;
}

/** What a load's numbers may be at most. */
const LIMITS: Readonly<Record<keyof Load, number>> = {
  cpuPercent: 100,
  usedRamBytes: Number.MAX_SAFE_INTEGER,
  totalRamBytes: Number.MAX_SAFE_INTEGER,
  freeBandwidthBytes: Number.MAX_SAFE_INTEGER,
  freeDiskBytes: Number.MAX_SAFE_INTEGER,
  measuredAtMs: Number.MAX_SAFE_INTEGER,
};

/** @throws RangeError for a load that no message can say: it names the number and what is accepted */
export function checkLoad(load: Load): Load {
  for (const [name, max] of Object.entries(LIMITS) as [keyof Load, number][]) {
    const value = load[name];
    if (!(typeof value === "number" && value >= 0 && value <= max)) {
      throw new RangeError(`load.${name} is ${value}, but must be a number from 0 to ${max}`);
    }
  }
  if (load.usedRamBytes <= load.totalRamBytes) return load;
  throw new RangeError(`load.usedRamBytes is ${load.usedRamBytes}, above load.totalRamBytes, ${load.totalRamBytes}`);
}

/** Gives a load its score: higher is better. */
export type Score = (load: Load) => number;

export const EMPTY_LOAD: Load = {
  cpuPercent: 0,
  usedRamBytes: 0,
  totalRamBytes: 0,
  freeBandwidthBytes: 0,
  freeDiskBytes: 0,
  measuredAtMs: 0,
};

/** How many loads the average is of. */
const WINDOW = 4;

/** The last loads of a host, and their average. */
export class LoadAverage {
  readonly #loads: Load[] = [];
  #average: Load | undefined;

  add(load: Load): void {
    this.#average = undefined;
    this.#loads.push(load);
    if (this.#loads.length > WINDOW) this.#loads.shift();
  }

  get newest(): Load {
    return this.#loads.at(-1) ?? EMPTY_LOAD;
  }

  /** The newest load, with CPU and used RAM averaged: what the score looks at. */
  get average(): Load {
    this.#average ??= averageOf(this.#loads, this.newest);
    return this.#average;
  }
}

function averageOf(loads: readonly Load[], newest: Load): Load {
  const { totalRamBytes, freeBandwidthBytes, freeDiskBytes, measuredAtMs } = newest;
  let cpuPercent = 0;
  let usedRamBytes = 0;
  for (const load of loads) {
    cpuPercent += load.cpuPercent;
    usedRamBytes += load.usedRamBytes;
  }
  const count = Math.max(1, loads.length);
  return {
    cpuPercent: cpuPercent / count,
    // RAM may have been taken away since.
    usedRamBytes: Math.min(totalRamBytes, usedRamBytes / count),
    totalRamBytes,
    freeBandwidthBytes,
    freeDiskBytes,
    measuredAtMs,
  };
}

export function ramPercent(load: Load): number {
  return load.totalRamBytes > 0 ? (100 * load.usedRamBytes) / load.totalRamBytes : 0;
}

/** 0.6 (100 - CPU %) + 0.4 (100 - RAM %): 0 to 100. */
export const linearScore: Score = (load) => 0.6 * (100 - load.cpuPercent) + 0.4 * (100 - ramPercent(load));

/** 0.6 of the CPU's decile and 0.4 of the RAM's: 10 for less than 10 %, down to 1 from 90 % on. */
export const classicScore: Score = (load) => 0.6 * decile(load.cpuPercent) + 0.4 * decile(ramPercent(load));

function decile(percent: number): number {
  return 10 - Math.min(9, Math.max(0, Math.floor(percent / 10)));
}
