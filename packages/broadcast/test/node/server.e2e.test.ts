/** A server as a whole: many members, what it tells, and that nothing of it is left (docs/broadcast.md B12, B23, B29, B31). */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect, it } from "vitest";
import { startBundled } from "../../../../test/programs.js";
import { join, type Notice, type ServerEvent, serve } from "../../src/index.js";
import { ServerMetrics } from "../../src/node/metrics.js";

const LOAD = new URL("./many-members-load.ts", import.meta.url);

it("B29: after close nothing is left: no socket, no timer", async () => {
  const active = (): string[] => process.getActiveResourcesInfo().sort();
  // The test runner tells of the start of a test with a timer, which ends soon.
  while (active().includes("Timeout")) await new Promise((resolve) => setImmediate(resolve));
  const before = active();
  const server = await serve();
  const { address } = server;
  const rooms = await Promise.all(["ada", "bob"].map((name) => join({ address, name, handler: () => {} })));
  await rooms[0]?.publish("hello");
  await rooms[0]?.close();
  await Promise.all([rooms[1]?.leave(), server.close()]);
  await server.close(); // once more does no harm
  await new Promise((resolve) => setImmediate(resolve));
  expect(active()).toEqual(before);
});

it("B31: a member that asks for a snapshot gets what the application gives, and what follows it", async () => {
  await using server = await serve({
    snapshot: async (room) => ({ upTo: 3, bytes: new TextEncoder().encode(`${room} up to 3`) }),
  });
  const { address } = server;
  await using ada = await join({ address, name: "ada", handler: () => {} });
  await ada.publishAll(["2", "3", "4", "5"]);
  const seen: string[] = [];
  const state = { done: () => {} };
  const done = new Promise<void>((resolve) => {
    state.done = resolve;
  });
  const show = (text: string): void => {
    if (seen.push(text) === 3) state.done();
  };
  const decoder = new TextDecoder();
  await using _bob = await join({
    address,
    name: "bob",
    start: "snapshot",
    onNotice: (notice) => void (notice.type === "snapshot" && show(decoder.decode(notice.bytes))),
    handler: ({ bytes }) => show(decoder.decode(bytes)),
  });
  await done;
  expect(seen).toEqual(["main up to 3", "4", "5"]);
});

it("events, channels and the logger tell what happens, and a listener that throws stops nobody", async () => {
  const published: unknown[] = [];
  const noticed: unknown[] = [];
  const onServer = (message: unknown): void => {
    if ((message as { readonly address: string }).address === server.address) published.push(message);
  };
  const onClient = (message: unknown): void => void noticed.push(message);
  const lines: string[] = [];
  const write = (_: object, message: string): void => void lines.push(message);
  const logger = { debug: write, info: write, warn: write, error: write };
  const events: ServerEvent[] = [];
  const server = await serve({ logger });
  subscribe("lab:broadcast:server", onServer);
  subscribe("lab:broadcast:client", onClient);
  server.on("event", () => {
    throw new Error("not now");
  });
  server.on("event", (event) => void events.push(event));
  const notices: Notice[] = [];
  const ada = await join({
    address: server.address,
    name: "ada",
    handler: () => {},
    onNotice: (notice) => {
      notices.push(notice);
      throw new Error("nor now");
    },
  });
  await ada.publish("hello");
  await ada.leave();
  await server.close();
  unsubscribe("lab:broadcast:server", onServer);
  unsubscribe("lab:broadcast:client", onClient);
  expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(["epoch", "joined", "committed"]));
  expect(published).toEqual(events.map((event) => ({ address: server.address, event })));
  expect(noticed).toEqual(notices.map((notice) => ({ room: "main", name: "ada", notice })));
  expect(lines).toEqual(expect.arrayContaining(["connection", "joined", "a listener failed"]));
});

it("metrics count what happens, and are served over HTTP", async () => {
  await using server = await serve();
  await using metrics = new ServerMetrics(server);
  const port = await metrics.listen({ port: 0 });
  const ask = async (path: string): Promise<Response> => await fetch(`http://127.0.0.1:${port}${path}`);
  await using ada = await join({ address: server.address, name: "ada", handler: () => {} });
  await ada.publishAll(["1", "2", "3"]);
  const text = await (await ask("/metrics")).text();
  expect(text).toMatch(/^broadcast_entries_total 4$/m); // the join too
  expect(text).toMatch(/^broadcast_joins_total 1$/m);
  expect(text).toMatch(/^broadcast_connections 1$/m);
  expect(text).toMatch(/^broadcast_members 1$/m);
  expect((await ask("/")).status).toBe(404);
  await expect(metrics.listen({ port })).rejects.toMatchObject({ code: "LISTEN" });
});

it("B12, B23: a thousand members of one room all get the same, in the same order", async () => {
  await using server = await serve();
  const { address } = server;
  await using load = startBundled(LOAD, [address, "1000", "100"]);
  await load.line(/^joined$/);
  expect(server.view().rooms[0]?.members).toBe(1_000);
  await using ada = await join({ address, name: "ada", handler: () => {} });
  for (let round = 0; round < 10; round++) {
    await ada.publishAll(Array.from({ length: 10 }, (_, index) => `message ${round} ${index}`));
  }
  expect((await load.line(/^\[.*\]$/))[0]).toBe("[1000]"); // one digest, of all
}, 20_000);
