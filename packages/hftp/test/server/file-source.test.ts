import { openSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BlockPool } from "../../src/node/block-pool.js";
import { FileSource } from "../../src/node/file-source.js";
import { temporaryDirectory } from "../temporary.js";

const CONTENT = Buffer.from(Uint8Array.from({ length: 1_500_000 }, (_, at) => (at * 31) >> 3));
const PIECE = 72 * 1024;

function opened(pool: BlockPool): { readonly source: FileSource; readonly path: string } {
  const path = join(temporaryDirectory(), "content");
  writeFileSync(path, CONTENT);
  return { source: new FileSource(openSync(path, "r"), pool), path };
}

/** All of the file, piece by piece: read ahead where `ahead` says so, as after a slow read, else in place. */
async function readAll(source: FileSource, ahead: boolean): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let offset = 0; offset < CONTENT.length; ) {
    const remaining = CONTENT.length - offset;
    const piece = { offset, length: Math.min(PIECE, remaining), remaining };
    const isLoaded = ahead && offset % (8 * PIECE) !== 0;
    if (ahead && !isLoaded) await source.load(piece);
    let bytes = source.take(piece);
    if (bytes === undefined) {
      await source.load(piece);
      bytes = source.take(piece);
    }
    if (bytes === undefined || bytes.length === 0) break;
    parts.push(Buffer.from(bytes));
    offset += bytes.length;
  }
  return Buffer.concat(parts);
}

describe("H19: a file that is sent", () => {
  it.each([
    ["in place", false, 32],
    ["in blocks on the thread pool", true, 32],
    ["on the thread pool when all blocks are lent", true, 0],
  ])("is read the same %s", async (_, ahead, blocks) => {
    const pool = new BlockPool(blocks);
    const { source } = opened(pool);
    const read = await readAll(source, ahead);
    source.release();
    expect(read.equals(CONTENT)).toBe(true);
  });

  it("gives its block back when it is released, also while a read is under way", async () => {
    const pool = new BlockPool(1);
    const { source } = opened(pool);
    const loading = source.load({ offset: 0, length: PIECE, remaining: CONTENT.length });
    source.release();
    expect(pool.borrow()).toBeUndefined();
    await loading;
    expect(pool.borrow()).toBeDefined();
  });

  it("H18: is short where it has become shorter", async () => {
    const { source, path } = opened(new BlockPool(1));
    truncateSync(path, 1000);
    await source.load({ offset: 0, length: PIECE, remaining: CONTENT.length });
    expect(source.take({ offset: 0, length: PIECE, remaining: CONTENT.length })?.length).toBe(1000);
    expect(source.take({ offset: PIECE, length: PIECE, remaining: CONTENT.length - PIECE })?.length).toBe(0);
    source.release();
  });
});
