/** What every shared log must do (docs/broadcast.md B38 to B40), the plain model's first of all. */
import { expect } from "vitest";
import type { SharedLog } from "../../src/node/log.js";
import { Gateway, lineOf, newId } from "./gateway.js";

export interface EngineLimits {
  readonly historyMessages?: number;
  readonly historyBytes?: number;
  readonly maxSessions?: number;
  readonly sessionTtlMs?: number;
}

/** Logs of one engine; those with the same limits are of the same rooms. */
export type MakeLog = (limits?: EngineLimits) => SharedLog;

type Declare = (title: string, test: () => Promise<void>) => void;

let rooms = 0;

/** @param it declares a test, with the component that it needs */
export function sharedLogSuite(it: Declare, engine: () => MakeLog): void {
  const gateways = async (count: number, limits: EngineLimits = {}): Promise<Gateway[]> => {
    const room = `room {${++rooms}} é`;
    const make = engine();
    const all = Array.from({ length: count }, () => new Gateway(make(limits), room));
    for (const one of all) await one.start();
    return all;
  };
  const end = async (...all: Gateway[]): Promise<void> => {
    for (const one of all) await one[Symbol.asyncDispose]();
    expect(all.flatMap(({ faults }) => faults)).toEqual([]);
  };

  it("B38: a room that is opened first has the epoch that was drawn, and whoever comes next finds it", async () => {
    const [a, b] = (await gateways(2)) as [Gateway, Gateway];
    const drawn = 2 ** 53 - 1;
    a.forget();
    const rest = { head: 0, firstRetained: 1, epochStart: 1, previousEpoch: 0, previousHead: 0, members: [] };
    const first = await a.open(drawn);
    expect(first).toMatchObject(rest);
    expect(await b.open(17)).toEqual(first);
    expect(first.epoch).not.toBe(drawn); // it was there
    const large = new Gateway(engine()(), `large ${newId()}`);
    expect((await large.start(drawn)).epoch).toBe(drawn);
    await large.attach("ana");
    expect(await large.open(17)).toMatchObject({ epoch: drawn, head: 1, members: [{ member: 1, name: "ana" }] });
    await end(a, b, large);
  });

  it("B9: a client id that is not known makes a session and a join, whose member number is new", async () => {
    const [a, b] = (await gateways(2)) as [Gateway, Gateway];
    const ana = await a.attach("ana");
    expect(ana).toMatchObject({ outcome: "made", member: 1, lastClientSeq: 0, lastNumber: 0, head: 1, joinNumber: 1 });
    expect(ana.token).toMatch(/^[0-9a-f]{32}$/);
    expect(ana.members).toEqual([{ member: 1, name: "ana" }]);
    const bo = await b.attach("bö");
    expect(bo).toMatchObject({ outcome: "made", member: 2, head: 2, firstRetained: 1, joinNumber: 2 });
    expect(bo.members).toEqual([
      { member: 1, name: "ana" },
      { member: 2, name: "bö" },
    ]);
    await Promise.all([a.upTo(2), b.upTo(2)]);
    const lines = ["join 1 0 ana", "join 2 0 bö"];
    expect([...a.heard.values()]).toEqual(lines);
    expect([...b.heard.values()]).toEqual(lines);
    await end(a, b);
  });

  it("B8, B9, B10: a known id needs its token, is resumed, joins again after a leave, and is expired where it is not known", async () => {
    const [a, b] = (await gateways(2)) as [Gateway, Gateway];
    const ana = await a.attach("ana");
    const { clientId, token } = ana;
    expect((await b.attach("x", { clientId })).outcome).toBe("unauthorized");
    expect((await b.attach("x", { clientId, token: newId() })).outcome).toBe("unauthorized");
    await a.publish(ana, 1, "one", "two");
    const resumed = await b.attach("x", { clientId, token });
    expect(resumed).toMatchObject({ outcome: "resumed", member: 1, lastClientSeq: 2, lastNumber: 3, joinNumber: 0 });
    expect(resumed.token).toBe(token);
    await b.leave(resumed);
    expect((await b.read(4)).entries.map(lineOf)).toEqual(["leave 1 0 0"]);
    const again = await a.attach("x", { clientId, token });
    expect(again).toMatchObject({ outcome: "joined again", member: 1, lastClientSeq: 2, lastNumber: 3, joinNumber: 5 });
    expect(again.members).toEqual([{ member: 1, name: "ana" }]);
    const stranger = await a.attach("bo", { token: newId() });
    expect(stranger).toMatchObject({ outcome: "expired", member: 2, joinNumber: 6 });
    await end(a, b);
  });

  it("B38: an attach that is asked again by the same owner is the same one, whatever became of its answer", async () => {
    const [a] = (await gateways(1)) as [Gateway];
    const ana = await a.attach("ana");
    const { clientId, owner, token } = ana;
    // As a gateway asks that has not heard the answer: without the token.
    const again = await a.attach("ana", { clientId, owner });
    expect(again).toMatchObject({ outcome: "made", token, member: 1, joinNumber: 1, head: 1 });
    await end(a);
  });

  it("B13: the log takes what is next, skips what it has, and refuses what is above", async () => {
    const [a, b] = (await gateways(2)) as [Gateway, Gateway];
    const ana = await a.attach("ana");
    expect(await a.publish(ana, 2, "two")).toEqual({
      op: "publish",
      outcome: "bad seq",
      lastClientSeq: 0,
      lastNumber: 0,
    });
    expect(await a.publish(ana, 1, "one", "two")).toMatchObject({ outcome: "ok", lastClientSeq: 2, lastNumber: 3 });
    expect(await a.publish(ana, 1, "one", "two")).toMatchObject({ outcome: "ok", lastClientSeq: 2, lastNumber: 3 });
    expect(await a.publish(ana, 2, "two", "three")).toMatchObject({ outcome: "ok", lastClientSeq: 3, lastNumber: 4 });
    expect(await a.publish(ana, 5, "five")).toMatchObject({ outcome: "bad seq", lastClientSeq: 3, lastNumber: 4 });
    await b.upTo(4);
    expect([...b.heard.values()]).toEqual(["join 1 0 ana", "message 1 1 one", "message 1 2 two", "message 1 3 three"]);
    await end(a, b);
  });

  it("B15, B38: markers stand in their place, and any bytes come out as they went in", async () => {
    const [a] = (await gateways(1)) as [Gateway];
    const ana = await a.attach("ana");
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const { clientId, owner, member } = ana;
    const entries = [
      { kind: "message" as const, bytes },
      { kind: "marker" as const, bytes: Uint8Array.of(1) },
      { kind: "message" as const, bytes: new Uint8Array(0) },
      { kind: "message" as const, bytes: new Uint8Array(200_000).fill(7) },
    ];
    await a.ask({ op: "publish", clientId, owner, member, firstClientSeq: 1, entries });
    const { entries: read } = await a.read(2, 1_000_000);
    expect(read.map(({ kind, clientSeq }) => `${kind} ${clientSeq}`)).toEqual([
      ...["message 1", "marker 2", "message 3", "message 4"],
    ]);
    expect(read.map(({ bytes: out }) => Buffer.from(out).equals(Buffer.from(entries[0]?.bytes ?? [])))[0]).toBe(true);
    expect(read.map(({ bytes: out }) => out.length)).toEqual([256, 1, 0, 200_000]);
    await a.upTo(5);
    expect(a.heard.get(5)).toHaveLength("message 1 4 ".length + 200_000);
    await end(a);
  });

  it("B39: who took a session over owns it: the one before publishes no more, does not leave, and is told", async () => {
    const [a, b] = (await gateways(2)) as [Gateway, Gateway];
    const before = await a.attach("ana");
    await a.publish(before, 1, "one");
    const after = await b.attach("ana", { clientId: before.clientId, token: before.token });
    expect(await a.publish(before, 2, "two")).toMatchObject({ outcome: "not owner", lastClientSeq: 1, lastNumber: 2 });
    await a.leave(before);
    expect(await a.renew(60_000, before)).toEqual([before.owner]);
    expect(await b.renew(60_000, after)).toEqual([]);
    expect(await b.publish(after, 2, "two")).toMatchObject({ outcome: "ok", lastNumber: 3 });
    expect((await a.read(1)).head).toBe(3);
    expect(await a.publish({ ...before, clientId: newId() }, 1, "x")).toMatchObject({ outcome: "not owner" });
    await end(a, b);
  });

  it("B39: a session that nobody renews leaves after the grace time, at the hand of any gateway", async () => {
    const [a, b] = (await gateways(2)) as [Gateway, Gateway];
    await a.attach("gone");
    const stays = await b.attach("stays");
    const leaves = async (): Promise<number> => {
      await b.renew(100, stays);
      return (await b.read(3)).head;
    };
    expect(await b.renew(60_000, stays)).toEqual([]);
    expect((await b.read(3)).head).toBe(2);
    await a[Symbol.asyncDispose]();
    await expect.poll(leaves, { interval: 10, timeout: 5_000 }).toBe(3);
    expect((await b.read(3)).entries.map(lineOf)).toEqual(["leave 1 0 1"]);
    await b.upTo(3);
    await end(b);
  });

  it("B40: a read begins at the first number that is held, and says which that is", async () => {
    const limits = { historyMessages: 10 };
    const [a, b] = (await gateways(2, limits)) as [Gateway, Gateway];
    const ana = await a.attach("ana");
    for (let seq = 1; seq <= 40; seq++) await a.publish(ana, seq, `message ${seq}`);
    const { firstRetained, head, first, entries } = await b.read(1, 1_000_000);
    expect({ firstRetained, head, first }).toEqual({ firstRetained: 32, head: 41, first: 32 });
    expect(entries.map(lineOf)).toEqual(Array.from({ length: 10 }, (_, i) => `message 1 ${31 + i} message ${31 + i}`));
    expect(await b.read(42)).toMatchObject({ first: 42, entries: [] });
    const bo = await b.attach("bo");
    expect(bo).toMatchObject({ head: 42, firstRetained: 33 });
    // The table outlives the entries that it came from.
    const { clientId, token } = ana;
    expect(await b.attach("ana", { clientId, token })).toMatchObject({ lastClientSeq: 40, lastNumber: 41 });
    const late = new Gateway(engine()(limits), a.room);
    expect(await late.start()).toMatchObject({ head: 42, firstRetained: 33 });
    expect(await late.attach("ana", { clientId, token })).toMatchObject({ lastClientSeq: 40, lastNumber: 41 });
    await end(a, b, late);
  });

  it("B18: a read gives as much as fits, and at least one", async () => {
    const [a] = (await gateways(1)) as [Gateway];
    const ana = await a.attach("ana");
    await a.publish(ana, 1, ...Array.from({ length: 200 }, (_, i) => `${i}`.padStart(83, "-")));
    expect((await a.read(2, 1_000)).entries).toHaveLength(10);
    expect((await a.read(2, 1)).entries).toHaveLength(1);
    expect((await a.read(2, 20_000)).entries).toHaveLength(200);
    expect((await a.read(190, 20_000)).entries).toHaveLength(12);
    await end(a);
  });

  it("B23: who left first gives its place, and where all are joined there is none", async () => {
    const limits = { maxSessions: 2 };
    const [a, b] = (await gateways(2, limits)) as [Gateway, Gateway];
    const ana = await a.attach("ana");
    const bo = await b.attach("bo");
    expect(await a.attach("cy")).toMatchObject({ outcome: "full", member: 0, members: [] });
    await a.leave(ana);
    await b.leave(bo);
    expect(await b.attach("cy")).toMatchObject({ outcome: "made", member: 3 });
    expect((await a.attach("ana", ana.token === "" ? {} : { clientId: ana.clientId, token: ana.token })).outcome).toBe(
      "expired",
    );
    expect((await a.attach("bo", { clientId: bo.clientId, token: bo.token })).outcome).toBe("full");
    await end(a, b);
  });

  it("B23: who left for longer than its session lives is not known any more", async () => {
    const [a] = (await gateways(1, { sessionTtlMs: 0 })) as [Gateway];
    const ana = await a.attach("ana");
    await a.leave(ana);
    await a.attach("bo");
    expect((await a.attach("ana", { clientId: ana.clientId, token: ana.token })).outcome).toBe("expired");
    await end(a);
  });

  it("A, B, C: what many publish at once over two gateways is heard by both in one order, each once", async () => {
    const all = (await gateways(2)) as [Gateway, Gateway];
    const rounds = 40;
    const publishers = await Promise.all(Array.from({ length: 6 }, (_, i) => all[i % 2]?.attach(`p${i}`)));
    await Promise.all(
      publishers.map(async (session, i) => {
        const gateway = all[i % 2] as Gateway;
        if (session === undefined) throw new Error("no session");
        const answers = Array.from({ length: rounds }, (_, round) =>
          gateway.publish(session, 2 * round + 1, `${i} ${2 * round + 1}`, `${i} ${2 * round + 2}`),
        );
        for (const [round, answer] of (await Promise.all(answers)).entries()) {
          expect(answer).toMatchObject({ outcome: "ok", lastClientSeq: 2 * round + 2 });
        }
      }),
    );
    const count = publishers.length * (1 + 2 * rounds);
    await Promise.all(all.map((one) => one.upTo(count)));
    expect([...all[0].heard]).toEqual([...all[1].heard]);
    for (const [i, session] of publishers.entries()) {
      const own = [...all[0].heard.values()].filter((line) => line.startsWith(`message ${session?.member} `));
      const expected = Array.from(
        { length: 2 * rounds },
        (_, seq) => `message ${session?.member} ${seq + 1} ${i} ${seq + 1}`,
      );
      expect(own).toEqual(expected);
    }
    await end(...all);
  });

  it("B38: after an open a gateway hears from behind the head that was answered, and of a room that it forgot nothing", async () => {
    const [a] = (await gateways(1)) as [Gateway];
    const ana = await a.attach("ana");
    await a.publish(ana, 1, "one");
    const b = new Gateway(engine()(), a.room);
    expect(await b.start()).toMatchObject({ head: 2 });
    await a.publish(ana, 2, "two");
    await b.upTo(3);
    expect([...b.heard.values()]).toEqual(["message 1 2 two"]);
    b.forget();
    await a.publish(ana, 3, "three");
    await a.upTo(4);
    expect((await a.read(1)).head).toBe(4);
    expect(b.head).toBe(3);
    expect(await b.open()).toMatchObject({ head: 4 });
    await a.publish(ana, 4, "four");
    await b.upTo(5);
    await end(a, b);
  });

  it("B38: a room that is not open is not asked", async () => {
    const [a] = (await gateways(1)) as [Gateway];
    a.forget();
    await expect(a.read(1)).rejects.toThrow();
    await end(a);
  });
}
