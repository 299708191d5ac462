import { describe, expect, it } from "vitest";
import {
  type ExploredWorld,
  type ExploreOptions,
  explore,
  type NodeProgram,
  renderExploration,
  renderSchedule,
  replaySchedule,
  type Scenario,
  SimnetError,
} from "../../src/core/index.js";
import { alternatingBit, type Receiver } from "./alternating-bit.js";
import { burst, burstLog } from "./burst.js";
import { counter, type Keeping } from "./counter.js";
import { Diary, Once, Ticker } from "./ticker.js";

const unhashed = (maxFaults: number): ExploreOptions => ({ maxFaults, hashing: false });

/** Ways to choose k of n. */
function choose(n: number, k: number): number {
  return k === 0 ? 1 : (choose(n, k - 1) * (n - k + 1)) / k;
}

/** Orders of n in which k are larger than all before them (Stirling numbers of the first kind). */
function stirling(n: number, k: number): number {
  if (n === 0 || k === 0) return n === k ? 1 : 0;
  return stirling(n - 1, k - 1) + (n - 1) * stirling(n - 1, k);
}

function sum(upTo: number, term: (index: number) => number): number {
  return Array.from({ length: upTo + 1 }, (_, index) => term(index)).reduce((a, b) => a + b, 0);
}

describe("the number of schedules", () => {
  const cases = [0, 1, 2, 3, 4, 5].flatMap((count) => [0, 1, 2, 3].map((faults) => ({ count, faults })));

  it.each(cases)("N30: $count packets, $faults drops at most: every choice of what is lost", ({ count, faults }) => {
    const report = explore(burst(count, { drop: true }), unhashed(faults));
    const expected = sum(faults, (lost) => (lost > count ? 0 : choose(count, lost)));
    expect([report.schedules, report.endStates.size, report.ended]).toEqual([expected, expected, "complete"]);
  });

  it.each(cases)("N32: $count packets, $faults duplicates at most: every multiset", ({ count, faults }) => {
    const report = explore(burst(count, { duplicate: true }), unhashed(faults));
    const expected = count === 0 ? 1 : choose(count + faults, faults);
    expect([report.schedules, report.endStates.size]).toEqual([expected, expected]);
  });

  it.each(cases)("N32: $count packets, $faults drops and duplicates: each is lost, or comes 1, 2, ... times", (one) => {
    // ways[f]: how f faults fall on the packets so far; on one packet in 1 way, for f = 1 in 2 (lost, doubled), else in 1.
    let ways = [1, 0, 0, 0];
    for (let packet = 0; packet < one.count; packet++) {
      ways = ways.map((_, faults) => sum(faults, (here) => (here === 1 ? 2 : 1) * (ways[faults - here] ?? 0)));
    }
    const report = explore(burst(one.count, { drop: true, duplicate: true }), unhashed(one.faults));
    expect([report.schedules, report.endStates.size]).toEqual(Array(2).fill(sum(one.faults, (f) => ways[f] ?? 0)));
  });

  it.each(cases)("N32: $count packets, $faults delays at most: every order with so few late", ({ count, faults }) => {
    const report = explore(burst(count, { delay: true }), unhashed(faults));
    const expected = sum(faults, (late) => (late > count ? 0 : stirling(count, count - late)));
    expect([report.schedules, report.endStates.size]).toEqual([expected, expected]);
    for (const order of report.endStates.keys()) {
      const late = [...order].filter((one, index) => [...order.slice(0, index)].some((other) => other > one));
      expect(late.length).toBeLessThanOrEqual(faults);
    }
  });
});

describe("the alternating-bit protocol", () => {
  it("N31: is right on a channel that keeps the order, with 4 faults", () => {
    const scenario = { ...alternatingBit(4, 2), faults: { delay: false } };
    const report = explore(scenario, { maxFaults: 4 });
    expect([report.ended, report.failures, [...report.endStates.keys()]]).toEqual(["complete", [], ["0,1,2,3"]]);
  });

  it("N31: is right with numbers that never repeat, with 3 faults", () => {
    const report = explore(alternatingBit(4, 256), { maxFaults: 3 });
    expect([report.ended, report.failures, [...report.endStates.keys()]]).toEqual(["complete", [], ["0,1,2,3"]]);
  });

  it("N36: fails where the order is lost, and this is its shortest failure", () => {
    const report = explore(alternatingBit(4, 2), { maxFaults: 3 });
    expect(report.ended).toBe("failed");
    expect(report.failures.map(renderSchedule)).toEqual([
      [
        "a message in a wrong place (1 fault, 7 steps)",
        "  1  sender is told: send",
        "! 2  packet 1 from sender to receiver (message 0, number 0) is held back",
        "  3  the timer of sender fires",
        "  4  packet 2 from sender to receiver (message 0, number 0) arrives",
        "  5  packet 3 from receiver to sender (ack 0) arrives",
        "  6  packet 4 from sender to receiver (message 1, number 1) arrives",
        "  7  packet 1 from sender to receiver (message 0, number 0) arrives, held back until now",
      ].join("\n"),
    ]);
  });

  it("N36: a failing schedule has a trace, and can be run again", () => {
    const scenario = alternatingBit(4, 2);
    const [failure] = explore(scenario).failures;
    const delivered: number[] = [];
    const again = replaySchedule(scenario, failure?.choices ?? [], (world) => {
      delivered.push(...(world.program<Receiver>("receiver")?.delivered ?? []));
    });
    expect(delivered).toEqual([0, 1, 0]);
    expect(again).toMatchObject({ failure: { kind: "check", message: failure?.message }, faults: 1, ended: false });
    expect([again.steps, again.trace]).toEqual([failure?.steps, failure?.trace]);
    const arrived = again.trace.filter((event) => event.type === "datagram-arrived");
    expect(arrived.map(({ at, id, sentAt, reordered }) => [at, id, sentAt, reordered])).toEqual([
      [101, 2, 100, false],
      [102, 3, 101, false],
      [103, 4, 102, false],
      [104, 1, 0, true],
    ]);
    expect(() => replaySchedule(burst(1, {}), failure?.choices ?? [])).toThrow(/choice 1 .* another/);
  });

  it("N36: after one failure others with another message are looked for, the shortest of each", () => {
    const delivered = (scenario: Scenario): Scenario => ({
      ...scenario,
      check: (world) => {
        const list = world.program<Receiver>("receiver")?.delivered ?? [];
        const wrong = list.findIndex((message, index) => message !== index);
        return wrong === -1 ? undefined : `${list[wrong]} in place of ${wrong}`;
      },
    });
    const report = explore(delivered(alternatingBit(4, 2)), { maxFaults: 1, maxFailures: 9 });
    expect(report.failures.map(({ message, steps }) => `${message}: ${steps.length}`).sort()).toEqual([
      "0 in place of 2: 7",
      "0 in place of 4: 11",
      "1 in place of 3: 9",
      "2 in place of 4: 11",
    ]);
    expect(report.ended).toBe("complete");
  });

  it.each([50, 100, 102])("N34: with a maxDelayMs of %d no packet is late enough to be mistaken", (maxDelayMs) => {
    const scenario = { ...alternatingBit(4, 2), maxDelayMs };
    expect(explore(scenario)).toMatchObject({ ended: "complete", failures: [] });
    expect(explore({ ...scenario, maxDelayMs: 104 }).failures).toHaveLength(1);
  });
});

it("N34: no timer fires so early that a packet in flight would be older than maxDelayMs", () => {
  const faults = { drop: false, duplicate: false, delay: false };
  const schedules = (maxDelayMs: number): number =>
    explore({ ...alternatingBit(1, 2), faults, maxDelayMs }, unhashed(1)).schedules;
  // The timer is due at 100; the message is sent at 0, its acknowledgement at 1.
  expect([99, 100, 101].map(schedules)).toEqual([1, 2, 3]);
});

it("N36: a failure that more faults-free steps lead to does not hide a shorter one", () => {
  const scenario: Scenario = {
    ...burst(5, { drop: true, duplicate: true }),
    check: (world) => {
      const arrived = burstLog(world);
      return arrived === "1234" || arrived === "00" ? "wrong" : undefined; // losing 0 is tried before doubling it
    },
  };
  for (const hashing of [true, false]) {
    expect(explore(scenario, { hashing }).failures[0]?.steps.map(({ isFault }) => isFault)).toEqual([true, false]);
  }
});

describe("crashes", () => {
  const rows: [Keeping, "kept" | "lost", number][] = [
    ["memory", "kept", 1],
    ["early", "kept", 1],
    ["safe", "kept", 0],
    ["safe", "lost", 1],
  ];
  it.each(rows)("N35: a count in %s, durable state %s: %d failures", (keeping, durable, failures) => {
    for (const restart of ["any time", "at once"] as const) {
      const report = explore(counter(keeping, { durable, restart }), { maxFaults: 2 });
      expect(report.failures.map(({ message, faults }) => [message, faults])).toEqual(
        Array(failures).fill(["an acknowledged order was forgotten", 1]),
      );
    }
  });

  it("N35: a node that is down loses what arrives, and comes back when nothing else is left", () => {
    const crashes = [{ node: "log", durable: "kept" }] as const;
    const downs = new Set<boolean>();
    const check: Scenario["check"] = (world) => void downs.add(world.program("log") === undefined);
    const report = explore({ ...burst(3, { crashes }), check }, unhashed(1));
    // It crashes after i of 3 arrivals, and comes back after j of them: j is from i to 3, and forgets the first j.
    expect(report.schedules).toBe(1 + 4 + 3 + 2 + 1);
    expect([...report.endStates].sort()).toEqual([
      ["", 4],
      ["012", 2],
      ["12", 2],
      ["2", 3],
    ]);
    expect(downs).toEqual(new Set([false, true]));
  });

  it("N35: without a restart it stays down; with one at once it is never seen down", () => {
    const ends = (restart: "never" | "at once"): string[] => {
      const crashes = [{ node: "log", durable: "kept", restart }] as const;
      return [...explore(burst(2, { crashes }), unhashed(1)).endStates.keys()].sort();
    };
    expect(ends("never")).toEqual(["01", "down"]);
    expect(ends("at once")).toEqual(["", "01", "1"]);
  });
});

describe("time", () => {
  const ticking = (counts: boolean, more: Partial<Scenario> = {}): Scenario => ({
    nodes: { ticker: () => new Ticker(10, counts) },
    ...more,
  });

  const twoTimers = (earlyTimer: boolean | string[]): Scenario => ({
    nodes: { slow: () => new Once(30), quick: () => new Once(20), same: () => new Once(30) },
    faults: { earlyTimer },
    endState: (world) => {
      const fired = ["slow", "quick", "same"].map((name) => `${name} ${world.program<Once>(name)?.firedAt}`);
      return fired.join(", ");
    },
  });

  it("N33: timers fire in the order of their deadlines; out of turn only as a fault, which moves the clock", () => {
    const [inTurn, ...none] = explore(twoTimers(true), { maxFaults: 0 }).endStates.keys();
    expect([inTurn, none]).toEqual(["slow 30, quick 20, same 30", []]);
    expect(explore(twoTimers(true), unhashed(1)).schedules).toBe(1 + 2 + 1);
    const ends = explore(twoTimers(["slow"]), unhashed(1)).endStates;
    expect([...ends]).toEqual([
      [inTurn, 1],
      ["slow 30, quick 30, same 30", 1],
    ]);
  });

  it("N31: a later completes at its time, before a packet or a timer that is due then, and after earlier ones", () => {
    const scenario: Scenario = {
      nodes: { diary: () => new Diary() },
      faults: { earlyTimer: false },
      deliveryMs: 2,
      endState: (world) => world.program<Diary>("diary")?.lines.join(", ") ?? "",
    };
    const [order] = explore(scenario, { maxFaults: 0 }).endStates.keys();
    expect(order).toBe("later 1, packet 1 at 3, later 4, packet 2 at 6, tick at 6, later 9, later 9, tick at 9");
  });

  it("N31: commands come first, in their order, each as soon as it may; they change the state even if nobody cares", () => {
    const commands = [
      { node: "log", command: "a", when: (world: ExploredWorld) => burstLog(world).length >= 2 },
      { node: "source", command: "b" },
      { node: "source", command: "never", when: () => false },
      { node: "source", command: "behind" },
    ];
    expect(explore({ ...burst(3, {}), commands })).toMatchObject({ ended: "complete", failures: [], maxDepth: 5 });
    const failing: Scenario = { ...burst(3, {}), commands, checkEnd: () => "end" };
    expect(explore(failing).failures[0]?.steps.map(({ text }) => text.replace(/packet (\d).*/, "$1"))).toEqual([
      "1",
      "2",
      "log is told: a",
      "source is told: b",
      "3",
    ]);
  });

  it("N37: a schedule that comes round to a state is stuck", () => {
    const [failure, ...others] = explore(ticking(false), { maxFaults: 0 }).failures;
    expect(others).toEqual([]);
    expect(failure).toMatchObject({ kind: "stuck", message: "the same state comes round again and again" });
    expect(failure?.steps.map(({ text }) => text)).toEqual(["the timer of ticker fires"]);
  });

  it("N37: so is one that has not ended after maxSteps", () => {
    for (const options of [{ maxSteps: 20 }, { maxSteps: 20, hashing: false }]) {
      const [failure] = explore(ticking(true), { maxFaults: 0, ...options }).failures;
      expect(failure).toMatchObject({ kind: "stuck", message: "not at its end after 20 steps" });
      expect(failure?.steps).toHaveLength(20);
    }
  });

  it("N37: waiting for a held packet or a restart while timers fire is not being stuck", () => {
    const crashes = [{ node: "server", durable: "kept" }] as const;
    const scenario = { ...counter("safe", { durable: "kept" }), faults: { crashes, drop: false } };
    expect(explore(scenario)).toMatchObject({ ended: "complete", failures: [] });
  });

  it("N34: with a horizon it ends there", () => {
    const scenario = ticking(true, { horizonMs: 55, endState: (world) => `${world.program<Ticker>("ticker")?.ticks}` });
    expect([...explore(scenario, { maxFaults: 0 }).endStates.keys()]).toEqual(["5"]);
  });
});

describe("limits and misuse", () => {
  it("N38: it says so when it was cut", () => {
    const report = explore(alternatingBit(4, 256), { maxFaults: 3, maxStates: 100 });
    expect([report.ended, report.states]).toEqual(["cut", 100]);
    expect(renderExploration(report)).toMatch(/^at most 3 faults: cut at 100 states, no failures\n/);
  });

  it("N37: a program that throws fails the schedule", () => {
    const scenario = burst(2, { duplicate: true });
    const log = scenario.nodes["log"] as NonNullable<(typeof scenario.nodes)[string]>;
    const fragile: Scenario["nodes"][string] = (environment) => {
      const program = log(environment);
      let seen = 0;
      const handle: NodeProgram["handle"] = (now, input) => {
        if (input.type === "datagram" && ++seen === 3) throw new Error("too many");
        return program.handle(now, input);
      };
      return { handle, nextDeadline: () => undefined, fingerprint: () => `${seen}` };
    };
    const report = explore({ nodes: { ...scenario.nodes, log: fragile }, faults: scenario.faults ?? {} });
    expect(report.failures[0]).toMatchObject({ kind: "threw", message: "log threw at its input datagram: too many" });
  });

  it("N39: streams are refused, and so is what has no fingerprint", () => {
    const only = (program: NodeProgram): Scenario => ({ nodes: { one: () => program } });
    const listens: NodeProgram = { handle: () => [{ type: "listen", port: 1 }], nextDeadline: () => undefined };
    expect(() => explore(only(listens))).toThrow(SimnetError);
    const store = { type: "store", key: "key", value: 1, token: 1 } as const;
    const stores: NodeProgram = { handle: () => [store], nextDeadline: () => undefined };
    expect(() => explore(only(stores))).toThrow(SimnetError);
    const plain: NodeProgram = { handle: () => [], nextDeadline: () => undefined };
    expect(explore(only(plain)).hashing).toBe(false);
    expect(() => explore(only(plain), { hashing: true })).toThrow(TypeError);
    const token: NodeProgram = {
      handle: () => [{ type: "later", afterMs: 1, token: new Date(0) }],
      nextDeadline: () => undefined,
      fingerprint: () => "",
    };
    expect(() => explore(only(token))).toThrow(/the token of a later of one holds a Date/);
  });

  it("N39: what a check throws comes through", () => {
    const check = (): never => {
      throw new Error("of the check");
    };
    expect(() => explore({ ...burst(1, {}), check })).toThrow("of the check");
  });

  const wrong: [ExploreOptions, RegExp][] = [
    [{ maxFaults: -1 }, /maxFaults must be an integer from 0 to 100, not -1/],
    [{ maxStates: 0 }, /maxStates/],
    [{ maxSteps: 1.5 }, /maxSteps/],
    [{ maxFailures: 0 }, /maxFailures/],
  ];
  it.each(wrong)("wrong options name what is accepted: %j", (options, message) => {
    expect(() => explore(burst(1, {}), options)).toThrow(message);
  });

  const scenarios: [Partial<Scenario>, RegExp][] = [
    [{ nodes: {} }, /at least one node/],
    [{ commands: [{ node: "x", command: 0 }] }, /commands: there is no node x, only log, source/],
    [{ faults: { crashes: [{ node: "x", durable: "kept" }] } }, /faults.crashes/],
    [{ faults: { earlyTimer: ["x"] } }, /faults.earlyTimer/],
    [{ deliveryMs: -1 }, /deliveryMs/],
    [{ maxDelayMs: 0 }, /maxDelayMs/],
    [{ horizonMs: Number.NaN }, /horizonMs/],
  ];
  it.each(scenarios)("wrong scenarios name what is wrong: %j", (part, message) => {
    expect(() => explore({ ...burst(1, {}), ...part })).toThrow(message);
  });
});
