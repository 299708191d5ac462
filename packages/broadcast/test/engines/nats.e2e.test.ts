/** Gateways over a real NATS (docs/broadcast.md B38 to B40). */

import { TcpProxy } from "@lab/simnet";
import { afterAll, beforeAll, expect } from "vitest";
import { component, itWith } from "../../../../test/components.js";
import { natsLink } from "../../src/node/nats/connection.js";
import { type NatsLogOptions, natsLog } from "../../src/node/nats/index.js";
import { sharedOf } from "./engine-under-test.js";
import { Gateway, lineOf } from "./gateway.js";
import { restartSuite } from "./restart-suite.js";
import { servedSuite } from "./served-suite.js";
import { sharedLogSuite } from "./shared-log-suite.js";
import { type EngineServer, startNats } from "./start-servers.js";

let nats: EngineServer;
beforeAll(async () => {
  if (component("nats").version !== undefined) nats = await startNats();
});
afterAll(async () => {
  await nats?.[Symbol.asyncDispose]();
});

const shared = (options: Partial<NatsLogOptions> = {}) => sharedOf(natsLog({ servers: nats.url, ...options }));
const it = (title: string, test: () => Promise<void>): void => itWith("nats", title, test);

sharedLogSuite(it, () => shared);
restartSuite(it, {
  log: (servers = nats.url, askTimeoutMs = 4_000) => shared({ servers, askTimeoutMs }),
  server: () => nats,
});
servedSuite(it, { name: "nats", log: (limits) => natsLog({ servers: nats.url, ...limits }), server: () => nats });

it("B17, B38: checkpoints keep the sessions of a stream that was purged, in parts where they are many", async () => {
  // All 1,200 ask at once, and the last of them waits for all before it.
  const options = { historyMessages: 50, askTimeoutMs: 20_000 };
  const { historyMessages } = options;
  await using a = new Gateway(shared(options), "purged");
  await a.start();
  const others = await Promise.all(Array.from({ length: 1_200 }, (_, i) => a.attach(`other ${i}`)));
  const ana = await a.attach("ana");
  for (let seq = 1; seq <= 2_100; seq++) await a.publish(ana, seq, `message ${seq}`);
  const head = 1_201 + 2_100;
  await a.upTo(head);
  const { manager, connection } = await natsLink({ servers: nats.url }, 10_000);
  await expect
    .poll(async () => (await manager.streams.info("lab-broadcast-purged")).state.first_seq)
    .toBeGreaterThan(900);
  const { state } = await manager.streams.info("lab-broadcast-purged", { subjects_filter: ">" });
  expect(Object.keys(state.subjects ?? {}).sort()).toEqual([
    "lab-broadcast.purged.checkpoint",
    "lab-broadcast.purged.log",
    "lab-broadcast.purged.part",
  ]);
  await connection.close();
  await using b = new Gateway(shared(options), "purged");
  expect(await b.start()).toMatchObject({ head, firstRetained: head - historyMessages + 1 });
  const { clientId, token } = ana;
  expect(await b.attach("ana", { clientId, token })).toMatchObject({ lastClientSeq: 2_100, lastNumber: head });
  const [other] = others;
  expect(await b.attach("x", { clientId: other?.clientId ?? "", token: other?.token ?? "" })).toMatchObject({
    outcome: "resumed",
    member: other?.member,
  });
  const { entries, first } = await b.read(1, 300);
  expect(first).toBe(head - historyMessages + 1);
  expect(entries.map(lineOf)[0]).toBe(`message ${ana.member} 2051 message 2051`);
  expect([a.faults, b.faults]).toEqual([[], []]);
});

it("B18: entries that nobody has in memory are found in the stream, wherever they are", async () => {
  await using a = new Gateway(shared(), "far back");
  await a.start();
  const ana = await a.attach("ana");
  // Records of one, of many, and long ones, more than is kept in memory.
  for (let seq = 1; seq <= 60; seq++) await a.publish(ana, seq, `${seq} `.padEnd(100_000, "."));
  await using b = new Gateway(shared(), "far back");
  const { head } = await b.start();
  for (const from of [1, 2, 17, 33, 60, head]) {
    const { entries, first } = await b.read(from, 150_000);
    expect(first).toBe(from);
    expect(entries.map((entry) => lineOf(entry).slice(0, 20))[0]).toMatch(
      from === 1 ? /^join 1/ : new RegExp(`^message 1 ${from - 1} ${from - 1} `),
    );
  }
});

it("B40: a gateway that was cut off until the stream was purged beyond it is told so, and hears nothing with a hole", async () => {
  await using proxy = new TcpProxy({ to: { host: "127.0.0.1", port: Number(new URL(nats.url).port) } });
  const { host, port } = await proxy.listen();
  await using a = new Gateway(shared({ historyMessages: 20 }), "cutoff");
  await using b = new Gateway(shared({ historyMessages: 20, servers: `${host}:${port}` }), "cutoff");
  await a.start();
  await b.start();
  const ana = await a.attach("ana");
  await b.upTo(1);
  await proxy.refuse();
  proxy.resetAll();
  // A checkpoint comes every 1,000 records, and with it the purge.
  for (let seq = 1; seq <= 1_100; seq++) await a.publish(ana, seq, `${seq}`);
  await proxy.accept();
  expect(await b.untilLost()).toMatch(/trimmed beyond 1/);
  expect([b.head, b.faults]).toEqual([1, []]);
  expect(await b.open()).toMatchObject({ head: 1_101, firstRetained: 1_082 });
});

it("B25, B40: a stream that was deleted, or made anew, is another log", async () => {
  await using a = new Gateway(shared(), "deleted");
  const { epoch } = await a.start();
  const ana = await a.attach("ana");
  await a.publish(ana, 1, "one");
  const { manager, connection } = await natsLink({ servers: nats.url }, 1_000);
  await manager.streams.delete("lab-broadcast-deleted");
  await connection.close();
  await expect(a.read(1)).rejects.toMatchObject({ code: "UNREACHABLE" });
  await a.untilLost();
  expect((await a.open()).epoch).not.toBe(epoch);
});

it("B40: a log that was written anew, and goes on just where a gateway stopped reading, is another log to it", async () => {
  await using proxy = new TcpProxy({ to: { host: "127.0.0.1", port: Number(new URL(nats.url).port) } });
  const { host, port } = await proxy.listen();
  await using a = new Gateway(shared({ servers: `${host}:${port}` }), "rewritten");
  const { epoch } = await a.start();
  await a.attach("ana");
  await a.upTo(1);
  await proxy.refuse();
  proxy.resetAll();
  const { manager, connection } = await natsLink({ servers: nats.url }, 1_000);
  await manager.streams.delete("lab-broadcast-rewritten");
  await connection.close();
  await using b = new Gateway(shared(), "rewritten");
  await b.start();
  const bo = await b.attach("bo");
  await b.publish(bo, 1, "another");
  await proxy.accept();
  expect(await a.untilLost()).toMatch(/another/);
  expect(a.head).toBe(1);
  const again = await a.open();
  expect(again.head).toBe(2);
  expect(again.epoch).not.toBe(epoch);
});

it("B38: a server does not start where NATS is not there, and says so", async () => {
  const log = natsLog({ servers: "127.0.0.1:1", answerTimeoutMs: 200 });
  await expect(new Gateway(sharedOf(log), "x").start()).rejects.toMatchObject({ code: "UNREACHABLE" });
});
