/** Reports that somebody recorded and sends again (docs/election.md, E7). */
import { expect, it } from "vitest";
import type { BodyOf, ElectionOutput } from "../src/core/index.js";
import { bodiesOf, Solo } from "./solo.js";

const OLD = "00000000000000b1";
const NEW = "00000000000000b2";
/** The connections of b, of b after its restart, and of whoever replays. */
const [B, AGAIN, REPLAYER] = [5, 6, 666];

/** A leader of available mode. */
function leading(): Solo {
  const solo = new Solo({ mode: "available", seeds: ["a"] });
  solo.advance(5_000);
  expect(solo.isLeader).toBe(true);
  return solo;
}

function report(name: string, stamp?: BodyOf<"ack">["stamp"]): BodyOf<"report"> {
  return {
    type: "report",
    address: name,
    hostName: name,
    ui: "",
    echo: stamp === undefined ? undefined : { epoch: 1, stamp },
    load: {
      cpuPercent: 0,
      usedRamBytes: 0,
      totalRamBytes: 0,
      freeBandwidthBytes: 0,
      freeDiskBytes: 0,
      measuredAtMs: 0,
    },
  };
}

const stampIn = (outputs: readonly ElectionOutput[]): BodyOf<"ack">["stamp"] | undefined =>
  bodiesOf(outputs, "ack")[0]?.stamp;

/** b reports, and once more with the echo: that is what is recorded. */
function known(solo: Solo): BodyOf<"report"> {
  const first = stampIn(solo.hear({ sender: "b", incarnation: OLD }, report("b"), B));
  solo.advance(1_500);
  const recorded = report("b", first);
  expect(stampIn(solo.hear({ sender: "b", incarnation: OLD }, recorded, B))).toBeDefined();
  return recorded;
}

it("E7: a replayed Report keeps no dead host alive, and no restarted one out", () => {
  const solo = leading();
  const recorded = known(solo);
  const replay = (): ElectionOutput[] => solo.hear({ sender: "b", incarnation: OLD }, recorded, REPLAYER);
  const rankOfB = (): number | undefined => solo.view.hosts.find(({ id }) => id === "b")?.rank;
  let c = stampIn(solo.hear({ sender: "c" }, report("c")));
  const pass = (ms: number): void => {
    for (let left = ms; left > 0; left -= 500) {
      solo.advance(500);
      c = stampIn(solo.hear({ sender: "c" }, report("c", c)));
      replay();
    }
  };
  pass(2_500);
  expect(rankOfB()).toBeDefined();
  pass(1_000);
  expect(rankOfB(), "only the replays were heard").toBeUndefined();
  const first = solo.hear({ sender: "b", incarnation: NEW }, report("b"), AGAIN);
  expect(bodiesOf(first, "ack")).toHaveLength(1);
  replay();
  solo.advance(1_500);
  const second = solo.hear({ sender: "b", incarnation: NEW }, report("b", stampIn(first)), AGAIN);
  expect(bodiesOf(second, "ack")).toHaveLength(1);
  const refused = replay();
  expect(bodiesOf(refused, "ack")).toEqual([]);
  expect(bodiesOf(refused, "redirect")).toMatchObject([{ leaderId: "" }]);
  expect(rankOfB()).toBeDefined();
});

it("E7: what a leader has to say to a host does not go to who replays its Report", () => {
  const solo = leading();
  const recorded = known(solo);
  solo.advance(500);
  solo.hear({ sender: "b", incarnation: OLD }, { ...recorded, address: "elsewhere" }, REPLAYER);
  expect(solo.view.hosts.find(({ id }) => id === "b")?.address).toBe("b");
  const outputs = solo.feed({ type: "resign", to: "b" });
  expect(bodiesOf(outputs, "prepare")).toHaveLength(1);
  expect(outputs.flatMap((output) => (output.type === "send" ? [output.to] : []))).toEqual([{ link: B }]);
});

it("E7: a host that connects anew goes on where it can show the last Ack", () => {
  const solo = leading();
  const recorded = known(solo);
  solo.advance(1_500);
  const last = stampIn(solo.hear({ sender: "b", incarnation: OLD }, recorded, AGAIN));
  solo.advance(1_000);
  solo.hear({ sender: "b", incarnation: OLD }, report("b", last), AGAIN);
  expect(solo.feed({ type: "resign", to: "b" })).toMatchObject([{ type: "send", to: { link: AGAIN } }]);
});
