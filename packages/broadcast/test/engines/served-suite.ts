/** Real gateways, real clients, a real engine (docs/broadcast.md B38 to B40), and a few schedules of `pnpm engines`. */
import { TcpProxy } from "@lab/simnet";
import { expect } from "vitest";
import { type BroadcastServer, type Delivered, join, type Log, type NoticeOf, serve } from "../../src/index.js";
import type { EngineName } from "./engine-under-test.js";
import { runSchedule } from "./run-schedule.js";
import type { EngineServer } from "./start-servers.js";

type Declare = (title: string, test: () => Promise<void>) => void;

interface Engine {
  readonly name: EngineName;
  log(limits?: { readonly historyMessages: number }): Log;
  server(): EngineServer;
}

const text = ({ bytes }: Delivered): string => new TextDecoder().decode(bytes);
const target = ({ address }: BroadcastServer) => ({ host: "127.0.0.1", port: Number(address.split(":")[1]) });

export function servedSuite(it: Declare, engine: Engine): void {
  it("B38: a client moves from one gateway to the other in mid-stream, without loss or repeat", async () => {
    await using one = await serve({ log: engine.log() });
    await using other = await serve({ log: engine.log() });
    await using proxy = new TcpProxy({ to: target(one) });
    const { host, port } = await proxy.listen();
    const seen: string[] = [];
    const total = 600;
    let all = (): void => {};
    const seenAll = new Promise<void>((resolve) => (all = resolve));
    await using moving = await join({
      ...{ address: `${host}:${port}`, room: "moves", name: "moving", backoffMs: 1 },
      handler: (message) => void (seen.push(`${message.number} ${text(message)}`) === total && all()),
    });
    const fixed: string[] = [];
    let fixedAll = (): void => {};
    const fixedSeen = new Promise<void>((resolve) => (fixedAll = resolve));
    await using stays = await join({
      ...{ address: other.address, room: "moves", name: "stays" },
      handler: (message) => void (fixed.push(`${message.number} ${text(message)}`) === total && fixedAll()),
    });
    const statuses: string[] = [];
    moving.on("welcome", ({ status }) => statuses.push(status));
    const numbers: Promise<number>[] = [];
    for (let i = 0; i < total / 2; i++) {
      numbers.push(moving.publish(`moving ${i}`), stays.publish(`stays ${i}`));
      if (i % 60 === 30) {
        await numbers[Math.max(0, numbers.length - 40)];
        await proxy.retarget(target(i % 120 === 30 ? other : one));
        proxy.resetAll();
      }
    }
    const given = await Promise.all(numbers);
    await Promise.all([seenAll, fixedSeen]);
    expect(new Set(given).size).toBe(total);
    // Who joined first has seen them all; both have the same.
    expect(fixed).toEqual(seen);
    expect(seen.filter((line) => line.includes("moving")).map((line) => line.split(" ")[2])).toEqual(
      Array.from({ length: total / 2 }, (_, i) => `${i}`),
    );
    expect(statuses.length).toBeGreaterThan(0);
    expect(new Set(statuses)).toEqual(new Set(["resumed"]));
  });

  it("B40: who was away until the log was trimmed beyond it is told of the gap, on another gateway too", async () => {
    await using one = await serve({ log: engine.log({ historyMessages: 20 }), historyMessages: 20 });
    await using other = await serve({ log: engine.log({ historyMessages: 20 }), historyMessages: 20 });
    await using proxy = new TcpProxy({ to: target(one) });
    const { host, port } = await proxy.listen();
    const gaps: NoticeOf<"gap">[] = [];
    const seen: number[] = [];
    let done = (): void => {};
    const last = new Promise<void>((resolve) => (done = resolve));
    await using away = await join({
      ...{ address: `${host}:${port}`, room: "trimmed", name: "away", backoffMs: 1 },
      handler: (message) => {
        seen.push(message.number);
        if (text(message) === "last") done();
      },
    });
    away.on("gap", (gap) => gaps.push(gap));
    await using speaker = await join({ address: one.address, room: "trimmed", name: "speaker", handler: () => {} });
    await proxy.refuse();
    proxy.resetAll();
    for (let i = 0; i < 50; i++) await speaker.publish(`${i}`);
    await proxy.retarget(target(other));
    await proxy.accept();
    await speaker.publish("last");
    await last;
    expect(gaps).toHaveLength(1);
    const [gap] = gaps as [NoticeOf<"gap">];
    expect(gap.reason).toBe("retention");
    const behind = seen.filter((number) => number > gap.to);
    expect(behind[0]).toBe(gap.to + 1);
    expect(behind).toEqual(Array.from({ length: behind.length }, (_, i) => gap.to + 1 + i));
    expect(seen.every((number) => number < gap.from || number > gap.to)).toBe(true);
  });

  for (const seed of [1, 2, 3]) {
    it(`A to G: schedule ${seed} of the engines, kill -9 and changes of gateway included`, async () => {
      const server = engine.server();
      const log = (limits: { readonly historyMessages: number }): Log => engine.log(limits);
      const under = { name: engine.name, server, log, [Symbol.asyncDispose]: async () => {} };
      expect((await runSchedule(seed, under)).published).toBeGreaterThan(0);
    });
  }
}
