/** Durable logs in a folder of their own, and their records as LevelDB has them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { onTestFinished } from "vitest";
import type { Durability, StoredMeta, StoredSegment } from "../../src/core/server-contract.js";
import { Database, type Level } from "../../src/node/level/database.js";
import { LevelStore } from "../../src/node/level/level-store.js";
import type { StoreWrite } from "../../src/node/log.js";
import { entryBytes } from "../recovery/told-log.js";

/** @param atEnd what hears of the end of the test; tests that run beside others give their own */
export function temporaryFolder(atEnd: (remove: () => void) => void = onTestFinished): string {
  const path = mkdtempSync(join(tmpdir(), "broadcast-test-"));
  atEnd(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export interface StoreChoices {
  readonly durability?: Durability;
  readonly flushAfterMs?: number;
  readonly maxBufferedBytes?: number;
  readonly make?: (folder: string) => Promise<Level>;
  readonly as?: typeof LevelStore;
}

/** A store that is closed at the end of the test at the latest. */
export async function startedStore(folder: string, choices: StoreChoices = {}): Promise<LevelStore> {
  const { durability = "written", flushAfterMs = 0, maxBufferedBytes = 1_000_000, make, as = LevelStore } = choices;
  const database = new Database(folder, make === undefined ? {} : { make });
  const store = new as({ database, durability, flushAfterMs, maxBufferedBytes });
  onTestFinished(() => store.close().catch(() => {}));
  await store.start();
  return store;
}

export function metaOf(changed: Partial<StoredMeta> = {}): StoredMeta {
  return {
    epoch: 7,
    previousEpoch: 0,
    previousHead: 0,
    epochStart: 1,
    durability: "written",
    boot: "a boot",
    clean: false,
    lastMember: 3,
    ...changed,
  };
}

/** Messages of member 1 with these numbers, which are their client seqs as well. */
export function segmentOf(first: number, count = 1): StoredSegment {
  const entries = Array.from({ length: count }, (_, i) =>
    entryBytes("publish", 1, first + i, Buffer.from(`message ${first + i}`)),
  );
  return { first, count, entries: new Uint8Array(Buffer.concat(entries)), sessions: new Uint8Array(0) };
}

export function segmentWrite(first: number, count = 1): StoreWrite {
  return { type: "segment", segment: segmentOf(first, count) };
}

/** A room `main` with segments of these sizes, one write each, closed. */
export async function writtenLog(
  folder: string,
  counts: readonly number[],
  meta: StoredMeta = metaOf(),
): Promise<void> {
  const store = await startedStore(folder);
  await store.open("main");
  await store.write("main", [{ type: "meta", meta }]);
  let first = 1;
  for (const count of counts) {
    await store.write("main", [segmentWrite(first, count)]);
    first += count;
  }
  await store.close();
}

/** Changes records behind the log's back. */
export async function withDatabase<Result>(
  folder: string,
  change: (level: ClassicLevel<string, Uint8Array>) => Promise<Result>,
): Promise<Result> {
  const level = new ClassicLevel<string, Uint8Array>(folder, { keyEncoding: "utf8", valueEncoding: "view" });
  await level.open();
  try {
    return await change(level);
  } finally {
    await level.close();
  }
}

export function segmentKey(first: number, room = "main"): string {
  return `room/${room}/segment/${first.toString(16).padStart(14, "0")}`;
}

export function firsts(segments: readonly StoredSegment[]): number[] {
  return segments.map(({ first }) => first);
}
