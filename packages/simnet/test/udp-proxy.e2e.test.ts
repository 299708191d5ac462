import { performance } from "node:perf_hooks";
import { describe, expect, it } from "vitest";
import { start, startTypeScript } from "../../../test/process.js";
import { scratchFolder } from "../../../test/scratch.js";
import type { TraceEvent } from "../src/core/trace.js";
import { UdpProxy, type UdpProxyOptions } from "../src/node/udp-proxy.js";
import { UdpPeer } from "./udp-peers.js";

async function proxyTo(
  server: UdpPeer | number,
  options: Omit<UdpProxyOptions, "to"> = {},
): Promise<{ proxy: UdpProxy; port: number } & AsyncDisposable> {
  const proxy = new UdpProxy({ to: { port: typeof server === "number" ? server : server.port }, ...options });
  const { port } = await proxy.listen();
  return { proxy, port, [Symbol.asyncDispose]: () => proxy.close() };
}

function numbered(count: number, length = 100): Uint8Array[] {
  return Array.from({ length: count }, (_, at) => Buffer.alloc(length, `${at} `));
}

describe("N50: a perfect proxy", () => {
  it("N50: gives every datagram to the server as it is, and every answer to the client, empty and largest included", async () => {
    await using server = await UdpPeer.echo();
    await using client = await UdpPeer.open();
    await using between = await proxyTo(server);
    const sizes = [0, 1, 1_400, 9_000, 65_507];
    for (const [at, size] of sizes.entries()) {
      await client.send(between.port, Buffer.alloc(size, at + 1));
      await client.hears(at + 1);
    }
    const expected = sizes.map((size, at) => Buffer.alloc(size, at + 1));
    expect(server.heard.map((one, at) => one.equals(expected[at] as Buffer))).toEqual(sizes.map(() => true));
    expect(client.heard.map((one, at) => one.equals(expected[at] as Buffer))).toEqual(sizes.map(() => true));
  });

  it("N50: keeps a hundred clients apart: each has a port of its own at the server, and hears its own answers alone", async () => {
    await using server = await UdpPeer.echo();
    await using between = await proxyTo(server);
    const clients = await Promise.all(Array.from({ length: 100 }, () => UdpPeer.open()));
    for (let round = 0; round < 3; round++) {
      await Promise.all(clients.map((client, at) => client.send(between.port, `client ${at} round ${round}`)));
      await Promise.all(clients.map((client) => client.hears(round + 1)));
    }
    for (const [at, client] of clients.entries()) {
      expect(client.texts).toEqual([0, 1, 2].map((round) => `client ${at} round ${round}`));
    }
    expect(server.ports.size).toBe(100);
    expect(between.proxy.clients).toBe(100);
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
  });

  it("N50: sends from the port to which the client sent", async () => {
    await using server = await UdpPeer.echo();
    await using client = await UdpPeer.open();
    await using between = await proxyTo(server);
    await client.send(between.port, "a");
    await client.hears(1);
    expect([...client.ports]).toEqual([between.port]);
  });
});

describe("N51: the fate of datagrams", () => {
  const impairments = { drop: 0.2, duplicate: 0.2, corrupt: 0.2, reorder: 0.2, reorderMs: 1, jitterMs: 1 };

  /** What became of each of a client's datagrams: lost, or how often it came and in which state. */
  async function fates(seed: number, disturb: boolean): Promise<string[]> {
    const said = new Map<number, string>();
    const events: TraceEvent[] = [];
    await using server = await UdpPeer.open();
    await using client = await UdpPeer.open();
    await using other = await UdpPeer.open();
    await using between = await proxyTo(server, {
      toServer: impairments,
      seed,
      onEvent: (event) => events.push(event),
    });
    const { proxy } = between;
    const settled = (): boolean => {
      const { received, duplicated, forwarded, lost } = proxy.counters("to-server");
      return received === (disturb ? 200 : 100) && received + duplicated === forwarded + lost.drop;
    };
    for (const [at, bytes] of numbered(100).entries()) {
      await client.send(between.port, bytes);
      while (proxy.clients === 0) await turn(); // this one is the first
      if (disturb) await other.send(between.port, `noise ${at}`);
      if (at % 20 === 0) while (proxy.counters("to-server").received <= at) await turn(); // or the system loses some
    }
    while (!settled()) await turn();
    let sent = 0;
    for (const event of events) {
      if (!("from" in event) || typeof event.from === "string" || event.from.node !== "client-1") continue;
      if (event.type === "datagram-sent") said.set(event.id, `${sent++}`);
      else if (event.type === "datagram-lost") said.set(event.id, `${said.get(event.id)} ${event.why}`);
      else if (event.type === "datagram-arrived") {
        const bytes = Buffer.from(event.bytes).toString("hex");
        said.set(event.id, `${said.get(event.id)} ${event.copy} ${event.reordered} ${bytes}`);
      }
    }
    return [...said.values()];
  }

  it("N51: the same seed and the same datagrams meet the same fate, whatever another client does; another seed, another", async () => {
    const first = await fates(7, false);
    expect(first).toHaveLength(100);
    expect(await fates(7, true)).toEqual(first);
    expect(await fates(8, false)).not.toEqual(first);
  });

  it("N51, N56: as many are lost, doubled, corrupted and held back as the probabilities say, and each is counted", async () => {
    await using server = await UdpPeer.open();
    await using client = await UdpPeer.open();
    await using between = await proxyTo(server, { toServer: impairments, seed: 7 });
    const { proxy } = between;
    for (const [at, bytes] of numbered(1_000).entries()) {
      await client.send(between.port, bytes);
      if (at % 50 === 0) while (proxy.counters("to-server").received <= at) await turn(); // or the system loses some
    }
    const settled = (): boolean => {
      const { received, duplicated, forwarded, lost } = proxy.counters("to-server");
      return received === 1_000 && received + duplicated === forwarded + lost.drop;
    };
    while (!settled()) await turn();
    const { forwarded, duplicated, corrupted, reordered, lost, receivedBytes, forwardedBytes } =
      proxy.counters("to-server");
    // Of 1,000 with probability 0.2 (of the 800 that are not lost, for the others): four standard deviations.
    expect(Math.abs(lost.drop - 200)).toBeLessThan(51);
    for (const count of [duplicated, corrupted, reordered]) expect(Math.abs(count - 160)).toBeLessThan(47);
    expect([receivedBytes, forwardedBytes]).toEqual([100_000, 100 * forwarded]);
    await server.hears(forwarded);
    expect(server.heard).toHaveLength(forwarded);
  });

  it("N51: each direction has impairments of its own", async () => {
    await using server = await UdpPeer.echo();
    await using client = await UdpPeer.open();
    await using between = await proxyTo(server, { toServer: { duplicate: 1 }, toClient: { drop: 1 } });
    await client.send(between.port, "a");
    await server.hears(2);
    while (between.proxy.counters("to-client").lost.drop < 2) await turn();
    expect(client.heard).toEqual([]);
  });
});

describe("N52: time", () => {
  it("N52: nothing arrives before its delay and the line let it: 1,400 bytes at 10,000 B/s and 50 ms each way", async () => {
    await using server = await UdpPeer.echo();
    await using client = await UdpPeer.open();
    await using between = await proxyTo(server, { toServer: { latencyMs: 50, bytesPerSecond: 10_000 } });
    const began = performance.now();
    await client.send(between.port, ...numbered(2, 1_400));
    await client.hears(1);
    expect(performance.now() - began).toBeGreaterThanOrEqual(2 * (140 + 50));
    await client.hears(2);
    expect(performance.now() - began).toBeGreaterThanOrEqual(140 + 140 + 50 + 140 + 50);
  });

  it("N52: jitter alone keeps the order, and what is held back is overtaken", async () => {
    await using server = await UdpPeer.open();
    await using client = await UdpPeer.open();
    await using between = await proxyTo(server, { toServer: { latencyMs: 5, jitterMs: 20 }, seed: 3 });
    const datagrams = numbered(50);
    await client.send(between.port, ...datagrams);
    await server.hears(50);
    expect(server.texts).toEqual(datagrams.map(String));
    between.proxy.change({ reorder: 1, reorderMs: 1_000 }); // far longer than the machine pauses between the two
    await client.send(between.port, "slow");
    while (between.proxy.counters("to-server").received < 51) await turn();
    between.proxy.change({});
    await client.send(between.port, "fast");
    await server.hears(52);
    expect(server.texts.slice(50)).toEqual(["fast", "slow"]);
  });

  it("N52: a full queue loses what comes: of a burst of ten, three are on the line", async () => {
    await using server = await UdpPeer.open();
    await using client = await UdpPeer.open();
    await using between = await proxyTo(server, { toServer: { bytesPerSecond: 1_000, queuePackets: 3 } });
    await client.send(between.port, ...numbered(10));
    await server.hears(3);
    expect(between.proxy.counters("to-server").lost.queue).toBe(7);
  });
});

describe("N53: bounds", () => {
  it("N53: no more clients than maxClients: the others' datagrams are lost and counted, and present ones are not harmed", async () => {
    await using server = await UdpPeer.echo();
    await using between = await proxyTo(server, { maxClients: 2 });
    const clients = await Promise.all(Array.from({ length: 3 }, () => UdpPeer.open()));
    for (const [at, client] of clients.entries()) {
      await client.send(between.port, "a");
      while (between.proxy.counters("to-server").received <= at) await turn();
    }
    await clients[0]?.hears(1);
    await clients[1]?.send(between.port, "b");
    await clients[1]?.hears(2);
    expect(between.proxy.counters("to-server").lost.clients).toBe(1);
    expect(clients[2]?.heard).toEqual([]);
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
  });

  it("N53: a silent client makes room after idleTimeoutMs, and comes back as a new one; one that waits for a packet does not", async () => {
    await using server = await UdpPeer.echo();
    await using first = await UdpPeer.open();
    await using second = await UdpPeer.open();
    await using between = await proxyTo(server, {
      maxClients: 1,
      idleTimeoutMs: 30,
      toServer: { latencyMs: 120 },
      toClient: {},
    });
    await first.send(between.port, "a");
    await first.hears(1); // although the timeout is shorter than the delay
    for (let tries = 0; second.heard.length === 0 && tries < 10_000; tries++) {
      if (between.proxy.clients === 1) await second.send(between.port, "b");
      await turn();
    }
    await second.until(() => second.heard.length > 0);
    expect(between.proxy.clients).toBe(2);
    expect(server.ports.size).toBe(2);
  });

  it.each([
    ["packets", { maxHeldPackets: 5 }, 100],
    ["bytes", { maxHeldBytes: 70_000 }, 14_000],
  ] as const)(
    "N53: no more %s are held than the option says, and what comes beyond is lost",
    async (_, limit, length) => {
      await using server = await UdpPeer.open();
      await using client = await UdpPeer.open();
      await using between = await proxyTo(server, { ...limit, toServer: { latencyMs: 200 } });
      await client.send(between.port, ...numbered(12, length));
      await server.hears(5);
      expect(between.proxy.counters("to-server").lost.overflow).toBe(7);
      await client.send(between.port, "there is room again");
      await server.hears(6);
    },
  );
});

describe("N54: the server dies and comes back", () => {
  const server = `
    import { createSocket } from "node:dgram";
    const socket = createSocket("udp4");
    socket.on("message", (bytes, { port }) => socket.send(bytes, port, "127.0.0.1"));
    socket.bind(Number(process.argv[2]), "127.0.0.1", () => console.log("listening on 127.0.0.1:" + socket.address().port));
  `;

  it("N54: kill -9 of the server: the proxy and its clients go on when it is back at its port", async () => {
    const folder = scratchFolder({ "server.mjs": server });
    const file = `${folder}/server.mjs`;
    const first = start(process.execPath, [file, "0"]);
    const port = await first.port();
    await using client = await UdpPeer.open();
    await using between = await proxyTo(port);
    await client.send(between.port, "before");
    await client.hears(1);
    first.kill("SIGKILL");
    await first.exited;
    while (between.proxy.refusals === 0) {
      await client.send(between.port, "into the void");
      await turn();
    }
    await using second = start(process.execPath, [file, String(port)]);
    await second.port();
    await client.send(between.port, "after");
    await client.until(() => client.texts.includes("after"));
  });

  it("N54: the first datagram to a server that is back is not the one that pays for an earlier one", async () => {
    const gone = await UdpPeer.open();
    const port = gone.port;
    await gone[Symbol.asyncDispose]();
    await using client = await UdpPeer.open();
    await using between = await proxyTo(port);
    for (let round = 0; round < 20; round++) {
      await client.send(between.port, "nobody is there");
      while (between.proxy.counters("to-server").received <= 2 * round) await turn();
      await using server = await UdpPeer.open(undefined, port);
      await client.send(between.port, `round ${round}`);
      await server.until(() => server.texts.includes(`round ${round}`));
    }
  });
});

describe("N55: a cut", () => {
  it("N55: loses everything in its direction until it heals, for clients that come meanwhile too", async () => {
    await using server = await UdpPeer.echo();
    await using client = await UdpPeer.open();
    await using late = await UdpPeer.open();
    await using between = await proxyTo(server);
    between.proxy.cut("to-client");
    await client.send(between.port, "one way");
    await late.send(between.port, "one way too");
    while (between.proxy.counters("to-client").lost.cut < 2) await turn();
    expect(server.heard).toHaveLength(2);
    between.proxy.cut();
    await client.send(between.port, "lost");
    while (between.proxy.counters("to-server").lost.cut < 1) await turn();
    between.proxy.heal();
    await client.send(between.port, "healed");
    await client.hears(1);
    expect([client.texts, late.texts]).toEqual([["healed"], []]);
  });
});

it("N57: close() leaves nothing behind: the process ends by itself, whatever was on its way", async () => {
  const proxy = new URL("../src/node/udp-proxy.ts", import.meta.url).href;
  const folder = scratchFolder({
    "main.mts": `
      import { createSocket } from "node:dgram";
      import { once } from "node:events";
      const { UdpProxy } = await import(${JSON.stringify(proxy)});
      const server = createSocket("udp4").bind(0, "127.0.0.1");
      await once(server, "listening");
      const proxy = new UdpProxy({ to: { port: server.address().port }, toServer: { latencyMs: 100_000 } });
      const { port } = await proxy.listen();
      const client = createSocket("udp4");
      for (let count = 0; count < 10; count++) client.send("x", port, "127.0.0.1");
      while (proxy.counters("to-server").received < 10) await new Promise((resolve) => setImmediate(resolve));
      client.close();
      server.close();
      await proxy.close();
      await proxy.close();
      console.log("closed");
    `,
  });
  const { code, stdout, stderr } = await startTypeScript(`${folder}/main.mts`).exited;
  expect([code, stdout, stderr]).toEqual([0, "closed\n", ""]);
});

it.each([
  [{ to: { port: 0 } }, /to\.port must be an integer from 1 to 65535/],
  [{ to: { port: 1 }, maxClients: 0 }, /maxClients must be an integer from 1/],
  [{ to: { port: 1 }, idleTimeoutMs: 0.5 }, /idleTimeoutMs must be/],
  [{ to: { port: 1 }, maxHeldPackets: -1 }, /maxHeldPackets must be/],
  [{ to: { port: 1 }, maxHeldBytes: 10 }, /maxHeldBytes must be/],
  [{ to: { port: 1 }, toServer: { drop: 2 } }, /drop must be from 0 to 1, not 2/],
  [{ to: { port: 1 }, toClient: { latencyMs: -1 } }, /latencyMs must be/],
] as const)("N53: refuses %o", (options, message) => {
  expect(() => new UdpProxy(options)).toThrow(message);
});

it("N57: a port that is taken is an error, and leaves nothing open", async () => {
  await using taken = await UdpPeer.open();
  const proxy = new UdpProxy({ to: { port: 1 } });
  await expect(proxy.listen({ port: taken.port })).rejects.toThrow(/EADDRINUSE/);
});

/** A turn of the event loop, in which sockets are looked at. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
