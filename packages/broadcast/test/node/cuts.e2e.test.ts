/** Connections that are cut anywhere: nothing is lost, nothing comes twice, and a dead one is found (docs/broadcast.md B10, B13, B24). */
import { Random, TcpProxy } from "@lab/simnet";
import { expect, it } from "vitest";
import { type Delivered, join, type ServeOptions, type ServerEvent, serve } from "../../src/index.js";

const text = ({ bytes }: Delivered): string => new TextDecoder().decode(bytes);

/** A server behind a proxy. */
async function behindProxy(options: ServeOptions = {}) {
  const server = await serve(options);
  const proxy = new TcpProxy({ to: { host: "127.0.0.1", port: Number(server.address.split(":")[1]) } });
  const { port } = await proxy.listen();
  const stop = async (): Promise<void> => {
    await server.close();
    await proxy.close();
  };
  return { server, proxy, address: `127.0.0.1:${port}`, [Symbol.asyncDispose]: stop };
}

it("B10, B13: subscriber and publishers cut in mid-frame again and again: each message once, in one order, numbered", async () => {
  await using world = await behindProxy({ graceMs: 60_000 });
  const { server, proxy, address } = world;
  const random = new Random(7);
  const messages = 3_000;
  const publishers = ["ada", "bob"];
  const total = messages * publishers.length;
  const seen: Delivered[] = [];
  const reference: string[] = [];
  let resumptions = 0;
  const done = { seen: () => {}, reference: () => {} };
  const allSeen = new Promise<void>((resolve) => (done.seen = resolve));
  const allReferred = new Promise<void>((resolve) => (done.reference = resolve));
  await using _direct = await join({
    address: server.address,
    name: "direct",
    handler: (one) => void (reference.push(text(one)) === total && done.reference()),
  });
  // Every connection that is welcomed has so many bytes to live, in either direction.
  const cutSoon = (status: string): void => {
    if (status === "resumed") resumptions++;
    for (const connection of proxy.connections) {
      const direction = random.chance(0.5) ? "to-client" : "to-server";
      connection.cutAfter(direction, random.integer(0, 20_000), "reset");
    }
  };
  const flaky = { address, backoffMs: 1, maxBackoffMs: 5 };
  await using _cut = await join({
    ...flaky,
    name: "cut",
    handler: (one) => void (seen.push(one) === total && done.seen()),
  });
  const rooms = await Promise.all(publishers.map((name) => join({ ...flaky, name, handler: () => {} })));
  for (const room of [_cut, ...rooms]) room.on("welcome", ({ status }) => cutSoon(status));
  cutSoon("");
  const numbers = await Promise.all(
    rooms.map(async (room, index) => {
      const all: number[] = [];
      for (let from = 0; from < messages; from += 100) {
        const texts = Array.from({ length: 100 }, (_, i) => `${publishers[index]} ${from + i}`);
        all.push(...(await room.publishAll(texts)));
      }
      return all;
    }),
  );
  await Promise.all([allSeen, allReferred]);
  expect(resumptions).toBeGreaterThan(10);
  expect(seen.map(text)).toEqual(reference);
  expect(seen).toHaveLength(total);
  const numberOf = new Map(seen.map((one) => [text(one), one.number]));
  expect(numberOf.size).toBe(total);
  for (const [index, name] of publishers.entries()) {
    const expected = Array.from({ length: messages }, (_, i) => numberOf.get(`${name} ${i}`));
    expect(numbers[index]).toEqual(expected);
    expect(expected).toEqual([...expected].sort((a, b) => Number(a) - Number(b)));
  }
  await Promise.all(rooms.map((room) => room.close()));
});

it("B24: a connection that went dead without a word is found by both ends, and the session goes on", async () => {
  await using world = await behindProxy({ heartbeatMs: 40 });
  const { server, proxy, address } = world;
  const closed: string[] = [];
  const idle = new Promise<void>((resolve) => {
    server.on("event", (event: ServerEvent) => {
      if (event.type !== "closed") return;
      closed.push(event.code);
      resolve();
    });
  });
  const statuses: string[] = [];
  const state = { resumed: () => {} };
  const resumed = new Promise<void>((resolve) => (state.resumed = resolve));
  await using ada = await join({
    address,
    name: "ada",
    backoffMs: 1,
    handler: () => {},
    onNotice: (notice) => {
      if (notice.type === "welcome" && statuses.push(notice.status) > 1) state.resumed();
    },
  });
  for (const connection of proxy.connections) connection.freeze();
  const number = ada.publish("into the dark");
  await Promise.all([idle, resumed]);
  expect(closed[0]).toMatch(/^(IDLE|TAKEN_OVER)$/);
  expect(statuses).toEqual(["fresh", "resumed"]);
  expect(await number).toBe(2);
});
