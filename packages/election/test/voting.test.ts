/** What a member promises, to whom, and when it says so: one machine of three members. */
import { describe, expect, it } from "vitest";
import type { BodyOf, ElectionOutput, Release } from "../src/core/index.js";
import { bodiesOf, messagesOf, OTHER, Solo, STAMP } from "./solo.js";

/** F L and what is beyond it, with the defaults. */
const PROMISE_MS = 1.1 * 6_000;

function voteReq(proposed: number, release?: Release): BodyOf<"voteReq"> {
  return { type: "voteReq", address: "x", proposed, stamp: STAMP, release };
}

function ask(solo: Solo, sender: string, proposed: number, release?: Release): boolean | undefined {
  return bodiesOf(solo.hear({ sender }, voteReq(proposed, release)), "vote")[0]?.granted;
}

function ack(solo: Solo, sender: string, epoch: number, mono: number, forWhom = solo.incarnation): ElectionOutput[] {
  const body = {
    type: "ack",
    for: forWhom,
    address: sender,
    stamp: { mono, wall: 0 },
    leaseMs: 6_000,
    fallbacks: [],
  } as const;
  return solo.hear({ sender, epoch }, body);
}

describe("E16: a vote is given iff", () => {
  it("the epoch is above the promised one", () => {
    const solo = new Solo();
    expect(ask(solo, "b", 0)).toBe(false);
    expect(ask(solo, "b", 3)).toBe(true);
    expect(ask(solo, "b", 3)).toBe(false);
    expect(ask(solo, "b", 2)).toBe(false);
    expect(ask(solo, "b", 4)).toBe(true);
  });

  it("the promise has expired", () => {
    const solo = new Solo();
    expect(ask(solo, "b", 1)).toBe(true);
    solo.advance(PROMISE_MS - 1);
    expect(ask(solo, "c", 2)).toBe(false);
    solo.advance(1);
    expect(ask(solo, "c", 3)).toBe(true);
  });

  it.each<[string, Release, boolean]>([
    ["names the holder and its epoch", { holder: "b", epoch: 1 }, true],
    ["names another epoch", { holder: "b", epoch: 2 }, false],
    ["names another holder", { holder: "c", epoch: 1 }, false],
  ])("or the release %s", (_name, release, granted) => {
    const solo = new Solo();
    expect(ask(solo, "b", 1)).toBe(true);
    expect(ask(solo, "c", 2, release)).toBe(granted);
  });

  it("an Ack is a promise too: from its receipt, for F L", () => {
    const solo = new Solo();
    ack(solo, "b", 1, 0);
    solo.advance(PROMISE_MS - 1);
    expect(ask(solo, "c", 2)).toBe(false);
    solo.advance(1);
    expect(ask(solo, "c", 2)).toBe(true);
  });

  it("the asker is a member, and the voter one", () => {
    expect(ask(new Solo(), "x", 1)).toBeUndefined();
    const host = new Solo({ id: "x", address: "x" });
    expect(ask(host, "b", 1)).toBeUndefined();
  });

  it("the voter does not lead", () => {
    const solo = leading();
    expect(solo.isLeader).toBe(true);
    expect(ask(solo, "b", 9)).toBe(false);
  });
});

/** A machine that leads in epoch 1, by its own vote and that of b. */
function leading(): Solo {
  const solo = new Solo();
  elect(solo);
  return solo;
}

/** Lets it take its turn, and gives it the pre-vote and the vote of b. */
function elect(solo: Solo): ElectionOutput[] {
  const { incarnation } = solo;
  const [preVote] = bodiesOf(solo.advance(4_500), "preVote");
  if (preVote === undefined) throw new Error("it does not stand");
  const { stamp } = preVote;
  const asked = solo.hear(
    { sender: "b" },
    { type: "preVoteReply", for: incarnation, stamp, granted: true, knows: true },
  );
  const [req] = bodiesOf(asked, "voteReq");
  if (req === undefined) throw new Error("it does not ask for votes");
  const { proposed } = req;
  return solo.hear({ sender: "b" }, { type: "vote", for: incarnation, proposed, stamp: req.stamp, granted: true });
}

describe("E17: what is promised is stored before anybody hears of it", () => {
  const typesOf = (outputs: readonly ElectionOutput[]): string[] =>
    outputs.map((output) => (output.type === "send" ? (messagesOf([output])[0]?.body.type as string) : output.type));

  it("a vote", () => {
    const solo = new Solo();
    const outputs = solo.hear({ sender: "b" }, voteReq(1)).filter(({ type }) => type !== "leader");
    expect(typesOf(outputs)).toEqual(["store", "vote"]);
    expect(outputs[0]).toMatchObject({ state: { epoch: 1, holder: "b" } });
  });

  it("a vote that could not be stored is not given", () => {
    const solo = new Solo();
    const store = solo
      .feed({ type: "message", link: 1, payload: sealed(voteReq(1)) })
      .find(({ type }) => type === "store");
    const id = (store as { id: number }).id;
    expect(bodiesOf(solo.feed({ type: "storeFailed", id, message: "full" }), "vote")).toEqual([]);
    expect(bodiesOf(solo.feed({ type: "stored", id }), "vote")).toEqual([]);
  });

  it("the candidate's own, and its s0 is the time at which it asks", () => {
    const solo = new Solo();
    const { incarnation } = solo;
    const [preVote] = bodiesOf(solo.advance(4_500), "preVote");
    const { stamp } = preVote as BodyOf<"preVote">;
    const reply = { type: "preVoteReply", for: incarnation, stamp, granted: true, knows: true } as const;
    const outputs = solo.feed({ type: "message", link: 1, payload: sealed(reply) });
    expect(typesOf(outputs)).toEqual(["store"]);
    solo.mono += 700;
    solo.wall += 700;
    const [req] = bodiesOf(solo.store(outputs), "voteReq");
    expect(req).toMatchObject({ proposed: 1, stamp: { mono: 5_200 } });
  });

  it("an epoch that an Ack told, before it is echoed", () => {
    const solo = new Solo();
    const body = {
      type: "ack",
      for: solo.incarnation,
      address: "b",
      stamp: { mono: 77, wall: 0 },
      leaseMs: 6_000,
      fallbacks: [],
    } as const;
    const outputs = solo.feed({ type: "message", link: 1, payload: sealed(body, "b", 4) });
    expect(outputs).toContainEqual(
      expect.objectContaining({ type: "store", state: { epoch: 4, holder: "b", id: "a" } }),
    );
    expect(bodiesOf(solo.advance(1_500), "report")).toMatchObject([{ echo: undefined }]);
    solo.store(outputs);
    expect(bodiesOf(solo.advance(1_500), "report")).toMatchObject([
      { echo: { epoch: 4, stamp: { mono: 77, wall: 0 } } },
    ]);
  });

  function sealed(
    body: BodyOf<"voteReq"> | BodyOf<"preVoteReply"> | BodyOf<"ack">,
    sender = "b",
    epoch = 0,
  ): Uint8Array {
    let payload = new Uint8Array();
    const spy = new Solo();
    spy.feed = (input) => {
      if (input.type === "message") payload = Uint8Array.from(input.payload);
      return [];
    };
    spy.hear({ sender, epoch, incarnation: OTHER }, body);
    return payload;
  }

  it("only the Vote that repeats epoch, stamp and incarnation, in time, counts", () => {
    const solo = new Solo();
    const { incarnation } = solo;
    const [preVote] = bodiesOf(solo.advance(4_500), "preVote");
    const { stamp } = preVote as BodyOf<"preVote">;
    const asked = solo.hear(
      { sender: "b" },
      { type: "preVoteReply", for: incarnation, stamp, granted: true, knows: true },
    );
    const req = bodiesOf(asked, "voteReq")[0] as BodyOf<"voteReq">;
    const vote = { type: "vote", for: incarnation, proposed: 1, stamp: req.stamp, granted: true } as const;
    solo.hear({ sender: "b" }, { ...vote, proposed: 2 });
    solo.hear({ sender: "b" }, { ...vote, stamp: { ...req.stamp, mono: req.stamp.mono - 1 } });
    solo.hear({ sender: "b" }, { ...vote, for: OTHER });
    solo.hear({ sender: "x" }, vote);
    solo.hear({ sender: "a" }, vote);
    expect(solo.isLeader).toBe(false);
    solo.advance(1_000);
    solo.hear({ sender: "b" }, vote);
    expect(solo.isLeader, "E23: it was given up").toBe(false);
  });
});

describe("E18: the promised epoch never falls", () => {
  it("an Ack of a lower epoch is not accepted", () => {
    const solo = new Solo();
    expect(ask(solo, "b", 5)).toBe(true);
    ack(solo, "c", 4, 0);
    expect(solo.view).toMatchObject({ role: "leaderless", epoch: 5 });
    ack(solo, "c", 5, 0);
    expect(solo.view).toMatchObject({ role: "follower", leader: { id: "c", epoch: 5 } });
  });

  it("neither is one for another incarnation, or one that was accepted before", () => {
    const solo = new Solo();
    ack(solo, "b", 1, 0, OTHER);
    expect(solo.view.role).toBe("leaderless");
    ack(solo, "b", 1, 10);
    solo.advance(5_000);
    ack(solo, "b", 1, 10);
    solo.advance(PROMISE_MS - 5_000);
    expect(solo.view.role, "the copy renewed nothing").not.toBe("follower");
  });

  it("a restart goes on from what was stored", () => {
    const solo = new Solo({}, { epoch: 7, holder: "b", id: "a" });
    solo.advance(PROMISE_MS);
    expect(ask(solo, "c", 7)).toBe(false);
    expect(ask(solo, "c", 8)).toBe(true);
  });
});

it("E19: after a restart a member is silent for F L", () => {
  const solo = new Solo({}, { epoch: 7, holder: "b", id: "a" });
  expect(solo.view.role).toBe("quarantine");
  expect(solo.advance(PROMISE_MS - 1)).toEqual([]);
  expect(solo.hear({ sender: "b" }, voteReq(9))).toEqual([]);
  expect(solo.hear({ sender: "b" }, { type: "hello", address: "b" })).toEqual([]);
  expect(bodiesOf(solo.advance(1), "hello")).toHaveLength(2);
  expect(ask(solo, "b", 9)).toBe(true);
});

it("E19: a first start, and a host that votes for nobody, need no quarantine", () => {
  expect(new Solo().view.role).toBe("leaderless");
  expect(new Solo({ id: "x", address: "x" }, { epoch: 7, holder: "b", id: "x" }).view.role).toBe("leaderless");
});

describe("E20: a member that lost its storage", () => {
  const rejoin = (): Solo => {
    const solo = new Solo({ rejoin: true });
    expect(solo.view.role).toBe("quarantine");
    solo.advance(PROMISE_MS);
    return solo;
  };

  it("votes for nobody before it knows its epoch", () => {
    const solo = rejoin();
    expect(ask(solo, "b", 5)).toBe(false);
    const [reply] = bodiesOf(
      solo.hear({ sender: "b" }, { type: "preVote", address: "b", stamp: STAMP }),
      "preVoteReply",
    );
    expect(reply).toMatchObject({ granted: false, knows: false });
  });

  it("learns it from an Ack", () => {
    const solo = rejoin();
    ack(solo, "c", 4, 0);
    solo.advance(PROMISE_MS);
    expect(ask(solo, "b", 4)).toBe(false);
    expect(ask(solo, "b", 5)).toBe(true);
  });

  it("or from n - m + 1 others that know theirs", () => {
    const solo = rejoin();
    const { incarnation } = solo;
    const [preVote] = bodiesOf(solo.advance(4_500), "preVote");
    const { stamp } = preVote as BodyOf<"preVote">;
    const reply = { type: "preVoteReply", for: incarnation, stamp, granted: true, knows: true } as const;
    expect(bodiesOf(solo.hear({ sender: "b", epoch: 4 }, reply), "voteReq")).toEqual([]);
    expect(ask(solo, "c", 9), "one is not enough").toBe(false);
    solo.hear({ sender: "c", epoch: 0 }, { ...reply, knows: false });
    expect(ask(solo, "c", 9), "c does not know").toBe(false);
    solo.hear({ sender: "c", epoch: 6 }, reply);
    expect(ask(solo, "c", 6)).toBe(false);
    expect(ask(solo, "c", 7)).toBe(true);
  });
});

describe("E21: pre-votes", () => {
  const preVote = { type: "preVote", address: "c", stamp: STAMP } as const;
  const granted = (solo: Solo, sender: string): boolean | undefined =>
    bodiesOf(solo.hear({ sender }, preVote), "preVoteReply")[0]?.granted;

  it("are granted by the promise alone, and promise nothing", () => {
    const solo = new Solo();
    expect(granted(solo, "b")).toBe(true);
    expect(granted(solo, "c")).toBe(true);
    expect(ask(solo, "b", 1)).toBe(true);
    expect(granted(solo, "c")).toBe(false);
    expect(granted(solo, "b")).toBe(true);
    expect(granted(leading(), "b")).toBe(false);
  });

  it("who gets none raises no epoch, however often it asks", () => {
    const solo = new Solo();
    solo.advance(120_000);
    expect(solo.view.epoch).toBe(0);
  });

  it("the epoch that is proposed is above all that were heard of", () => {
    const solo = new Solo();
    const { incarnation } = solo;
    const [asked] = bodiesOf(solo.advance(4_500), "preVote");
    const reply = {
      type: "preVoteReply",
      for: incarnation,
      stamp: (asked as BodyOf<"preVote">).stamp,
      knows: true,
    } as const;
    solo.hear({ sender: "c", epoch: 8 }, { ...reply, granted: false });
    const outputs = solo.hear({ sender: "b", epoch: 2 }, { ...reply, granted: true });
    expect(bodiesOf(outputs, "voteReq")[0]).toMatchObject({ proposed: 9 });
  });
});

describe("E22: a leader that hears a higher epoch", () => {
  it("leads on at a higher one, when a majority grants it", () => {
    const solo = leading();
    const { incarnation } = solo;
    const asked = solo.hear({ sender: "c", epoch: 4 }, { type: "hello", address: "c" });
    const [req] = bodiesOf(asked, "voteReq");
    expect(req).toMatchObject({ proposed: 5 });
    expect(solo.machine.token({ mono: solo.mono, wall: solo.wall })).toEqual({ epoch: 1, id: "a" });
    const { stamp } = req as BodyOf<"voteReq">;
    const outputs = solo.hear({ sender: "b" }, { type: "vote", for: incarnation, proposed: 5, stamp, granted: true });
    expect(outputs).toContainEqual({ type: "stepDown", token: { epoch: 1, id: "a" }, why: "renewed" });
    expect(outputs).toContainEqual({ type: "elected", token: { epoch: 5, id: "a" } });
    expect(solo.machine.token({ mono: solo.mono, wall: solo.wall })).toEqual({ epoch: 5, id: "a" });
  });

  it("from a host that is no member, it does nothing", () => {
    expect(bodiesOf(leading().hear({ sender: "x", epoch: 4 }, { type: "hello", address: "x" }), "voteReq")).toEqual([]);
  });
});

it("E23: a candidacy that is given up binds nobody, and the next one comes within V / 2", () => {
  const solo = new Solo();
  const { incarnation } = solo;
  const [preVote] = bodiesOf(solo.advance(4_500), "preVote");
  const { stamp } = preVote as BodyOf<"preVote">;
  solo.hear({ sender: "b" }, { type: "preVoteReply", for: incarnation, stamp, granted: true, knows: true });
  expect(solo.view.role).toBe("candidate");
  solo.advance(999);
  expect(ask(solo, "b", 2)).toBe(false);
  const later = solo.advance(501);
  expect(bodiesOf(later, "preVote").length).toBeGreaterThan(0);
  expect(ask(solo, "b", 2)).toBe(true);
});

it("E23: a candidacy that cannot win any more is given up at once", () => {
  const solo = new Solo();
  const { incarnation } = solo;
  const [preVote] = bodiesOf(solo.advance(4_500), "preVote");
  const { stamp } = preVote as BodyOf<"preVote">;
  const refusal = { type: "preVoteReply", for: incarnation, stamp, granted: false, knows: true } as const;
  solo.hear({ sender: "b" }, refusal);
  expect(solo.view.role).toBe("prevote");
  solo.hear({ sender: "c" }, refusal);
  expect(solo.view.role).toBe("leaderless");
});

it("E17, E18: a candidate that accepted a leader while its own vote was being stored asks for none", () => {
  const solo = new Solo();
  const { incarnation } = solo;
  const [preVote] = bodiesOf(solo.advance(4_500), "preVote");
  const { stamp } = preVote as BodyOf<"preVote">;
  const { store } = solo;
  solo.store = () => [];
  const asked = solo.hear(
    { sender: "b" },
    { type: "preVoteReply", for: incarnation, stamp, granted: true, knows: true },
  );
  const ackOfC = { type: "ack", for: incarnation, address: "c", stamp: STAMP, leaseMs: 6_000, fallbacks: [] } as const;
  solo.hear({ sender: "c", epoch: 2 }, ackOfC);
  solo.store = store;
  expect(solo.view.role).toBe("follower");
  expect(bodiesOf(solo.store(asked), "voteReq")).toEqual([]);
});

describe("E37: an Offer is taken", () => {
  const prepare = (solo: Solo): number => {
    const body = { type: "prepare", for: solo.incarnation, stamp: STAMP } as const;
    return bodiesOf(solo.hear({ sender: "b", epoch: 1 }, body), "ready").length;
  };
  const offer = (solo: Solo, sender = "b", epoch = 1): number =>
    bodiesOf(solo.hear({ sender, epoch }, { type: "offer", for: solo.incarnation }), "voteReq").length;
  const following = (): Solo => {
    const solo = new Solo();
    ack(solo, "b", 1, 10);
    return solo;
  };

  it("from the leader that is followed, after its Prepare, once", () => {
    const solo = following();
    expect(prepare(solo)).toBe(1);
    expect(offer(solo)).toBe(2);
    expect(offer(solo)).toBe(0);
  });

  it("available: and let go where the epoch is not stored within handOverMs, when the old leader stands again", () => {
    const solo = new Solo({ mode: "available" });
    const { incarnation } = solo.view;
    ack(solo, "b", 1, 10, incarnation);
    solo.hear({ sender: "b", epoch: 1 }, { type: "prepare", for: incarnation, stamp: STAMP });
    solo.store = () => []; // the disk stalls
    solo.hear({ sender: "b", epoch: 1 }, { type: "offer", for: incarnation });
    expect(solo.advance(2_999).filter(({ type }) => type === "elected")).toEqual([]);
    expect(solo.view.role).toBe("candidate");
    expect(bodiesOf(solo.advance(2), "hello").length).toBeGreaterThan(0);
    expect(solo.view.role).toBe("leaderless");
    const late = solo.feed({ type: "stored", id: 2 });
    expect(late.filter(({ type }) => type === "elected")).toEqual([]);
  });

  it("not without a Prepare", () => {
    expect(offer(following())).toBe(0);
  });

  it("not from another, nor of another epoch", () => {
    const solo = following();
    prepare(solo);
    expect(offer(solo, "c")).toBe(0);
    prepare(solo);
    expect(offer(solo, "b", 2)).toBe(0);
  });

  it("not later than L after the Prepare", () => {
    const solo = following();
    prepare(solo);
    solo.advance(6_001);
    ack(solo, "b", 1, 20);
    expect(solo.view.role).toBe("follower");
    expect(offer(solo)).toBe(0);
  });
});

describe("the lease of a leader", () => {
  const report = (mono: number | undefined, epoch = 1): BodyOf<"report"> => ({
    type: "report",
    address: "b",
    hostName: "b",
    ui: "",
    echo: mono === undefined ? undefined : { epoch, stamp: { mono, wall: 1_700_000_000_000 + mono } },
    load: {
      cpuPercent: 0,
      usedRamBytes: 0,
      totalRamBytes: 0,
      freeBandwidthBytes: 0,
      freeDiskBytes: 0,
      measuredAtMs: 0,
    },
  });

  it("E9: is counted from the stamp that comes back, not from its receipt", () => {
    const solo = leading(); // b is counted from 4,500 on
    solo.advance(3_000);
    const [ack] = bodiesOf(solo.hear({ sender: "b", epoch: 1 }, report(undefined)), "ack");
    expect(ack).toMatchObject({ stamp: { mono: 7_500 }, leaseMs: 6_000 });
    solo.advance(2_500);
    solo.hear({ sender: "b", epoch: 1 }, report(7_500));
    solo.advance(13_499 - 10_000);
    expect(solo.isLeader).toBe(true);
    solo.advance(1);
    expect(solo.isLeader).toBe(false);
  });

  it.each([
    ["of another epoch", "b", report(7_000, 2)],
    ["of the time to come", "b", report(9_000)],
    ["of a host that is no member", "x", report(7_000)],
  ])("E9, E15: an echo %s does not count", (_name, sender, body) => {
    const solo = leading();
    solo.advance(3_000);
    solo.hear({ sender, epoch: 1 }, body);
    solo.advance(3_000);
    expect(solo.isLeader).toBe(false);
  });

  it("E11: isLeader is computed when it is asked, without any input in between", () => {
    const solo = leading();
    solo.mono += 5_999;
    solo.wall += 5_999;
    expect(solo.isLeader).toBe(true);
    expect(solo.machine.token({ mono: solo.mono, wall: solo.wall })).toEqual({ epoch: 1, id: "a" });
    solo.mono += 1;
    expect(solo.isLeader).toBe(false);
    expect(solo.machine.token({ mono: solo.mono, wall: solo.wall })).toBeUndefined();
  });

  it("E16: while its lease runs it votes for nobody, also when its promise to itself is long over", () => {
    const solo = leading();
    for (let times = 0; times < 10; times++) {
      solo.advance(1_500);
      const [ack] = bodiesOf(solo.hear({ sender: "b", epoch: 1 }, report(solo.mono - 10)), "ack");
      expect(ack).toBeDefined();
    }
    expect(ask(solo, "c", 9)).toBe(false);
    expect(solo.isLeader).toBe(true);
  });

  it("E22, E37: after a renewal that failed the Offer names the epoch that is released, which the others follow", () => {
    const solo = leading();
    solo.hear({ sender: "c", epoch: 50 }, { type: "preVote", address: "c", stamp: STAMP });
    solo.advance(1_000);
    expect(solo.isLeader, "and nobody voted for its renewal").toBe(true);
    solo.hear({ sender: "b", epoch: 1 }, report(undefined));
    const [prepare] = bodiesOf(solo.feed({ type: "resign" }), "prepare");
    const { stamp } = prepare as BodyOf<"prepare">;
    const ready = { type: "ready", for: solo.view.incarnation, stamp } as const;
    const offer = messagesOf(solo.hear({ sender: "b", epoch: 1 }, ready)).find(({ body }) => body.type === "offer");
    expect(offer?.header.epoch).toBe(1);
  });

  it("E12: what is lost stays lost, whatever comes later", () => {
    const solo = leading();
    solo.mono += 6_000;
    solo.wall += 6_000;
    expect(solo.isLeader).toBe(false);
    const outputs = solo.hear({ sender: "b", epoch: 1 }, report(solo.mono - 100));
    expect(outputs[0]).toEqual({ type: "stepDown", token: { epoch: 1, id: "a" }, why: "lease" });
    expect(bodiesOf(outputs, "ack")).toEqual([]);
    expect(solo.isLeader).toBe(false);
  });

  it("E13: a monotonic clock that stood still while the machine slept ends no lease too late", () => {
    const solo = leading();
    solo.wall += 6_000;
    expect(solo.isLeader).toBe(false);
    solo.wall -= 6_000;
    expect(solo.isLeader, "E12: setting the clock back does not bring it back").toBe(false);
    expect(solo.feed({ type: "clockJump" })[0]).toMatchObject({ type: "stepDown", why: "lease" });
  });

  it("E13: a wall clock that is set back costs the lease: the machine might have slept since", () => {
    const solo = leading();
    solo.wall -= 20;
    expect(solo.isLeader).toBe(false);
    const once = leading();
    once.wall -= 20;
    expect(once.feed({ type: "clockJump" })[0]).toMatchObject({ type: "stepDown", why: "lease" });
  });

  it("E13: what rounding and rates make of it costs nothing", () => {
    const solo = leading();
    for (let left = 50; left > 0; left--) {
      solo.mono += 100;
      solo.wall += left % 2 === 0 ? 91 : 99;
      expect(solo.isLeader).toBe(true);
    }
  });

  it("E13: small steps back of the wall clock add up: a sleep behind them would be hidden", () => {
    const solo = leading();
    for (let left = 2; left > 0; left--) {
      expect(solo.isLeader).toBe(true);
      solo.mono += 2;
      solo.wall += 2 - 9;
    }
    expect(solo.isLeader).toBe(false);
  });

  it("E13: a wall clock that is slewed within clockError costs nothing, for hours", () => {
    const solo = leading();
    for (let second = 0; second < 4 * 3_600; second++) {
      solo.mono += 1_000;
      solo.wall += 1_000 - 40 - (second % 2);
      solo.hear({ sender: "b", epoch: 1 }, report(solo.mono));
      if (!solo.isLeader) throw new Error(`lost after ${second} s`);
    }
    expect(solo.isLeader).toBe(true);
  });

  it("E13: votes that were asked for before the wall clock was set back do not count", () => {
    const solo = new Solo();
    const { incarnation } = solo;
    const [preVote] = bodiesOf(solo.advance(4_500), "preVote");
    const { stamp } = preVote as BodyOf<"preVote">;
    const reply = { type: "preVoteReply", for: incarnation, stamp, granted: true, knows: true } as const;
    const req = bodiesOf(solo.hear({ sender: "b" }, reply), "voteReq")[0] as BodyOf<"voteReq">;
    solo.wall -= 3_600_000;
    solo.hear({ sender: "b" }, { type: "vote", for: incarnation, proposed: 1, stamp: req.stamp, granted: true });
    expect(solo.isLeader).toBe(false);
  });

  it("E13: promises and the quarantine are by the monotonic clock alone", () => {
    const solo = new Solo();
    expect(ask(solo, "b", 1)).toBe(true);
    solo.wall += 1e9;
    expect(ask(solo, "c", 2)).toBe(false);
    const restarted = new Solo({}, { epoch: 1, holder: "b", id: "a" });
    restarted.wall += 1e9;
    expect(restarted.feed({ type: "tick" })).toEqual([]);
    expect(restarted.view.role).toBe("quarantine");
  });

  it("E45: stop ends it, and everything else", () => {
    const solo = leading();
    expect(solo.feed({ type: "stop" })).toContainEqual({
      type: "stepDown",
      token: { epoch: 1, id: "a" },
      why: "stopped",
    });
    expect(solo.isLeader).toBe(false);
    expect(solo.machine.nextDeadline()).toBeUndefined();
    expect(solo.hear({ sender: "b", epoch: 1 }, report(solo.mono))).toEqual([]);
    expect(solo.feed({ type: "start" })).toEqual([]);
  });
});

it("E32: in quorum mode a refused connection changes nothing", () => {
  const solo = new Solo();
  ack(solo, "b", 1, 0);
  for (let times = 0; times < 10; times++) solo.feed({ type: "peerRefused", address: "b" });
  expect(solo.view.role).toBe("follower");
});

it("E46: stores under way are bounded; a vote beyond is refused", () => {
  const solo = new Solo();
  const answers: boolean[] = [];
  let stores = 0;
  for (let proposed = 1; proposed <= 40; proposed++) {
    const hear = solo.store;
    solo.store = () => [];
    const outputs = solo.hear({ sender: "b" }, voteReq(proposed));
    solo.store = hear;
    stores += outputs.filter(({ type }) => type === "store").length;
    answers.push(...bodiesOf(outputs, "vote").map(({ granted }) => granted));
  }
  expect(stores).toBe(1); // E17: the others wait behind it, as one
  expect(answers).toEqual(Array.from({ length: 24 }, () => false));
});

it("E17: while a store is under way the newest state alone waits, and is stored once for all", () => {
  const solo = new Solo();
  solo.store = () => [];
  const first = solo.hear({ sender: "b" }, voteReq(3));
  solo.advance(PROMISE_MS);
  const second = solo.hear({ sender: "c" }, voteReq(5));
  solo.advance(PROMISE_MS);
  const third = solo.hear({ sender: "b" }, voteReq(8));
  expect([first, second, third].map((outputs) => outputs.filter(({ type }) => type === "store").length)).toEqual([
    1, 0, 0,
  ]);
  const next = solo.feed({ type: "stored", id: 1 });
  expect(next.flatMap((output) => (output.type === "store" ? [[output.id, output.state.epoch]] : []))).toEqual([
    [2, 8],
  ]);
  expect(bodiesOf(next, "vote")).toEqual([]); // those promises have expired, and others were made
  const answers = bodiesOf(solo.feed({ type: "stored", id: 2 }), "vote");
  expect(answers.map(({ proposed, granted }) => [proposed, granted])).toEqual([[8, true]]);
});
