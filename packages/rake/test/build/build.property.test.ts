/** Builds among hosts that die, freeze, refuse and lie: what must hold holds, and it ends. */
import fc from "fast-check";
import { describe, it } from "vitest";
import { type BuildMachineOptions, type Plan, POLICIES, type PolicyName } from "../../src/core/index.js";
import { doingOf } from "./fake-server.js";
import { FakeWorld } from "./fake-world.js";
import { fault } from "./invariants.js";
import { LIES, telling } from "./lies.js";
import { type ActionText, planOf } from "./plan-of.js";

const RUNS = Number(process.env["LAB_RUNS"] ?? 25);

interface HostScript {
  readonly speed: number;
  readonly slots: number;
  readonly lie: string | undefined;
  readonly from: number;
  readonly times: number;
  readonly diesAt: number | undefined;
  readonly freezesAt: number | undefined;
  readonly isDown: boolean;
}

const host: fc.Arbitrary<HostScript> = fc.record({
  speed: fc.constantFrom(0.5, 1, 4),
  slots: fc.integer({ min: 1, max: 3 }),
  lie: fc.option(fc.constantFrom(...Object.keys(LIES)), { nil: undefined }),
  from: fc.nat({ max: 12 }),
  times: fc.constantFrom(1, 2, 1_000),
  diesAt: fc.option(fc.nat({ max: 400 }), { nil: undefined }),
  freezesAt: fc.option(fc.nat({ max: 400 }), { nil: undefined }),
  isDown: fc.boolean(),
});
const honest: HostScript = {
  ...{ speed: 1, slots: 1, lie: undefined, from: 0, times: 0 },
  ...{ diesAt: undefined, freezesAt: undefined, isDown: false },
};

const action = fc.record({
  work: fc.integer({ min: 1, max: 400 }),
  outs: fc.nat({ max: 2 }),
  size: fc.constantFrom(0, 10, 100_000, 400_000),
  print: fc.constantFrom("", "hello"),
  exit: fc.constantFrom(0, 0, 0, 0, 0, 0, 1),
  end: fc.constantFrom("EXITED", "EXITED", "EXITED", "EXITED", "SIGNALLED", "FAILED"),
  isLocal: fc.constantFrom(false, false, false, true),
  input: fc.constantFrom("small", "big", "empty"),
});
const sets = fc.array(fc.array(action, { maxLength: 4 }), { minLength: 1, maxLength: 3 });

const FILES = { small: "int a;", big: "x".repeat(300_000), empty: "" };

function planFrom(
  drawn: readonly (readonly (typeof action extends fc.Arbitrary<infer One> ? One : never)[])[],
  hosts: number,
): Plan {
  let count = 0;
  const texts = drawn.map((actions) =>
    actions.map(({ work, outs, size, print, exit, end, isLocal, input }): ActionText => {
      const paths = Array.from({ length: outs }, () => `out/${count++}`);
      const words = [
        `work=${work}`,
        `out=${paths.join(",")}`,
        `size=${size}`,
        `print=${print}`,
        `exit=${exit}`,
        `end=${end}`,
      ];
      return { command: `${isLocal ? "local:" : ""}${words.join(" ")}`, requires: [input], produces: paths };
    }),
  );
  return planOf(texts, hosts);
}

function worldOf(plan: Plan, hosts: readonly HostScript[], options: BuildMachineOptions, seed: number): FakeWorld {
  const servers = hosts.map(({ speed, slots, lie, from, times }) => {
    return lie === undefined
      ? { speed, slots }
      : { speed, slots, twist: telling(LIES[lie] as (typeof LIES)[string], from, times) };
  });
  const world = new FakeWorld(plan, { seed, servers, options, files: FILES });
  for (const [index, { diesAt, freezesAt, isDown }] of hosts.entries()) {
    const server = world.servers[index];
    if (isDown) world.down.add(index);
    if (diesAt !== undefined) world.after(diesAt, () => server?.die());
    if (freezesAt !== undefined && server !== undefined) world.after(freezesAt, () => (server.isFrozen = true));
  }
  return world;
}

const options = fc.record({
  maxBusyMs: fc.constant(20_000),
  localFallback: fc.boolean(),
  failFast: fc.boolean(),
  speculate: fc.boolean(),
  speculateMs: fc.constantFrom(0, 100),
  policy: fc.constantFrom(...(Object.keys(POLICIES) as PolicyName[])),
  maxAttempts: fc.integer({ min: 1, max: 4 }),
  maxQuoting: fc.integer({ min: 1, max: 4 }),
  cache: fc.boolean(),
});

describe("R3, R31, R32, R35, R38: builds among all kinds of hosts", () => {
  it("no false success, each attempt settled once, sets in order, nothing left open", () => {
    fc.assert(
      fc.property(sets, fc.array(host, { maxLength: 3 }), options, fc.nat(), (drawn, hosts, chosen, seed) => {
        const plan = planFrom(drawn, hosts.length);
        const world = worldOf(plan, hosts, chosen, seed).run();
        const wrong = fault(world, plan, chosen.maxAttempts);
        if (wrong !== undefined) throw new Error(wrong);
      }),
      { numRuns: RUNS },
    );
  });

  it("with one honest host, a build succeeds exactly where each of its commands does", () => {
    fc.assert(
      fc.property(sets, fc.array(host, { maxLength: 2 }), options, fc.nat(), (drawn, liars, chosen, seed) => {
        const hosts = [...liars, honest];
        const plan = planFrom(drawn, hosts.length);
        const world = worldOf(plan, hosts, { ...chosen, maxAttempts: 100 }, seed).run();
        const wrong = fault(world, plan, 100);
        if (wrong !== undefined) throw new Error(wrong);
        const commands = plan.sets.flatMap(({ actions }) => actions.map(({ command }) => doingOf(command)));
        const isGood = commands.every(({ exit, end }) => exit === 0 && end === "EXITED");
        if (isGood !== (world.result?.outcome === "succeeded")) throw new Error(JSON.stringify(world.result));
      }),
      { numRuns: RUNS },
    );
  });

  it("R38: cancelled at any time, once or twice, it ends in time and leaves nothing", () => {
    fc.assert(
      fc.property(
        sets,
        fc.array(host, { maxLength: 3 }),
        fc.nat({ max: 600 }),
        fc.boolean(),
        (drawn, hosts, at, isTwice) => {
          const plan = planFrom(drawn, hosts.length);
          const world = worldOf(plan, hosts, {}, 1);
          let cancelledAt: number | undefined;
          const cancel = (): void => {
            if (world.result !== undefined) return;
            cancelledAt ??= world.now;
            world.tell({ type: "cancel" });
          };
          world.after(at, cancel);
          if (isTwice) world.after(at + 100, cancel);
          world.run();
          const wrong = fault(world, plan);
          if (wrong !== undefined) throw new Error(wrong);
          if (cancelledAt === undefined) return;
          if (world.result?.outcome !== "cancelled") throw new Error(`it ${world.result?.outcome}`);
          const limit = isTwice ? 100 : 3_000;
          if (world.now > cancelledAt + limit) throw new Error(`cancelled at ${cancelledAt}, over at ${world.now}`);
        },
      ),
      { numRuns: RUNS },
    );
  });
});
