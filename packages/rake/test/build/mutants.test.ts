/** Each row changes one rule of the client's machine; the scenario beside it, a short form of a test of this folder, must notice. */
import { describe, expect, it, vi } from "vitest";
import type { Fault } from "../../src/core/attempt-facts.js";
import { Offer } from "../../src/core/bidding.js";
import { Host } from "../../src/core/host.js";
import { HostLink } from "../../src/core/host-link.js";
import { LearnedTable } from "../../src/core/learned.js";
import { LocalRuns } from "../../src/core/local-runs.js";
import { OutputPlaces } from "../../src/core/output-places.js";
import { OutputsIn } from "../../src/core/outputs-in.js";
import { RemoteAttempt } from "../../src/core/remote-attempt.js";
import { Settlement } from "../../src/core/settlement.js";
import { SharedUploads } from "../../src/core/uploads-up.js";
import { FakeWorld, type WorldOptions } from "./fake-world.js";
import { fault } from "./invariants.js";
import { LIES, telling } from "./lies.js";
import { planOf } from "./plan-of.js";

type Sets = Parameters<typeof planOf>[0];

function build(sets: Sets, hosts: number, options: WorldOptions = {}, untilMs = 200_000): FakeWorld {
  const plan = planOf(sets, hosts);
  const world = new FakeWorld(plan, options).run(untilMs);
  expect(fault(world, plan)).toBeUndefined();
  return world;
}

const liar = (lie: string, times = 1) => ({ twist: telling(LIES[lie] as (typeof LIES)[string], 0, times) });
const files = { x: "1", big: "x".repeat(300_000) };
const WAIT = ["local:work=20"];

interface Mutant {
  readonly name: string;
  readonly rule: string;
  readonly change: () => void;
  /** Throws where the rule is not kept. */
  readonly notice: () => void;
}

const nothing = () => {};

const MUTANTS: readonly Mutant[] = [
  {
    name: "a vanished server counts as a success",
    rule: "B, R32",
    change: () =>
      vi.spyOn(Settlement.prototype, "lost").mockImplementation(function (this: Settlement, attempt: RemoteAttempt) {
        this.ready(attempt);
      }),
    notice: () => build([["work=5 out=a"]], 1, { servers: [liar("dies at STARTED")] }),
  },
  {
    name: "digests of outputs are not compared",
    rule: "D, R35",
    change: () => vi.spyOn(OutputsIn.prototype, "areChecked", "get").mockReturnValue(true),
    notice: () => build([["work=5 out=a"]], 1, { servers: [liar("other bytes")] }),
  },
  {
    name: "the counts of DONE are not compared",
    rule: "R24",
    change: () => vi.spyOn(OutputsIn.prototype, "done").mockImplementation(nothing),
    notice: () => {
      const world = build([["work=5 out=a"]], 1, { servers: [liar("no output")] });
      expect(world.files.has("a")).toBe(true);
    },
  },
  {
    name: "losers are not released",
    rule: "R20, R28",
    change: () => vi.spyOn(Offer.prototype, "reject").mockImplementation(nothing),
    notice: () => {
      const world = build([WAIT, ["work=300"], WAIT], 2);
      expect(world.servers[1]?.used).toBe(0);
    },
  },
  {
    name: "biddings go around what another one holds",
    rule: "R51",
    change: () => vi.spyOn(Host.prototype, "isShadowed", "get").mockReturnValue(false),
    notice: () => {
      // The first action has its input at the second host; the other one is cheaper at the first host, if it is asked.
      const servers = [{}, { slots: 2, chargeMs: 20, resources: ["disk"] }];
      const needs = (command: string, ...requires: string[]) => ({ command, requires });
      const sets = [[{ ...needs("work=5", "big"), on: ["disk"] }], [needs("work=6", "big"), needs("work=7", "x")]];
      const world = build(sets, 2, { files, servers, options: { policy: "finish" } });
      expect(world.ofType("placed").map(({ where }) => where)).toEqual([{ host: 1 }, { host: 1 }, { host: 0 }]);
    },
  },
  {
    name: "every attempt brings what it misses",
    rule: "R34",
    change: () => vi.spyOn(SharedUploads.prototype, "claim").mockReturnValue(true),
    notice: () => {
      const set = ["work=1", "work=2"].map((command) => ({ command, requires: ["big"] }));
      expect(build([WAIT, set], 1, { files, servers: [{ slots: 2 }] }).servers[0]?.received).toHaveLength(1);
    },
  },
  {
    name: "no credit is given",
    rule: "R18",
    change: () => vi.spyOn(OutputsIn.prototype, "took").mockReturnValue(0),
    notice: () => expect(build([["work=5 out=a size=700000"]], 1).ofType("attemptLost")).toEqual([]),
  },
  {
    name: "outputs may collide",
    rule: "R35",
    change: () => vi.spyOn(OutputPlaces.prototype, "claim").mockReturnValue(undefined),
    notice: () => expect(build([["work=5 out=a", "work=50 out=a"]], 1).result).toMatchObject({ code: "OUTPUT" }),
  },
  {
    name: "no back-off",
    rule: "R32",
    change: () => vi.spyOn(Host.prototype, "backOff").mockReturnValue(0),
    notice: () => {
      const world = build([["work=5"]], 1, { servers: [liar("FAILED")] });
      const [first, second] = world.ofType("placed");
      expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(500);
    },
  },
  {
    name: "attempts are not counted",
    rule: "R32",
    change: () => {
      const { lost } = Settlement.prototype;
      vi.spyOn(Settlement.prototype, "lost").mockImplementation(function (
        this: Settlement,
        attempt,
        why,
        _fault: Fault,
      ) {
        lost.call(this, attempt, why, "nobody");
      });
    },
    notice: () => build([["work=5"]], 1, { servers: [liar("FAILED", 9)] }, 100_000),
  },
  {
    name: "silence is not noticed",
    rule: "R27",
    change: () => {
      vi.spyOn(HostLink.prototype, "tick").mockReturnValue(undefined);
      vi.spyOn(HostLink.prototype, "nextDeadline").mockReturnValue(1e9);
    },
    notice: () => {
      const world = new FakeWorld(planOf([["work=50000"]], 1), { options: { localFallback: true } });
      world.after(100, () => Object.assign(world.servers[0] as object, { isFrozen: true }));
      world.run(10_000);
      expect(world.ofType("hostLost")).not.toEqual([]);
    },
  },
  {
    name: "a run has no bound but its host's word",
    rule: "R52",
    change: () => {
      vi.spyOn(RemoteAttempt.prototype, "overdue").mockReturnValue(undefined);
      vi.spyOn(RemoteAttempt.prototype, "nextDeadline").mockReturnValue(1e9);
    },
    notice: () => {
      const sets = [["work=900000"]];
      const world = new FakeWorld(planOf(sets), { servers: [{ maxActionMs: 1_000 }] }).run(20_000);
      expect(world.ofType("hostLost")).not.toEqual([]);
    },
  },
  {
    name: "what cannot be renamed counts as done",
    rule: "R35",
    change: () =>
      vi.spyOn(Settlement.prototype, "commitFailed").mockImplementation(function (this: Settlement, attempt: number) {
        this.committed(attempt);
      }),
    notice: () => {
      const world = build([["work=5 out=a"]], 1, { commitFails: () => true });
      expect(world.result?.outcome).toBe("failed");
    },
  },
  {
    name: "Ctrl-C leaves local actions alone",
    rule: "R38",
    change: () => vi.spyOn(LocalRuns.prototype, "cancel").mockImplementation(nothing),
    notice: () => {
      const world = new FakeWorld(planOf([["local:work=50000"]]));
      world.after(10, () => world.tell({ type: "cancel" }));
      world.run();
      expect(world.asked("killLocal").map(({ hard }) => hard)).toEqual([false]);
    },
  },
  {
    name: "nothing is learned",
    rule: "R30",
    change: () => vi.spyOn(LearnedTable.prototype, "ran").mockImplementation(nothing),
    notice: () => expect(build([["cc work=30"]], 1).machine.learned.workMs).toEqual({ "cc work=#": 30 }),
  },
  {
    name: "every attempt is shown",
    rule: "R36",
    change: () => {
      const { started } = Settlement.prototype;
      vi.spyOn(Settlement.prototype, "started").mockImplementation(function (this: Settlement, attempt: RemoteAttempt) {
        started.call(this, attempt);
        attempt.isShown = true;
      });
    },
    notice: () => {
      const learned = { workMs: { "cc work=# out=a print=hi": 10 }, hosts: {} };
      const plan = [["cc work=400 out=a print=hi"], WAIT];
      const other = build(plan, 2, { learned, servers: [{ speed: 0.01 }, { chargeMs: 999_999 }] });
      expect(other.asked("showKept")).toHaveLength(1);
    },
  },
];

describe("mutants of the client's machine", () => {
  it.each(MUTANTS.map((mutant) => [mutant.rule, mutant.name, mutant] as const))("%s: %s", (_rule, _name, mutant) => {
    mutant.notice();
    vi.restoreAllMocks();
    mutant.change();
    let noticed: unknown;
    try {
      mutant.notice();
    } catch (error) {
      noticed = error;
    } finally {
      vi.restoreAllMocks();
    }
    expect(noticed).toBeInstanceOf(Error);
  });
});
