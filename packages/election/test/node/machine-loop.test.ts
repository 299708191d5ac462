/** The loop that drives a machine: one thing after another, on time, and aware of clocks that disagree. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Election, ElectionInput, ElectionOutput } from "../../src/core/index.js";
import { readerOf } from "../../src/node/clocks.js";
import { MachineLoop } from "../../src/node/machine-loop.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] }));
afterEach(() => void vi.useRealTimers());

let mono = 0;
let wall = 0;
const clocks = { mono: () => 5_000 + mono, wall: () => wall };

/** Lets both clocks and the timers go on. */
function pass(ms: number): void {
  for (let step = 0; step < ms; step++) {
    mono++;
    wall++;
    vi.advanceTimersByTime(1);
  }
}

function setUp(answer: (input: ElectionInput) => ElectionOutput[] = () => []) {
  mono = 0;
  wall = 1e12;
  const seen: string[] = [];
  const state: { deadline: number | undefined } = { deadline: undefined };
  const machine = {
    handle: (now: { mono: number }, input: ElectionInput) => {
      seen.push(`${now.mono} ${input.type}`);
      return answer(input);
    },
    nextDeadline: () => state.deadline,
  } as unknown as Election;
  const loop = new MachineLoop(machine, readerOf(clocks), 100, (output) => {
    seen.push(`perform ${output.type}`);
    if (output.type === "renew") loop.feed({ type: "resign" });
  });
  return { loop, seen, state };
}

it("wakes the machine at its deadline, also where that moved away or came nearer", () => {
  const { loop, seen, state } = setUp();
  state.deadline = 50;
  loop.feed({ type: "start" });
  state.deadline = 80;
  loop.feed({ type: "resign" });
  pass(79);
  expect(seen).toEqual(["0 start", "0 resign"]);
  state.deadline = undefined;
  pass(10);
  state.deadline = 200;
  loop.feed({ type: "resign" });
  state.deadline = 95;
  loop.feed({ type: "resign" });
  state.deadline = 95;
  pass(6);
  expect(seen.at(-1)).toBe("95 tick");
  loop.stop();
  pass(1_000);
  expect(seen.at(-1)).toBe("95 tick");
});

it("hands in what a listener asks for once everything before it is done", () => {
  const outputs: ElectionOutput[] = [
    { type: "renew", address: "a" },
    { type: "leader", leader: undefined },
  ];
  const { loop, seen } = setUp((input) => (input.type === "start" ? outputs : []));
  loop.feed({ type: "start" });
  expect(seen).toEqual(["0 start", "perform renew", "perform leader", "0 resign"]);
  loop.stop();
});

it.each([
  ["the machine slept", () => (wall += 60_000)],
  ["the wall clock was set back", () => (wall -= 60_000)],
])("E13: says within its interval that %s", (_, change) => {
  const { loop, seen } = setUp();
  pass(150);
  expect(seen).toEqual([]);
  change();
  pass(50);
  expect(seen).toEqual(["200 clockJump"]);
  pass(500);
  expect(seen).toHaveLength(1);
  loop.stop();
});
