/** The bounds of a node's sockets, each of them reached. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { afterEach, expect, it, onTestFinished, vi } from "vitest";
import { start } from "../../../../test/process.js";
import { framed } from "../../src/core/index.js";
import { Connections, type ConnectionsOptions } from "../../src/node/connections.js";
import { silentLogger } from "../../src/node/logger.js";
import { freePorts, until } from "./nodes.js";
import { dial, type FakeServer, fakeServer } from "./peers.js";

const hello = framed(new Uint8Array([1, 2, 3]));

afterEach(() => void vi.useRealTimers());

/** However it was closed. */
async function closed(socket: Socket): Promise<void> {
  await new Promise((resolve) => socket.once("close", resolve));
}

interface Bench {
  readonly connections: Connections;
  readonly address: string;
  /** What the machine would have been told: `message LINK`, `closed LINK`, `refused ADDRESS`. */
  readonly told: string[];
  readonly warnings: string[];
}

async function bench(options: Partial<ConnectionsOptions> = {}): Promise<Bench> {
  const told: string[] = [];
  const warnings: string[] = [];
  const connections = new Connections(
    {
      routes: {},
      maxConnections: 100,
      maxSilent: 100,
      maxOutgoing: 100,
      maxUnsentBytes: 65_536,
      maxWaitingMessages: 64,
      connectTimeoutMs: 3_000,
      redialMs: 0,
      silentTimeoutMs: 10_000,
      idleTimeoutMs: 60_000,
      logger: { ...silentLogger, warn: (_, text) => void warnings.push(text) },
      ...options,
    },
    {
      message: (link, address) => void told.push(`message ${link}${address === undefined ? "" : ` from ${address}`}`),
      linkClosed: (link) => void told.push(`closed ${link}`),
      peerRefused: (address) => void told.push(`refused ${address}`),
    },
  );
  const { port } = await connections.listen({ host: "127.0.0.1", port: 0 });
  onTestFinished(async () => await connections.stop(0));
  return { connections, address: `127.0.0.1:${port}`, told, warnings };
}

it("E1: keeps one connection to an address, and answers on the one on which a question came", async () => {
  const a = await bench();
  const b = await bench();
  a.connections.send({ address: b.address }, new Uint8Array(5));
  a.connections.send({ address: b.address }, new Uint8Array(6));
  await until(() => b.told.length === 2);
  expect(b.told).toEqual(["message 1", "message 1"]);
  b.connections.send({ link: 1 }, new Uint8Array(7));
  b.connections.send({ link: 99 }, new Uint8Array(7)); // is gone: dropped
  await until(() => a.told.length === 1);
  expect(a.told).toEqual([`message 1 from ${b.address}`]);
});

it("E34: renew drops the kept connection, and the next send makes another", async () => {
  const a = await bench();
  const b = await bench();
  a.connections.send({ address: b.address }, new Uint8Array(5));
  await until(() => b.told.length === 1);
  a.connections.renew(b.address);
  a.connections.renew("127.0.0.1:1"); // to which there is none
  a.connections.send({ address: b.address }, new Uint8Array(5));
  await until(() => b.told.length === 3);
  expect(a.told).toEqual(["closed 1"]);
  expect(b.told.toSorted()).toEqual(["closed 1", "message 1", "message 2"]);
});

it("E32: says that a connection was refused, through a route as well", async () => {
  const [port] = await freePorts(1);
  const a = await bench({ routes: { "b.example:7": `127.0.0.1:${port}` } });
  a.connections.send({ address: `127.0.0.1:${port}` }, new Uint8Array(5));
  a.connections.send({ address: "b.example:7" }, new Uint8Array(5));
  await until(() => a.told.length === 4);
  expect(a.told.toSorted()).toEqual(["closed 1", "closed 2", `refused 127.0.0.1:${port}`, "refused b.example:7"]);
});

it("drops what goes nowhere", async () => {
  const a = await bench();
  for (const address of ["", ":1", "a", "a:0", "[x]:1", "a b:1", "x".repeat(256)]) {
    a.connections.send({ address }, new Uint8Array(5));
  }
  expect(a.told).toEqual([]);
});

it("does not dial an address again within redialMs", async () => {
  const server = await fakeServer((socket) => socket.destroy());
  const others = [await fakeServer((socket) => socket.write(hello)), await fakeServer((socket) => socket.write(hello))];
  vi.useFakeTimers({ toFake: ["performance"] });
  const a = await bench({ redialMs: 100 });
  const sendAfter = (ms: number, { address }: FakeServer): void => {
    vi.advanceTimersByTime(ms);
    a.connections.send({ address }, new Uint8Array(5));
  };
  sendAfter(0, server);
  await until(() => a.told.length === 1);
  for (const other of others) {
    const place = a.told.length;
    sendAfter(99, server);
    sendAfter(0, other); // takes the next number, unless there was another connection before it
    sendAfter(1, server);
    await until(() => a.told.length === place + 2);
  }
  const [second, fourth] = others.map(({ address }, index) => `message ${2 * index + 2} from ${address}`);
  expect(a.told.toSorted()).toEqual(["closed 1", "closed 3", "closed 5", second, fourth]);
});

it("keeps at most maxOutgoing connections: the one that was not used for longest gives way", async () => {
  const servers = await Promise.all([1, 2, 3].map(async () => await fakeServer(() => {})));
  const [one, two, three] = servers;
  const a = await bench({ maxOutgoing: 2 });
  for (const server of [one, two, one, three]) a.connections.send({ address: server?.address ?? "" }, hello);
  expect(a.told).toEqual(["closed 2"]);
});

it("turns away what comes beyond maxConnections, and says so", async () => {
  const a = await bench({ maxConnections: 2 });
  const first = await dial(a.address);
  await dial(a.address);
  const third = await dial(a.address);
  await once(third, "close");
  expect(a.warnings).toEqual(["a connection was turned away: there are maxConnections already"]);
  first.write(hello);
  await until(() => a.told.length === 1);
});

it("B8: of connections on which nothing valid came keeps maxSilent, the newest, and none of them costs one that has spoken", async () => {
  const a = await bench({ maxSilent: 3 });
  const first = await dial(a.address);
  first.write(hello);
  await until(() => a.told.length === 1);
  const silent = [await dial(a.address)];
  const gone = closed(silent[0] as Socket);
  for (let count = 1; count < 4; count++) silent.push(await dial(a.address));
  await gone;
  expect(a.told).toEqual(["message 1", "closed 2"]);
  expect(a.warnings).toEqual(["a silent connection was closed: there are more than maxSilent"]);
  silent[1]?.write(hello); // which makes room for another
  await until(() => a.told.length === 3);
  await dial(a.address);
  first.write(hello);
  await until(() => a.told.length === 4);
  expect(a.told.slice(2)).toEqual(["message 3", "message 1"]);
});

it("keeps no more than maxWaitingMessages for a connection that is being made", async () => {
  const b = await bench();
  const a = await bench({ maxWaitingMessages: 3 });
  for (let count = 0; count < 10; count++) a.connections.send({ address: b.address }, new Uint8Array(5));
  await until(() => b.told.length === 3);
  a.connections.send({ address: b.address }, new Uint8Array(5));
  await until(() => b.told.length === 4);
  const c = await bench({ maxUnsentBytes: 9_000 });
  for (let count = 0; count < 10; count++) c.connections.send({ address: b.address }, new Uint8Array(4_000));
  await until(() => b.told.length === 6);
  c.connections.send({ address: b.address }, new Uint8Array(5));
  await until(() => b.told.length === 7);
});

it("drops a peer that never reads once maxUnsentBytes wait for it", async () => {
  const a = await bench({ maxUnsentBytes: 50_000 });
  const peer = await dial(a.address);
  peer.pause();
  peer.write(hello);
  await until(() => a.told.length === 1);
  let sent = 0;
  for (; a.told.length === 1 && sent < 100_000; sent++) {
    a.connections.send({ link: 1 }, new Uint8Array(4_096));
    if (sent % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(a.told[1]).toBe("closed 1");
  expect(sent).toBeLessThan(100_000);
});

it("gives up a connection that is not made within connectTimeoutMs", async () => {
  // Nobody takes connections out of its queue, and the queue is soon full.
  const script =
    'const s = require("net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => { console.log("listening on 127.0.0.1:" + s.address().port); })';
  await using stopped = start(process.execPath, ["-e", script]);
  const address = `127.0.0.1:${await stopped.port()}`;
  stopped.signal("SIGSTOP");
  const filling = Array.from({ length: 4 }, async () => await dial(address));
  filling.map((one) => one.catch(() => {}));
  await Promise.race(filling);
  const a = await bench({ connectTimeoutMs: 50 });
  a.connections.send({ address }, hello);
  a.connections.send({ address }, hello);
  await until(() => a.told.length === 1);
  expect(a.told).toEqual(["closed 1"]);
});

it("B8: closes connections on which no message came for silentTimeoutMs, also where bytes trickle, and no others", async () => {
  const a = await bench({ silentTimeoutMs: 120 });
  const good = await dial(a.address);
  good.write(hello);
  await until(() => a.told.length === 1);
  const silent = await dial(a.address);
  const trickling = await dial(a.address);
  const timer = setInterval(() => trickling.write(new Uint8Array(1)), 20); // a frame of no bytes after 8 of them ...
  onTestFinished(() => clearInterval(timer));
  trickling.write(new Uint8Array([0, 0, 0, 0, 0, 0, 15])); // ... would be one, but it is of 3,840
  await Promise.all([closed(silent), closed(trickling)]);
  expect(a.told.toSorted()).toEqual(["closed 2", "closed 3", "message 1"]);
  expect(a.warnings).toEqual(["a connection on which no message came was closed"]);
  expect(good.destroyed).toBe(false);
});

it("closes idle connections after idleTimeoutMs, those of its own after half of it", async () => {
  const server = await fakeServer(() => {});
  vi.useFakeTimers({ toFake: ["performance", "setInterval", "clearInterval"] }); // what sweeps, and its clock
  const a = await bench({ idleTimeoutMs: 120 });
  const peer = await dial(a.address);
  peer.write(hello);
  a.connections.send({ address: server.address }, hello);
  await until(() => a.told.length === 1);
  const [own, others] = a.told[0] === "message 1" ? [2, 1] : [1, 2];
  vi.advanceTimersByTime(59);
  expect(a.told).toEqual([`message ${others}`]);
  vi.advanceTimersByTime(1);
  expect(a.told.slice(1)).toEqual([`closed ${own}`]);
  vi.advanceTimersByTime(59);
  expect(a.told).toHaveLength(2);
  vi.advanceTimersByTime(1);
  await once(peer, "close");
  expect(a.told.slice(2)).toEqual([`closed ${others}`]);
});

it("E5: warns of addresses where nobody listens or everything is refused, and of peers that it refuses", async () => {
  const [port] = await freePorts(1);
  const nobody = `127.0.0.1:${port}`;
  const refusing = await fakeServer((socket) => socket.on("data", () => socket.end()));
  const a = await bench();
  for (let round = 1; round <= 3; round++) {
    for (const address of [nobody, refusing.address]) a.connections.send({ address }, hello);
    await until(() => a.told.filter((one) => one.startsWith("closed")).length === 2 * round);
  }
  expect([a.connections.troubleAt(nobody, 1), a.connections.troubleAt(refusing.address, 1)]).toEqual([
    "nobody listens",
    "closes connections without an answer",
  ]);
  const peer = await dial(a.address);
  peer.write("GET / HTTP/1.1\r\n\r\n");
  await once(peer, "close");
  expect(a.warnings.toSorted()).toEqual([
    expect.stringMatching(/^127\.0\.0\.1:\d+ closes connections without an answer: /),
    expect.stringMatching(/^a peer at 127\.0\.0\.1:\d+ was refused$/),
    `nobody listens at ${nobody}`,
  ]);
});
