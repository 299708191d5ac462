/** What a shared log must do when its server is killed and started anew, having lost nothing (docs/broadcast.md B38, B39). */
import { TcpProxy } from "@lab/simnet";
import { expect } from "vitest";
import type { SharedLog } from "../../src/node/log.js";
import { Gateway } from "./gateway.js";
import type { EngineServer } from "./start-servers.js";

type Declare = (title: string, test: () => Promise<void>) => void;

interface Engine {
  /**
   * @param url where its server is; default: where it really is
   * @param askTimeoutMs after how long what was asked is unknown; default: that of the log
   */
  log(url?: string, askTimeoutMs?: number): SharedLog;
  server(): EngineServer;
}

export function restartSuite(it: Declare, engine: Engine): void {
  const pair = async (room: string, askTimeoutMs?: number): Promise<[Gateway, Gateway]> => {
    const make = (): Gateway => new Gateway(engine.log(undefined, askTimeoutMs), room);
    const both: [Gateway, Gateway] = [make(), make()];
    for (const one of both) await one.start();
    return both;
  };

  it("B, C, D: kill -9 in mid-stream: what is asked meanwhile is done once, in its order, and heard by all", async () => {
    const [a, b] = await pair("killed");
    const [ana, bo] = [await a.attach("ana"), await b.attach("bo")];
    const answers: Promise<unknown>[] = [];
    for (let seq = 1; seq <= 150; seq++) {
      answers.push(a.publish(ana, seq, `a ${seq}`), b.publish(bo, seq, `b ${seq}`));
      if (seq === 50) await engine.server().kill();
      if (seq === 100) await engine.server().start();
      if (seq % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    for (const answer of await Promise.all(answers)) expect(answer).toMatchObject({ outcome: "ok" });
    await Promise.all([a.upTo(302), b.upTo(302)]);
    expect([...a.heard]).toEqual([...b.heard]);
    for (const [name, { member }] of [["a", ana] as const, ["b", bo] as const]) {
      const own = [...a.heard.values()].filter((line) => line.startsWith(`message ${member} `));
      expect(own).toEqual(Array.from({ length: 150 }, (_, i) => `message ${member} ${i + 1} ${name} ${i + 1}`));
    }
    for (const one of [a, b]) {
      expect([one.faults, one.lost]).toEqual([[], []]);
      await one[Symbol.asyncDispose]();
    }
  });

  it("B11, B39: an attach that waited while a connection that came later took the session owns nothing", async () => {
    const url = new URL(engine.server().url);
    await using proxy = new TcpProxy({ to: { host: "127.0.0.1", port: Number(url.port) } });
    const { host, port } = await proxy.listen();
    const slow = new Gateway(engine.log(`${url.protocol}//${host}:${port}`), "one waits");
    const fast = new Gateway(engine.log(), "one waits");
    for (const one of [slow, fast]) await one.start();
    const ana = await slow.attach("ana");
    await slow.publish(ana, 1, "one");
    const { clientId, token } = ana;
    await proxy.refuse();
    proxy.resetAll();
    const early = slow.attach("ana", { clientId, token });
    // They are told apart by the clock of the engine, to some milliseconds.
    const begun = performance.now();
    while (performance.now() - begun < 50) await new Promise((resolve) => setImmediate(resolve));
    const late = await fast.attach("ana", { clientId, token });
    await proxy.accept();
    const waited = await early;
    expect(waited).toMatchObject({ outcome: "resumed", lastClientSeq: 1, joinNumber: 0 });
    expect(await slow.publish(waited, 2, "early")).toMatchObject({ outcome: "not owner" });
    expect(await slow.renew(60_000, waited)).toEqual([waited.owner]);
    expect(await fast.publish(late, 2, "late")).toMatchObject({ outcome: "ok" });
    for (const one of [slow, fast]) await one[Symbol.asyncDispose]();
  });

  it("B22: while the engine was away nobody could renew: the time of grace begins anew for all who were joined", async () => {
    const [a, b] = await pair("grace");
    const ana = await a.attach("ana");
    await b.attach("bo");
    await Promise.all([a.upTo(2), b.upTo(2)]);
    await engine.server().kill();
    const begun = performance.now();
    while (performance.now() - begun < 1_000) await new Promise((resolve) => setTimeout(resolve, 20));
    await engine.server().start();
    expect(await a.renew(700, ana)).toEqual([]);
    expect((await a.read(1)).head).toBe(2);
    for (const one of [a, b]) await one[Symbol.asyncDispose]();
  });

  it("B38: what is asked of an engine that stays away is told as unknown, and not done any more", async () => {
    const [a, b] = await pair("stays away", 1_500);
    const ana = await a.attach("ana");
    await engine.server().kill();
    await expect(a.publish(ana, 1, "one")).rejects.toMatchObject({ code: "UNREACHABLE" });
    await engine.server().start();
    await expect
      .poll(
        () =>
          b.read(1).then(
            ({ head }) => head,
            () => -1,
          ),
        { timeout: 5_000 },
      )
      .toBe(1);
    expect(await a.publish(ana, 1, "one")).toMatchObject({ outcome: "ok", lastNumber: 2 });
    for (const one of [a, b]) await one[Symbol.asyncDispose]();
  });
}
