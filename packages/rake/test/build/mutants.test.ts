/**
 * Each row changes one rule of the client's machine; the scenario beside it, a short form of a test of this folder, must
 * notice, and say so in the words of the row: that a world does not end, or runs out of time, counts for nothing.
 */
import { describe, expect, it, vi } from "vitest";
import type { Fault } from "../../src/core/attempt-facts.js";
import { Offer } from "../../src/core/bidding.js";
import { CancelledAttempt } from "../../src/core/cancelled-attempt.js";
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
  const wrong = fault(world, plan);
  expect(wrong, wrong).toBeUndefined();
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
  /** What the assertion that fails is called. */
  readonly says: string;
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
    says: "action 0 succeeded without exit code 0",
  },
  {
    name: "digests of outputs are not compared",
    rule: "D, R35",
    change: () => vi.spyOn(OutputsIn.prototype, "areChecked", "get").mockReturnValue(true),
    notice: () => build([["work=5 out=a"]], 1, { servers: [liar("other bytes")] }),
    says: "a is not as it should be",
  },
  {
    name: "the counts of DONE are not compared",
    rule: "R24",
    change: () => vi.spyOn(OutputsIn.prototype, "done").mockImplementation(nothing),
    notice: () => {
      const world = build([["work=5 out=a"]], 1, { servers: [liar("no output")] });
      expect(world.files.has("a"), "a success without its output").toBe(true);
    },
    says: "a success without its output",
  },
  {
    name: "losers are not released",
    rule: "R20, R28",
    change: () => vi.spyOn(Offer.prototype, "reject").mockImplementation(nothing),
    notice: () => {
      const world = build([WAIT, ["work=300"], WAIT], 2);
      expect(world.servers[1]?.used, "a loser holds a slot").toBe(0);
    },
    says: "a loser holds a slot",
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
      expect(
        world.ofType("placed").map(({ where }) => where),
        "placed elsewhere than the best bid",
      ).toEqual([{ host: 1 }, { host: 1 }, { host: 0 }]);
    },
    says: "placed elsewhere than the best bid",
  },
  {
    name: "every attempt brings what it misses",
    rule: "R34",
    change: () => vi.spyOn(SharedUploads.prototype, "claim").mockReturnValue(true),
    notice: () => {
      const set = ["work=1", "work=2"].map((command) => ({ command, requires: ["big"] }));
      const world = build([WAIT, set], 1, { files, servers: [{ slots: 2 }] });
      expect(world.servers[0]?.received, "an input is sent once").toHaveLength(1);
    },
    says: "an input is sent once",
  },
  {
    name: "no credit is given",
    rule: "R18",
    change: () => vi.spyOn(OutputsIn.prototype, "took").mockReturnValue(0),
    notice: () => {
      const world = new FakeWorld(planOf([["work=5 out=a size=700000"]], 1)).run(1_000);
      const written = world.asked("writeOutput").reduce((sum, { bytes }) => sum + bytes.length, 0);
      expect(written, "an output stands still at its first credit").toBe(700_000);
    },
    says: "an output stands still at its first credit: expected 262144",
  },
  {
    name: "outputs may collide",
    rule: "R35",
    change: () => vi.spyOn(OutputPlaces.prototype, "claim").mockReturnValue(undefined),
    notice: () => {
      const { result } = build([["work=5 out=a", "work=50 out=a"]], 1);
      expect(result?.code, "two actions made one output").toBe("OUTPUT");
    },
    says: "two actions made one output",
  },
  {
    name: "no back-off",
    rule: "R32",
    change: () => vi.spyOn(Host.prototype, "backOff").mockReturnValue(0),
    notice: () => {
      const world = build([["work=5"]], 1, { servers: [liar("FAILED")] });
      const [first, second] = world.ofType("placed");
      expect((second?.at ?? 0) - (first?.at ?? 0), "the host is asked again at once").toBeGreaterThanOrEqual(500);
    },
    says: "the host is asked again at once",
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
    says: "10 attempts of action 0",
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
      expect(world.ofType("hostLost").length, "a host that is silent is kept").toBeGreaterThan(0);
    },
    says: "a host that is silent is kept",
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
      expect(world.ofType("hostLost").length, "a host that runs on for ever is kept").toBeGreaterThan(0);
    },
    says: "a host that runs on for ever is kept",
  },
  {
    name: "what is slow to end costs its host the connection",
    rule: "R52",
    change: () => vi.spyOn(CancelledAttempt.prototype, "overdue").mockReturnValue("it did not end"),
    notice: () => {
      const learned = { workMs: { "cc work=# out=a": 10 }, hosts: {} };
      const world = build([["cc work=400 out=a"], WAIT], 2, {
        learned,
        servers: [{ speed: 0.01 }, { chargeMs: 999_999 }],
      });
      expect(world.ofType("won"), "another attempt is cancelled").toHaveLength(1);
      expect(world.ofType("hostLost"), "a host is lost for one slow end").toEqual([]);
    },
    says: "a host is lost for one slow end",
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
      expect(world.result?.outcome, "a success though an output is not in its place").toBe("failed");
    },
    says: "a success though an output is not in its place",
  },
  {
    name: "Ctrl-C leaves local actions alone",
    rule: "R38",
    change: () => vi.spyOn(LocalRuns.prototype, "cancel").mockImplementation(nothing),
    notice: () => {
      const world = new FakeWorld(planOf([["local:work=50000"]]));
      world.after(10, () => world.tell({ type: "cancel" }));
      world.run();
      expect(
        world.asked("killLocal").map(({ hard }) => hard),
        "a local action is asked to end",
      ).toEqual([false]);
    },
    says: "a local action is asked to end",
  },
  {
    name: "nothing is learned",
    rule: "R30",
    change: () => vi.spyOn(LearnedTable.prototype, "ran").mockImplementation(nothing),
    notice: () =>
      expect(build([["cc work=30"]], 1).machine.learned.workMs, "what a kind of command took").toEqual({
        "cc work=#": 30,
      }),
    says: "what a kind of command took",
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
      expect(other.asked("showKept"), "the winner was not kept until it won").toHaveLength(1);
    },
    says: "the winner was not kept until it won",
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
    expect(noticed).toMatchObject({ name: "AssertionError", message: expect.stringContaining(mutant.says) });
  });
});
