/** The two machines of wire v2 against each other: what each half was tested with a fake of, with the other half itself. */
import { describe, expect, it } from "vitest";
import { type Platform, ServerMachine, type ServerMachineOptions } from "../../src/core/index.js";
import { contentOf, digestOf } from "../build/fake-server.js";
import { LATE, needs, SOON, WAIT } from "../build/running.js";
import { NO_BYTES } from "../server/fake-run.js";
import { Pair } from "./pair.js";

const SECRET = new Uint8Array(16).fill(1);
const OTHER_SECRET = new Uint8Array(16).fill(2);
const MANY = 3_000_000;
const LARGE = "x".repeat(MANY);

/** It takes any mac for the right one. */
class Credulous extends ServerMachine {
  constructor(options: ServerMachineOptions, platform: Platform) {
    super(options, { ...platform, equal: () => true });
  }
}

describe("R16: a secret", () => {
  it("that both have: they build", () => {
    const { world } = new Pair([["work=5 out=a"]], {
      options: { secret: SECRET },
      servers: [{ secret: SECRET }],
    }).run();
    expect(world.result).toMatchObject({ outcome: "succeeded" });
    expect(world.ofType("hostLost")).toEqual([]);
  });

  it.each([
    ["a wrong mac of the client", OTHER_SECRET, { secret: SECRET }, "it said UNAUTHORIZED: the secrets differ"],
    ["a wrong mac of the server", OTHER_SECRET, { secret: SECRET, Machine: Credulous }, "its secret is another one"],
    ["a server that asks for none", SECRET, {}, "it asks for no secret, and there is one"],
    ["a client that has none", undefined, { secret: SECRET }, "it asks for a secret, and there is none"],
  ])("%s: nothing is built there, and it is not tried again", (_, secret, server, why) => {
    const pair = new Pair([["work=5 out=a"]], { options: { secret }, servers: [server] }).run();
    expect(pair.world.ofType("hostLost")).toMatchObject([{ why }]);
    expect(pair.world.ofType("hostUp")).toEqual([]);
    expect(pair.world.asked("connect")).toHaveLength(1);
    expect(pair.world.result).toMatchObject({ outcome: "failed", code: "NO_HOST" });
    expect(pair.server().rig.runs.size).toBe(0);
  });
});

describe("R18, R27: much of it", () => {
  const files = { big: LARGE };
  const set = [{ ...needs(`work=5 out=a size=${MANY}`, "big"), produces: ["a"] }];

  it.each([
    ["links that take anything", {}, {}],
    ["a client that is full", { bytesPerMs: 500 }, {}],
    ["a server that is full", {}, { bytesPerMs: 500 }],
    ["both full", { bytesPerMs: 700 }, { bytesPerMs: 500 }],
  ])("3 MB go there and 3 MB come back through credit: %s", (_, client, server) => {
    const pair = new Pair([set], { ...client, files, servers: [server] }).run();
    const { world } = pair;
    expect(world.result).toMatchObject({ outcome: "succeeded" });
    expect(digestOf(world.files.get("a") ?? NO_BYTES)).toBe(digestOf(contentOf(set[0]?.command ?? "", "a")));
    expect(world.ofType("sent")).toMatchObject([{ bytes: MANY }]);
    expect(world.ofType("hostLost")).toEqual([]);
    expect(world.fulls > 0).toBe("bytesPerMs" in client);
    expect(pair.server().fulls > 0).toBe("bytesPerMs" in server);
  });

  it("R23: a flood on stdout is shown whole, and an action beside it is done long before", () => {
    const pair = new Pair([[`work=1 flood=${MANY}`, "work=2 print=done"]], {
      servers: [{ slots: 2, bytesPerMs: 500 }],
    });
    const { world } = pair.run();
    expect(world.shown.replace("done", "")).toBe("a".repeat(MANY));
    const ends = new Map(world.ofType("actionSucceeded").map(({ action, at }) => [action, at]));
    expect(ends.get(0)).toBeGreaterThan(MANY / 500);
    expect(ends.get(1)).toBeLessThan(2_000);
  });

  it("R23: beyond maxStreamBytes of the server the action is LIMITED, and its client keeps the connection", () => {
    const servers = [{ maxStreamBytes: 100_000 }];
    const { world } = new Pair([[`work=1 flood=${MANY}`]], { servers }).run();
    expect(world.result).toMatchObject({ code: "ACTION_FAILED" });
    expect(world.ofType("ended")).toMatchObject([{ end: { end: "LIMITED", text: "maxStreamBytes" } }]);
    expect(world.shown).toHaveLength(100_000);
    expect(world.ofType("hostLost")).toEqual([]);
  });
});

describe("R22: what the server has no more", () => {
  const set = (extra: string) => [{ ...needs(`work=5 out=${extra}`, "x"), produces: [extra] }];

  it("an input that the store has lost is MISSING: it is sent again, and the same attempt goes on", () => {
    const pair = new Pair([set("a"), ["local:work=50"], set("b")], { files: { x: "12345" } });
    pair.world.after(40, () => pair.server().rig.lose([...pair.server().rig.store.keys()][0] ?? ""));
    const { world } = pair.run();
    expect(world.result).toMatchObject({ outcome: "succeeded" });
    expect(world.ofType("attemptLost")).toEqual([]);
    expect(pair.server().sent("MISSING")).toBe(1);
    expect([...pair.server().rig.store.keys()]).toHaveLength(1);
  });

  it("a reservation that ended is EXPIRED: the action goes back to the bidding", () => {
    // The link is so slow that no BLOB comes within validForMs.
    const pair = new Pair([[needs("work=5", "big")]], {
      files: { big: LARGE },
      bytesPerMs: 20,
      servers: [{ validForMs: 100 }],
    });
    const { world } = pair.run();
    expect(pair.server().sent("EXPIRED")).toBeGreaterThan(0);
    expect(world.ofType("attemptLost")[0]).toMatchObject({ why: "the reservation had expired", again: true });
  });
});

describe("R25: outputs that were asked for", () => {
  it("and not made fail the action at once: it is not tried elsewhere, and no host is blamed", () => {
    const pair = new Pair([[{ command: "work=5 out=a", produces: ["*.o"] }]], { servers: [{}, {}] });
    const { world } = pair.run();
    expect(world.ofType("placed")).toHaveLength(1);
    expect(world.result).toMatchObject({ code: "ACTION_FAILED", message: expect.stringContaining("*.o") });
    expect([...world.ofType("hostLost"), ...world.ofType("hostBackedOff")]).toEqual([]);
  });
});

describe("R26: CANCEL", () => {
  const servers = [{ speed: 10, slots: 1 }, { slots: 1 }];

  it("R31: of the attempt that lost: its processes and its slot there are free, and the connection stays", () => {
    const pair = new Pair([[LATE], WAIT], { learned: SOON, servers });
    const { world } = pair.run();
    expect(world.ofType("placed").map(({ why }) => why)).toEqual(["bid", "speculation", "local"]);
    expect(world.ofType("won")).toMatchObject([{ others: 1 }]);
    const killed = pair.servers
      .flatMap(({ rig }) => [...rig.runs.values()])
      .filter(({ kills }) => kills.includes(false));
    expect(killed).toHaveLength(1);
    expect(pair.servers.map((server) => server.sent("DONE"))).toEqual([1, 1]);
    expect(world.ofType("hostLost")).toEqual([]);
  });

  it("R38: Ctrl-C ends the build, and what ran there", () => {
    const pair = new Pair([["work=90000", "work=90001"]], { servers: [{ slots: 2 }] });
    pair.world.after(100, () => pair.world.tell({ type: "cancel" }));
    const { world } = pair.run();
    expect(world.result).toMatchObject({ outcome: "cancelled" });
    expect([...pair.server().rig.runs.values()].map(({ kills }) => kills)).toEqual([[false], [false]]);
  });

  it("R52: a folder that takes longer than stallMs to remove costs its host no connection, and no attempt", () => {
    const pair = new Pair([[LATE], ["work=45000"], ["work=7"]], { learned: SOON, servers });
    const [slow] = pair.servers;
    slow?.rig.held.add("remove");
    pair.world.after(60_000, () => slow?.letGo());
    const { world } = pair.run();
    expect(world.result).toMatchObject({ outcome: "succeeded" });
    expect(world.ofType("hostLost")).toEqual([]);
    expect(world.ofType("attemptLost")).toEqual([]);
  });
});
