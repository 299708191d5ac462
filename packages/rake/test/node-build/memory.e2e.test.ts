/** What a client has in memory, measured on a process of its own. */
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { startBundled } from "../../../../test/programs.js";
import { scratchFolder, server } from "./rig.js";

const BUILDER = new URL("./builder.ts", import.meta.url);
const MIB = 2 ** 20;
const SIZE = 48 * MIB;
/** A small young generation, so that what is measured is what is held and not what is not collected yet. */
const ENV = { NODE_OPTIONS: "--max-semi-space-size=2" };

/** The most that a client had in memory, in bytes. */
async function peakOf(folder: string, action: string, port: number, hold = ""): Promise<number> {
  const rakefile = `actionset1:\n\tremote-${action}\n\t\trequires input\n`;
  await using client = startBundled(BUILDER, [folder, rakefile, String(port), hold], { env: ENV });
  const [, outcome, peak] = await client.line(/^ended (\w+) peak (\d+)$/);
  expect(outcome).toBe("succeeded");
  return Number(peak) * 1_024;
}

it("R34, R35, R36: an input, an output and a stream of 48 MiB come whole, and are never held", async () => {
  const host = await server();
  const folder = scratchFolder({ input: "small" });
  const least = await peakOf(folder, "cat input; cp input output", host.port);
  const piece = Buffer.alloc(MIB, "0123456789abcdef");
  const file = openSync(join(folder, "input"), "w");
  for (let at = 0; at < SIZE; at += MIB) {
    piece.writeUInt32BE(at, 0);
    writeSync(file, piece);
  }
  closeSync(file);
  const most = await peakOf(folder, "cat input; cp input output; sha256sum <output >sum", host.port);
  expect(statSync(join(folder, "output")).size).toBe(SIZE);
  const hash = createHash("sha256");
  for (let at = 0; at < SIZE; at += MIB) {
    piece.writeUInt32BE(at, 0);
    hash.update(piece);
  }
  expect(readFileSync(join(folder, "sum"), "utf8").split(" ")[0]).toBe(hash.digest("hex"));
  expect(most - least).toBeLessThan(56 * MIB);
  // One that holds the stream alone shows that this would be seen.
  expect((await peakOf(folder, "cat input", host.port, "hold")) - least).toBeGreaterThan(56 * MIB);
});
