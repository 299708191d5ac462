/** Sets, failures, the end of a build, and Ctrl-C. */
import { describe, expect, it } from "vitest";
import { BuildMachine, type Plan } from "../../src/core/index.js";
import { plainPlatform } from "../server/fake-platform.js";
import { FakeWorld } from "./fake-world.js";
import { fault } from "./invariants.js";
import { planOf } from "./plan-of.js";

const starts = (world: FakeWorld) => world.ofType("started").map(({ action, at }) => [action, at]);

describe("R2: where an action runs", () => {
  it("a remote one at a host, a local one here", () => {
    const world = new FakeWorld(planOf([["work=1 out=a", "local:work=1 out=b"]])).run();
    expect(world.asked("runLocal").map(({ command }) => command)).toEqual(["work=1 out=b"]);
    expect(world.servers[0]?.ran).toEqual(["work=1 out=a"]);
    expect([...world.files.keys()].sort()).toEqual(["a", "b"]);
  });

  it("a build of local actions connects to nobody", () => {
    const world = new FakeWorld(planOf([["local:work=1"]], 2)).run();
    expect(world.asked("connect")).toEqual([]);
    expect(world.result).toEqual({ outcome: "succeeded", code: "", message: "", succeeded: 1, failed: 0, notRun: 0 });
  });

  it("a file that a local action requires must be there", () => {
    const world = new FakeWorld(planOf([[{ command: "local:work=1", requires: ["none"] }]])).run();
    expect(world.asked("runLocal")).toEqual([]);
    expect(world.result).toMatchObject({ outcome: "failed", code: "INPUT", message: "line 1: none: no such file" });
  });

  it("at most `localSlots` at a time, each killed at its timeout", () => {
    const actions = [{ command: "local:work=50", timeoutMs: 20 }, "local:work=50", "local:work=50"];
    const world = new FakeWorld(planOf([actions]), { options: { localSlots: 2 } }).run();
    expect(starts(world)).toEqual([
      [0, 0],
      [1, 0],
      [2, expect.any(Number)],
    ]);
    expect(world.asked("killLocal")).toEqual([{ type: "killLocal", attempt: expect.any(Number), hard: true }]);
    expect(world.result).toMatchObject({ succeeded: 2, failed: 1, message: "line 1: timed out on this machine" });
  });
});

describe("R3: sets", () => {
  it("all actions of a set at once, the next set when all have succeeded", () => {
    const plan = planOf([["work=100", "local:work=30"], [], ["work=10"]], 2);
    const world = new FakeWorld(plan).run();
    expect(world.ofType("setEnded").map(({ set, succeeded }) => [set, succeeded])).toEqual([
      [0, true],
      [1, true],
      [2, true],
    ]);
    expect(fault(world, plan)).toBeUndefined();
    const [first, second, third] = ["0", "1", "2"].map((index) => starts(world).find(([one]) => String(one) === index));
    expect([first?.[1], second?.[1]].every((at) => (at ?? 0) < 30)).toBe(true);
    expect(third?.[1]).toBeGreaterThan(100);
  });

  it.each([0, 3, 10_000])("%s empty sets succeed", (count) => {
    const world = new FakeWorld(planOf(Array.from({ length: count }, () => []))).run();
    expect(world.result).toMatchObject({ outcome: "succeeded" });
  });

  it("a file that an earlier set makes is there for the next, as it is by then", () => {
    const sets = [["work=1 out=a"], [{ command: "work=2 out=b", requires: ["a"] }]];
    expect(new FakeWorld(planOf(sets)).run().result).toMatchObject({ outcome: "succeeded" });
  });
});

describe("R37: failures", () => {
  it.each(["exit=3", "end=SIGNALLED", "end=TIMED_OUT", "end=LIMITED"])(
    "%s fails the action; the others end, no set follows",
    (how) => {
      const plan = planOf([[`work=5 print=oh ${how}`, "work=50 out=b", "local:work=80 out=c"], ["work=1"]], 2);
      const world = new FakeWorld(plan).run();
      expect(world.result).toMatchObject({
        outcome: "failed",
        code: "ACTION_FAILED",
        succeeded: 2,
        failed: 1,
        notRun: 1,
      });
      expect(world.shown).toBe("oh");
      expect(world.ofType("actionFailed")[0]?.message).toContain("at host0:6238");
      expect(fault(world, plan)).toBeUndefined();
    },
  );

  it("with failFast the others are cancelled, local ones too", () => {
    const plan = planOf([["work=5 exit=1", "work=5000", "local:work=5000"]], 2);
    const world = new FakeWorld(plan, { options: { failFast: true, speculate: false } }).run();
    expect(world.result).toMatchObject({ outcome: "failed", failed: 1, notRun: 2 });
    expect(world.now).toBeLessThan(100);
    expect(world.servers[1]?.heard.some(({ type }) => type === "CANCEL")).toBe(true);
    expect(world.asked("killLocal")).toEqual([{ type: "killLocal", attempt: expect.any(Number), hard: false }]);
  });
});

describe("R38: Ctrl-C", () => {
  it("cancels remote attempts, kills local ones softly, then hard, and waits at most cancelMs", () => {
    const plan = planOf([["work=90000", "local:work=90000"]]);
    const world = new FakeWorld(plan, { drops: ({ type }) => type === "killLocal" });
    world.after(100, () => world.tell({ type: "cancel" }));
    world.run();
    expect(world.asked("killLocal").map(({ hard }) => hard)).toEqual([false, true, true]);
    expect(world.now).toBe(3_100);
    expect(world.servers[0]?.used).toBe(0);
    expect(world.result).toMatchObject({ outcome: "cancelled", code: "CANCELLED", notRun: 2 });
    expect(fault(world, plan)).toBeUndefined();
  });

  it("a second one waits for nothing", () => {
    const world = new FakeWorld(planOf([["local:work=90000"]]), { drops: ({ type }) => type === "killLocal" });
    world.after(100, () => world.tell({ type: "cancel" }));
    world.after(110, () => world.tell({ type: "cancel" }));
    world.run();
    expect(world.now).toBe(110);
    expect(world.asked("killLocal").at(-1)?.hard).toBe(true);
  });
});

describe("R54: what the build asks of its own machine has a bound", () => {
  it.each([
    ["hash", "INPUT"],
    ["readInput", "NO_HOST"],
    ["endOutput", "NO_HOST"],
    ["commit", "OUTPUT"],
  ])("a %s that is never answered: %s", (type, code) => {
    const plan = planOf([[{ command: "work=5 out=a", requires: ["x"] }]]);
    const drops = (output: { type: string }) => output.type === type;
    const world = new FakeWorld(plan, { files: { x: "1" }, drops }).run();
    expect(world.result).toMatchObject({ outcome: "failed", code });
  });
});

describe("the machine's caller", () => {
  const plan = planOf([["work=1"]]);

  it("is told nothing before `begin` and after `finished`", () => {
    const machine = new BuildMachine(plan, {}, plainPlatform());
    expect(machine.handle(0, { type: "tick" })).toEqual([]);
    expect(machine.nextDeadline()).toBeUndefined();
    const world = new FakeWorld(plan).run();
    expect(world.machine.handle(world.now, { type: "cancel" })).toEqual([]);
    expect(world.machine.nextDeadline()).toBeUndefined();
  });

  it.each([
    ["maxQuoting", 0],
    ["speculateAfter", 0.5],
    ["policy", "best"],
    ["secret", new Uint8Array(3)],
    ["maxBackoffMs", 1],
  ])("a wrong %s is named", (name, value) => {
    expect(() => new BuildMachine(plan, { [name]: value }, plainPlatform())).toThrow(name);
  });

  it("a plan that no parser makes is refused", () => {
    const wrong: Plan = planOf([[{ command: "x", requires: ["../y"] }]]);
    expect(() => new BuildMachine(wrong, {}, plainPlatform())).toThrow('has the name ".."');
  });
});
