/** The pieces in which a stream of a step comes (docs/rake.md R50). */
import { expect, it } from "vitest";
import { Pieces } from "../../src/node/slurm/pieces.js";

function inPieces(...lengths: readonly number[]): Buffer {
  return Buffer.concat(
    [...lengths, 0].map((bytes) => {
      const piece = Buffer.alloc(4 + bytes);
      piece.writeUInt32BE(bytes);
      return piece;
    }),
  );
}

async function through(all: Buffer, chunkBytes: number): Promise<[boolean, number]> {
  const pieces = new Pieces();
  for (let at = 0; at < all.length; at += chunkBytes) pieces.write(all.subarray(at, at + chunkBytes));
  pieces.end();
  let bytes = 0;
  for await (const piece of pieces) bytes += (piece as Buffer).length;
  return [pieces.isWhole, bytes];
}

it.each([1, 3, 4, 5, 9, 64, 1_000])(
  "R50: in chunks of %i the pieces are read, and a stream that was cut anywhere is not whole",
  async (chunk) => {
    for (const lengths of [[], [1], [4, 4], [3, 1, 40], [300]]) {
      const all = inPieces(...lengths);
      const bytes = lengths.reduce((sum, length) => sum + length, 0);
      expect(await through(all, chunk)).toEqual([true, bytes]);
      for (let cut = 0; cut < all.length; cut++) {
        const [isWhole] = await through(all.subarray(0, cut), chunk);
        expect([lengths, cut, isWhole]).toEqual([lengths, cut, false]);
      }
    }
  },
);

it("R50: what has come is handed on at once", async () => {
  const pieces = new Pieces();
  pieces.write(inPieces(3).subarray(0, 5));
  expect(await new Promise((resolve) => pieces.once("data", resolve))).toHaveLength(1);
  pieces.destroy();
});
