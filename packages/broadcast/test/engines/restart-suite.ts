/** What a shared log must do when its server is killed and started anew, having lost nothing (docs/broadcast.md B38, B39). */
import { expect } from "vitest";
import type { SharedLog } from "../../src/node/log.js";
import { Gateway } from "./gateway.js";
import type { EngineServer } from "./start-servers.js";

type Declare = (title: string, test: () => Promise<void>) => void;

interface Engine {
  log(): SharedLog;
  server(): EngineServer;
}

export function restartSuite(it: Declare, engine: Engine): void {
  const pair = async (room: string): Promise<[Gateway, Gateway]> => {
    const both: [Gateway, Gateway] = [new Gateway(engine.log(), room), new Gateway(engine.log(), room)];
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

  it("B11, B39: of two connections that asked for a session while the engine was away, the later one has it", async () => {
    const [a, b] = await pair("both wait");
    const { clientId, token } = await a.attach("ana");
    for (const [early, late] of [
      [a, b],
      [b, a],
      [a, b],
      [b, a],
    ] as const) {
      await engine.server().kill();
      const first = early.attach("ana", { clientId, token });
      const begun = performance.now();
      // Clocks tell them apart by milliseconds.
      while (performance.now() - begun < 20) await new Promise((resolve) => setImmediate(resolve));
      const second = late.attach("ana", { clientId, token });
      await engine.server().start();
      const [one, two] = await Promise.all([first, second]);
      expect([one.outcome, two.outcome]).toEqual(["resumed", "resumed"]);
      const { lastClientSeq } = two;
      expect(await early.publish(one, lastClientSeq + 1, "early")).toMatchObject({ outcome: "not owner" });
      expect(await late.publish(two, lastClientSeq + 1, "late")).toMatchObject({ outcome: "ok" });
    }
    for (const one of [a, b]) await one[Symbol.asyncDispose]();
  });

  it("B38: what is asked of an engine that stays away is told as unknown, and not done any more", async () => {
    const [a, b] = await pair("stays away");
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
