/** What goes through a server is not held by it. */
import { expect, it } from "vitest";
import { measureMemory } from "./memory-load.js";

const MIB = 48;
const BOUND_MIB = 36;
/** A small young generation, so that what is measured is what is held and not what is not collected yet. */
const nodeOptions = "--max-semi-space-size=2";

it("R47: a large input and output go through in pieces; a server that keeps what comes is found out", async () => {
  const ours = await measureMemory(MIB, { nodeOptions });
  expect(ours.isWhole).toBe(true);
  expect(ours.peakMib - ours.beforeMib).toBeLessThan(BOUND_MIB);
  const control = await measureMemory(MIB, { hoards: true, nodeOptions });
  expect(control.peakMib - control.beforeMib).toBeGreaterThan(MIB);
});
