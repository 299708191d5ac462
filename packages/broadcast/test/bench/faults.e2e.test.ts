/** A short form of each row of the bench of faults, from the sources; times and memory are judged by the bench itself. */
import { expect, it } from "vitest";
import { startBundled } from "../../../../test/programs.js";
import { type Fault, faultRound } from "../../bench/faults/fault-round.js";
import type { StartProgram } from "../../bench/faults/library.js";
import { stoppedReader } from "../../bench/faults/stopped-reader/run.js";

const startProgram: StartProgram = (program, args) => startBundled(program, args);

// Each has a server, a load that is far below what a core does, and faults that wait: none needs a machine of its own.
it.concurrent.each<Fault>(["subscriber cut", "publisher cut", "server killed"])(
  "%s again and again: nothing lost, nothing twice, all in order, every publish acknowledged",
  async (fault) => {
    const load = { from: "sources", perSecond: 1_000, forMs: 1_000, everyMs: 250, seed: 5, startProgram } as const;
    const result = await faultRound(fault, load);
    expect(result).toMatchObject({
      published: 1_000,
      lost: 0,
      duplicated: 0,
      outOfOrder: 0,
      unacknowledged: 0,
      unknown: 0,
    });
    expect(result.faults).toBeGreaterThanOrEqual(1);
    expect(result.silenceMs).toBeGreaterThan(0);
    expect(result.restartMs > 0).toBe(fault === "server killed");
  },
  30_000,
);

it("a reader that stops: the others hear all in order, and it is given or told everything", async () => {
  const schedule = { perSecond: 8_000, beforeMs: 200, stoppedMs: 1_500, afterMs: 200 };
  const historyBytes = 2 ** 20;
  const { readers, got, told, all, heldBytes } = await stoppedReader("sources", schedule, historyBytes, startProgram);
  expect(readers.faults).toBe(0);
  expect(got + told).toBe(all);
  expect(told).toBeGreaterThan(0);
  // All that the history held when it came back, but for less than one entry.
  expect(heldBytes).toBeGreaterThan(historyBytes - 2_048);
}, 30_000);
