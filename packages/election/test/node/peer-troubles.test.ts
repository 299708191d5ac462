/** What people are told of other nodes, and how often. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { resolveOptions } from "../../src/core/options.js";
import { LeaderlessWatch } from "../../src/node/leaderless-watch.js";
import { silentLogger } from "../../src/node/logger.js";
import { PeerTroubles } from "../../src/node/peer-troubles.js";
import { nodePlatform } from "../../src/node/platform.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance", "setInterval", "clearInterval"] }));
afterEach(() => void vi.useRealTimers());

function listener(): {
  readonly warnings: string[];
  readonly logger: typeof silentLogger;
} {
  const warnings: string[] = [];
  return { warnings, logger: { ...silentLogger, warn: (_, text) => void warnings.push(text) } };
}

it("an address is complained of once for each cause, until it answers", () => {
  const { warnings, logger } = listener();
  const troubles = new PeerTroubles(logger);
  for (let attempt = 0; attempt < 3; attempt++) {
    troubles.failed("h:1", "refused");
    troubles.failed("h:1", "silent");
    troubles.failed("h:2", "closed");
  }
  const told = [
    "nobody listens at h:1",
    "h:1 takes connections and does not answer",
    "h:2 closes connections without an answer: has it another cluster, secret, mode, members or lease?",
  ];
  expect(warnings).toEqual(told);
  expect([troubles.stateOf("h:1"), troubles.stateOf("h:3")]).toEqual(["does not answer", undefined]);
  troubles.answered("h:1");
  expect(troubles.stateOf("h:1")).toBeUndefined();
  troubles.failed("h:1", "unreachable", "no route");
  troubles.failed("h:1", "nonsense", "another cluster");
  expect(warnings.slice(3)).toEqual(["h:1 cannot be reached: no route", "h:1 is refused: another cluster"]);
});

it("one connection that ended without an answer may be of a node that stops", () => {
  const { warnings, logger } = listener();
  const troubles = new PeerTroubles(logger);
  troubles.failed("h:1", "closed");
  troubles.answered("h:1");
  troubles.failed("h:1", "closed");
  expect(warnings).toEqual([]);
});

it("however many addresses and peers there are, the warnings are few", () => {
  const { warnings, logger } = listener();
  const troubles = new PeerTroubles(logger);
  for (let index = 0; index < 1_000; index++) troubles.failed(`h:${index}`, "refused");
  expect(warnings.length).toBe(30);
  for (let index = 0; index < 1_000; index++) {
    troubles.refusedPeer(`h:${index}`, `a frame of ${index} bytes`);
    troubles.refusedPeer(`h:${index}`, "another cluster");
  }
  vi.advanceTimersByTime(1_000);
  troubles.refusedPeer("h:7", "a frame of 5 bytes"); // told less than a minute ago
  troubles.refusedPeer("h:7", "no tag");
  vi.advanceTimersByTime(60_000);
  troubles.refusedPeer("h:8", "no tag");
  expect(warnings.slice(30)).toEqual([0, 7, 8].map((index) => `a peer at h:${index} was refused`));
});

it("E31: a node that leads since nobody answered says so", () => {
  const { warnings, logger } = listener();
  const troubles = new PeerTroubles(logger);
  troubles.leadsAlone([]);
  troubles.leadsAlone(["h:1", "h:2"]);
  troubles.answered("h:2");
  troubles.leadsAlone(["h:1", "h:2"]);
  expect(warnings).toEqual(["leads alone: nobody answered at h:1, h:2"]);
});

it("without a leader for longer than a lease, members that do not answer are named, ever more seldom", () => {
  const { warnings, logger } = listener();
  const members = ["a", "b", "c"].map((id) => ({ id, address: `${id}:1` }));
  const options = resolveOptions({ mode: "quorum", id: "a", address: "a:1", members, platform: nodePlatform });
  let isCalm = true;
  const up = new Set<string>();
  const watch = new LeaderlessWatch(options, logger, {
    isCalm: () => isCalm,
    troubleAt: (address) => (up.has(address) ? undefined : "nobody listens"),
  });
  vi.advanceTimersByTime(60_000);
  expect(warnings).toEqual([]);
  isCalm = false;
  vi.advanceTimersByTime(11_000);
  up.add("b:1");
  vi.advanceTimersByTime(7_000);
  isCalm = true;
  vi.advanceTimersByTime(6_000);
  isCalm = false;
  vi.advanceTimersByTime(6_000);
  watch.stop();
  vi.advanceTimersByTime(60_000);
  expect(warnings).toEqual([
    "no leader for 6 s: of 3 members 1 up (a), 2 are needed; b at b:1: nobody listens; c at c:1: nobody listens",
    "no leader for 12 s: of 3 members 2 up (a, b), 2 are enough; c at c:1: nobody listens",
    "no leader for 6 s: of 3 members 2 up (a, b), 2 are enough; c at c:1: nobody listens",
  ]);
});
