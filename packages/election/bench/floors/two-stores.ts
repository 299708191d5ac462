/**
 * What a hand-over with votes takes at least: the candidate's vote for itself is on the disk before it asks, and a voter's
 * before it answers. Plain code: a file written, synced and renamed, and its folder synced, twice. Milliseconds.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export async function twoStores(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "election-floor-"));
  try {
    const began = performance.now();
    for (let epoch = 1; epoch <= 2; epoch++) await store(folder, `{"epoch":${epoch},"holder":"n1","id":"n1"}\n`);
    return performance.now() - began;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function store(folder: string, text: string): Promise<void> {
  const file = await open(join(folder, "new"), "w");
  await file.writeFile(text);
  await file.sync();
  await file.close();
  await rename(join(folder, "new"), join(folder, "state"));
  const directory = await open(folder);
  await directory.sync();
  await directory.close();
}
