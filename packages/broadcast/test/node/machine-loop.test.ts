/** The loop that drives a machine: one thing after another, and on time (docs/machine.md). */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { MachineLoop } from "../../src/node/machine-loop.js";

type Input = { readonly type: "ask"; readonly what: string };
type Output = { readonly type: "say"; readonly what: string };

let now = 0;
beforeEach(() => {
  now = 1_000;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function pass(ms: number): void {
  for (let step = 0; step < ms; step++) {
    now++;
    vi.advanceTimersByTime(1);
  }
}

function setUp(answers: Readonly<Record<string, readonly string[]>> = {}) {
  const seen: string[] = [];
  const state: { deadline: number | undefined } = { deadline: undefined };
  const machine = {
    handle: (at: number, input: Input | { readonly type: "tick" }): Output[] => {
      const what = input.type === "tick" ? "tick" : input.what;
      seen.push(`${at} ${what}`);
      return (answers[what] ?? []).map((say) => ({ type: "say", what: say }));
    },
    nextDeadline: () => state.deadline,
  };
  const loop = new MachineLoop<Input, Output>(
    machine,
    ({ what }) => {
      seen.push(`says ${what}`);
      if (what.startsWith("asks ")) loop.feed({ type: "ask", what: what.slice(5) });
    },
    () => seen.push("settled"),
  );
  return { loop, seen, state };
}

it("performs all outputs of a turn before what they caused is handed in, and says when all is done", () => {
  const { loop, seen } = setUp({ a: ["asks b", "1"], b: ["2"] });
  loop.feed({ type: "ask", what: "a" });
  expect(seen).toEqual(["1000 a", "says asks b", "says 1", "1000 b", "says 2", "settled"]);
});

it("wakes the machine at its deadline, not before, and asks again for the next", () => {
  const { loop, seen, state } = setUp();
  state.deadline = 1_050;
  loop.feed({ type: "ask", what: "a" });
  pass(49);
  expect(seen).toEqual(["1000 a", "settled"]);
  pass(1);
  expect(seen.slice(2)).toEqual(["1050 tick", "settled"]);
});

it("wakes the machine earlier where its deadline came nearer, and not twice where it moved away", () => {
  const { loop, seen, state } = setUp();
  state.deadline = 1_100;
  loop.feed({ type: "ask", what: "a" });
  state.deadline = 1_020;
  loop.feed({ type: "ask", what: "b" });
  state.deadline = 1_060;
  loop.feed({ type: "ask", what: "c" });
  pass(59);
  expect(seen.filter((line) => line.endsWith("tick"))).toEqual([]);
  pass(1);
  state.deadline = undefined;
  pass(100);
  expect(seen.filter((line) => line.endsWith("tick"))).toEqual(["1060 tick"]);
});

it("hands in nothing after it was stopped, not even what waits", () => {
  const { loop, seen, state } = setUp({ a: ["asks b"] });
  state.deadline = 1_010;
  loop.feed({ type: "ask", what: "x" });
  loop.stop();
  loop.feed({ type: "ask", what: "a" });
  pass(50);
  expect(seen).toEqual(["1000 x", "settled"]);
});
