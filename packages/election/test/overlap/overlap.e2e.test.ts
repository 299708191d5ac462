/** A small version of the overlap experiment; `pnpm --filter @lab/election overlap` is the whole. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, it, vi } from "vitest";
import { type ExperimentOptions, playRounds, report } from "./experiment.js";

const base = mkdtempSync(join(tmpdir(), "lab-overlap-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

vi.setConfig({ testTimeout: 180_000 }); // on a busy machine many processes take their time

/** About half of the preset `fast`. */
const times = { reportMs: 200, pulseMs: 400, leaseMs: 800, stepMs: 200, voteMs: 250, probeMs: 800, handOverMs: 800 };

async function experiment(
  options: Pick<ExperimentOptions, "mode" | "which" | "rounds" | "unfenced" | "answersByFlag">,
) {
  const folder = mkdtempSync(join(base, "run-"));
  return await report(await playRounds({ ...options, folder, times }));
}

describe.concurrent("two leaders at a time", () => {
  it("E47, E49: quorum, the leader is cut off: no overlap, no old token accepted", async ({ expect }) => {
    const { text, isClean } = await experiment({ mode: "quorum", which: "cut", rounds: 2 });
    expect(text).toMatch(/overlap of true samples +0\.0 ms/);
    expect(text).toMatch(/old tokens accepted +0$/m);
    expect(Number(/^tokens +(\d+)$/m.exec(text)?.[1])).toBeGreaterThanOrEqual(3);
    expect(isClean).toBe(true);
  });

  it("E47, E49: quorum, the leader is stopped beyond its lease and goes on: no overlap, no old token accepted", async ({
    expect,
  }) => {
    const { text, isClean } = await experiment({ mode: "quorum", which: "stop", rounds: 2 });
    const thaws = /first answers after a thaw +(\d+), 0 of them true/.exec(text)?.[1];
    expect(Number(thaws)).toBeGreaterThanOrEqual(2);
    expect(text).toMatch(/overlap of true samples +0\.0 ms/);
    expect(text).toMatch(/old tokens accepted +0$/m);
    expect(isClean).toBe(true);
  });

  it("E11: the report bites: a thawed leader that remembers that it led overlaps, and its writes are refused", async ({
    expect,
  }) => {
    const { text, isClean } = await experiment({ mode: "quorum", which: "stop", rounds: 2, answersByFlag: true });
    expect(Number(/true samples in another's interval +(\d+)/.exec(text)?.[1])).toBeGreaterThan(0);
    expect(isClean).toBe(false);
  });

  it("E49: the report bites: available overlaps, and the resource refuses old tokens", async ({ expect }) => {
    const { text, isClean } = await experiment({ mode: "available", which: "split", rounds: 1 });
    expect(Number(/overlap of true samples +(\S+) ms/.exec(text)?.[1])).toBeGreaterThan(100);
    expect(text).toMatch(/old tokens accepted +0$/m);
    expect(Number(/writes accepted, refused +\d+, (\d+)/.exec(text)?.[1])).toBeGreaterThan(0);
    expect(isClean).toBe(false);
  });

  it("E49: the report bites: a resource without a fence accepts old tokens", async ({ expect }) => {
    const { text } = await experiment({ mode: "available", which: "split", rounds: 1, unfenced: true });
    expect(Number(/old tokens accepted +(\d+)/.exec(text)?.[1])).toBeGreaterThan(0);
  });
});
