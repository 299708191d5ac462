/** A process that writes to a durable log is killed (SIGKILL) at any moment: what it said was stored is there. */
import { describe, expect, it } from "vitest";
import { startBundled } from "../../../../test/programs.js";
import type { Durability } from "../../src/core/server-contract.js";
import { temporaryFolder } from "./level-folder.js";

const WRITER = new URL("./log-writer.ts", import.meta.url);

interface Life {
  readonly epoch: number;
  readonly goesOn: boolean;
  readonly firstRetained: number;
  readonly head: number;
  readonly lastClientSeq: number;
  readonly damaged: boolean;
  /** The last number that it said was stored before it was killed. */
  readonly stored: number;
}

/** Runs a writer until it has said so many times that something is stored, and kills it. */
async function life(folder: string, durability: Durability, writes: number, mutant?: string): Promise<Life> {
  let left = writes;
  let stored = 0;
  await using writer = startBundled(WRITER, [folder, durability, ...(mutant === undefined ? [] : [mutant])], {
    onLine: (line) => {
      if (!line.startsWith("stored ")) return;
      stored = Number(line.slice(7));
      if (--left === 0) writer.kill("SIGKILL");
    },
  });
  const words = (await writer.line(/^recovered /)).input.split(" ").slice(1);
  const { signal, stderr } = await writer.exited;
  expect([signal, stderr]).toEqual(["SIGKILL", ""]);
  const [epoch, firstRetained, head, lastClientSeq] = [words[0], words[2], words[3], words[4]].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  return {
    epoch,
    goesOn: words[1] === "true",
    firstRetained,
    head,
    lastClientSeq,
    damaged: words[5] === "true",
    stored,
  };
}

/** Several lives of one log; checks what each finds of the one before. */
async function checkLives(
  folder: string,
  durability: Durability,
  lives: readonly number[],
  mutant?: string,
): Promise<void> {
  let before = await life(folder, durability, lives[0] as number, mutant);
  expect(before).toMatchObject({ goesOn: false, head: 0, lastClientSeq: 0 });
  for (const writes of lives.slice(1)) {
    const now = await life(folder, durability, writes, mutant);
    expect(now.damaged).toBe(false);
    expect(now.lastClientSeq).toBe(Math.max(0, now.head - 1));
    expect(now.head - now.firstRetained).toBeLessThan(110);
    if (durability === "memory") {
      expect(now.goesOn).toBe(false);
      expect(now.epoch).not.toBe(before.epoch);
    } else {
      // What was stored when it was killed, and perhaps a write of which it could not say so any more.
      expect(now.head, `${before.stored} was said to be stored`).toBeGreaterThanOrEqual(before.stored);
      expect(now).toMatchObject({ goesOn: true, epoch: before.epoch });
    }
    before = now;
  }
}

describe.concurrent("a durable log whose process is killed", () => {
  // A life takes a second or two; long runs have more of them.
  const more = Number(process.env["LAB_RUNS"] ?? 100) > 100 ? 10 : 0;
  const livesOf = (count: number): number[] => {
    return Array.from({ length: count + more }, () => 1 + Math.floor(Math.random() * 300));
  };

  for (const [durability, lives] of [
    ["written", livesOf(2)],
    ["fsync", livesOf(2)],
  ] as const) {
    it(`B25: ${durability}: all that was stored is there, with its sessions, and the epoch goes on (${lives})`, async ({
      onTestFinished,
    }) => {
      await checkLives(temporaryFolder(onTestFinished), durability, lives);
    });
  }

  const lives = livesOf(2);
  it(`B25: memory: a prefix of it is there, and a new epoch begins (${lives})`, async ({ onTestFinished }) => {
    await checkLives(temporaryFolder(onTestFinished), "memory", lives);
  });

  it('B12: mutant "commit before stored" is caught by the test of written', async ({ onTestFinished, expect }) => {
    const folder = temporaryFolder(onTestFinished);
    await expect(checkLives(folder, "written", [50, 1], "commit before stored")).rejects.toThrow(
      /was said to be stored/,
    );
  });
});
