/** A node's disk: writes one after another, each of which takes its time, and what a crash makes of them. */

import { finiteFrom } from "./checked-numbers.js";
import type { Scheduled } from "./event-queue.js";
import { onlyKnown } from "./known-keys.js";
import type { Random } from "./random.js";
import type { Timeline } from "./timeline.js";

/** How long a disk takes, in milliseconds of the world, and whether it works. */
export interface DiskOptions {
  /** To write and sync. Default 0. */
  readonly latencyMs?: number;
  /** Up to this much more, evenly spread. Default 0. */
  readonly jitterMs?: number;
  /** Probability that a write takes `stallMs` more. Default 0. */
  readonly stall?: number;
  /** Default 0. */
  readonly stallMs?: number;
  /** Nothing is written, and whoever asks is told so. Default false. */
  readonly fails?: boolean;
}

/** What a crash makes of the write that is under way: nothing of it is there, all of it, or a part. */
export type Unsynced = "lost" | "written" | "torn";

export type Write = { readonly key: string; readonly value: unknown; readonly token: unknown };

/** @throws RangeError that names the option and the range, TypeError for one that does not exist */
export function resolveDisk(options: DiskOptions = {}): Required<DiskOptions> {
  onlyKnown("disk", options, ["latencyMs", "jitterMs", "stall", "stallMs", "fails"] satisfies (keyof DiskOptions)[]);
  const { latencyMs = 0, jitterMs = 0, stall = 0, stallMs = 0, fails = false } = options;
  for (const [name, value] of Object.entries({ latencyMs, jitterMs, stallMs })) finiteFrom(name, value, 0);
  if (!(stall >= 0 && stall <= 1)) throw new RangeError(`stall must be from 0 to 1, not ${stall}`);
  return { latencyMs, jitterMs, stall, stallMs, fails };
}

export class Disk {
  /** What is on it. */
  readonly content: Map<string, unknown> = new Map();
  readonly #timeline: Timeline;
  readonly #random: Random;
  /** The program is to be told. */
  readonly #done: (write: Write, how: "stored" | "storeFailed") => void;
  readonly #initial: Required<DiskOptions>;
  #options: Required<DiskOptions>;
  /** The first one is under way. */
  #queue: Write[] = [];
  #underWay: WriteEnd | undefined;

  constructor(
    options: DiskOptions,
    timeline: Timeline,
    random: Random,
    done: (write: Write, how: "stored" | "storeFailed") => void,
  ) {
    this.#initial = resolveDisk(options);
    this.#options = this.#initial;
    this.#timeline = timeline;
    this.#random = random;
    this.#done = done;
  }

  /** From the next write on. */
  change(options: DiskOptions): void {
    this.#options = resolveDisk(options);
  }

  /** As it was at first. */
  restore(): void {
    this.#options = this.#initial;
  }

  write(write: Write): void {
    this.#queue.push(write);
    if (this.#underWay === undefined) this.#begin();
  }

  crash(durable: "kept" | "lost", unsynced: Unsynced): void {
    const first = this.#underWay?.fails === true ? undefined : this.#queue[0];
    if (this.#underWay !== undefined) this.#underWay.cancelled = true;
    this.#underWay = undefined;
    this.#queue = [];
    if (first !== undefined && unsynced === "written") this.content.set(first.key, first.value);
    if (first !== undefined && unsynced === "torn") this.#tear(first);
    if (durable === "lost") this.content.clear();
  }

  /** For `WriteEnd` alone. */
  ended(fails: boolean): void {
    const write = this.#queue.shift();
    this.#underWay = undefined;
    if (this.#queue.length > 0) this.#begin();
    if (write === undefined) return;
    if (!fails) this.content.set(write.key, write.value);
    this.#done(write, fails ? "storeFailed" : "stored");
  }

  /** Always draws the same amount of randomness. */
  #begin(): void {
    const { latencyMs, jitterMs, stall, stallMs, fails } = this.#options;
    const jitter = this.#random.unit() * jitterMs;
    const isStalled = this.#random.chance(stall);
    this.#underWay = new WriteEnd(this, fails);
    this.#timeline.schedule(this.#timeline.now + latencyMs + jitter + (isStalled ? stallMs : 0), this.#underWay);
  }

  /** A prefix of bytes; of anything else, nothing, and what stood there is gone. */
  #tear({ key, value }: Write): void {
    if (value instanceof Uint8Array) this.content.set(key, value.slice(0, this.#random.integer(0, value.length - 1)));
    else this.content.delete(key);
  }
}

class WriteEnd implements Scheduled {
  cancelled = false;
  readonly fails: boolean;
  readonly #disk: Disk;

  constructor(disk: Disk, fails: boolean) {
    this.#disk = disk;
    this.fails = fails;
  }

  perform(): void {
    this.#disk.ended(this.fails);
  }
}
