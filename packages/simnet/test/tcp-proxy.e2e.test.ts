import { connect } from "node:net";
import { performance } from "node:perf_hooks";
import { describe, expect, it } from "vitest";
import { start, startTypeScript } from "../../../test/process.js";
import { scratchFolder } from "../../../test/scratch.js";
import { Random } from "../src/core/random.js";
import { TcpProxy, type TcpProxyOptions } from "../src/node/tcp-proxy.js";
import { TcpPeer, TcpServer } from "./tcp-peers.js";

const KIB = 1024;
const MIB = 1024 * KIB;

async function proxyTo(
  server: TcpServer | number,
  options: Omit<TcpProxyOptions, "to"> = {},
): Promise<{ proxy: TcpProxy; port: number } & AsyncDisposable> {
  const proxy = new TcpProxy({ to: { port: typeof server === "number" ? server : server.port }, ...options });
  const { port } = await proxy.listen();
  return { proxy, port, [Symbol.asyncDispose]: () => proxy.close() };
}

function content(length: number): Buffer {
  return Buffer.from(new Random(length).bytes(length));
}

describe("N58: bytes", () => {
  it.each([
    ["nothing", {}, 5 * MIB],
    ["delay and jitter", { latencyMs: 5, jitterMs: 5 }, MIB],
    ["a rate", { bytesPerSecond: 4e6 }, MIB],
    ["lost segments", { drop: 0.02, retransmitMs: 5 }, MIB],
    ["segments of 1 byte", { segmentBytes: 1 }, 20_000],
    ["segments of 1 to 100 bytes", { segmentBytes: [1, 100] }, 300_000],
  ] as const)("N58: arrive whole and in order through %s, both ways", async (_, impairments, length) => {
    await using server = await TcpServer.echo();
    await using between = await proxyTo(server, { toServer: impairments, seed: 7 });
    await using client = await TcpPeer.connect(between.port);
    const bytes = content(length);
    client.socket.end(bytes);
    expect((await client.ended()).equals(bytes)).toBe(true);
    expect(await client.closed).toBe("closed");
    expect(between.proxy.counters("to-server").receivedBytes).toBe(length);
    expect(between.proxy.counters("to-client").forwardedBytes).toBe(length);
  });

  it("N58: are cut at the segments: a reader sees pieces of at most 10 bytes, told apart", async () => {
    const lengths: number[] = [];
    await using server = await TcpServer.echo();
    await using between = await proxyTo(server, {
      toServer: { segmentBytes: 10 },
      toClient: {},
      onSegment: ({ side, what, bytes }) => void (side === "server" && what === "bytes" && lengths.push(bytes.length)),
    });
    await using client = await TcpPeer.connect(between.port);
    client.socket.end(content(1_000));
    await client.ended();
    expect(
      lengths.filter((length) => length > 0 && length <= 10).reduce((sum, one) => sum + one, 0),
    ).toBeGreaterThanOrEqual(1_000);
  });

  it("N58: each side ends on its own: the server answers after the client's end, and may end first", async () => {
    await using server = await TcpServer.open();
    await using between = await proxyTo(server, { toServer: { latencyMs: 5 } });
    await using client = await TcpPeer.connect(between.port);
    client.socket.end("question");
    const peer = await server.peer();
    expect(String(await peer.ended())).toBe("question");
    peer.socket.end("answer");
    expect(String(await client.ended())).toBe("answer");
    expect([await client.closed, await peer.closed]).toEqual(["closed", "closed"]);

    await using second = await TcpPeer.connect(between.port);
    const other = await server.peer(1);
    other.socket.end("greeting");
    expect(String(await second.ended())).toBe("greeting");
    second.socket.end("late words");
    expect(String(await other.ended())).toBe("late words");
  });

  it("N59: the same seed corrupts the same bytes; another seed, others", async () => {
    const heard = async (seed: number): Promise<Buffer> => {
      await using server = await TcpServer.echo();
      await using between = await proxyTo(server, { toServer: { corrupt: 0.1 }, toClient: {}, seed });
      await using client = await TcpPeer.connect(between.port);
      client.socket.end(content(200_000));
      return await client.ended();
    };
    const first = await heard(1);
    expect(first.length).toBe(200_000);
    expect(first.equals(content(200_000))).toBe(false);
    expect((await heard(1)).equals(first)).toBe(true);
    expect((await heard(2)).equals(first)).toBe(false);
  });

  it("N60: not before delay and rate let them: 2,000 bytes at 10,000 B/s and 50 ms each way", async () => {
    await using server = await TcpServer.echo();
    await using between = await proxyTo(server, { toServer: { latencyMs: 50, bytesPerSecond: 10_000 } });
    await using client = await TcpPeer.connect(between.port);
    const began = performance.now();
    client.socket.write(content(2_000));
    await client.until((heard) => heard.length === 2_000);
    expect(performance.now() - began).toBeGreaterThanOrEqual(200 + 50 + 50);
  });

  it("N58: three hundred connections at once do not mix", async () => {
    await using server = await TcpServer.echo();
    await using between = await proxyTo(server, { toServer: { latencyMs: 2, jitterMs: 5, segmentBytes: [1, 2_000] } });
    const clients = await Promise.all(Array.from({ length: 300 }, () => TcpPeer.connect(between.port)));
    const right = await Promise.all(
      clients.map(async (client, at) => {
        client.socket.end(content(2_000 + at));
        return (await client.ended()).equals(content(2_000 + at));
      }),
    );
    expect(right.every((one) => one)).toBe(true);
    await Promise.all(clients.map(({ closed }) => closed));
    while (between.proxy.connections.length > 0) await turn();
    expect(between.proxy.accepted).toBe(300);
  });
});

describe("N61: a slow reader", () => {
  it("N61: stops the writer: the proxy holds bufferBytes and a read more, and all arrives when it reads", async () => {
    await using server = await TcpServer.open(({ socket }) => socket.pause());
    await using between = await proxyTo(server, { bufferBytes: 64 * KIB });
    await using client = await TcpPeer.connect(between.port);
    const bytes = content(32 * MIB);
    client.socket.end(bytes);
    const peer = await server.peer();
    const [connection] = between.proxy.connections;
    let most = 0;
    let quiet = 0;
    for (let received = -1; quiet < 200; await turn()) {
      most = Math.max(most, connection?.bufferedBytes("to-server") ?? 0);
      const now = between.proxy.counters("to-server").receivedBytes;
      quiet = now === received ? quiet + 1 : 0;
      received = now;
    }
    expect(most).toBeLessThanOrEqual(64 * KIB + 64 * KIB + 64 * KIB);
    expect(between.proxy.counters("to-server").receivedBytes).toBeLessThan(bytes.length);
    peer.socket.resume();
    expect((await peer.ended()).equals(bytes)).toBe(true);
  });

  it("N61: one that reads a byte at a time of a buffer of a byte gets all of it", async () => {
    await using server = await TcpServer.echo();
    await using between = await proxyTo(server, { bufferBytes: 1, toServer: { latencyMs: 1, segmentBytes: 1_000 } });
    await using client = await TcpPeer.connect(between.port);
    const bytes = content(300_000);
    client.socket.end(bytes);
    expect((await client.ended()).equals(bytes)).toBe(true);
  });
});

describe("N62: resets and refusals", () => {
  it("N62: a reset of the server comes through behind its bytes", async () => {
    await using server = await TcpServer.open();
    await using between = await proxyTo(server, { toServer: { latencyMs: 20 } });
    await using client = await TcpPeer.connect(between.port);
    const peer = await server.peer();
    client.socket.write("question");
    await peer.until((heard) => heard.length === 8);
    peer.socket.write("half a messa");
    while (between.proxy.counters("to-client").receivedBytes < 12) await turn();
    peer.socket.resetAndDestroy();
    expect(await client.closed).toBe("ECONNRESET");
    expect(client.text).toBe("half a messa");
  });

  it("N62: a reset of the client comes through, after its end too", async () => {
    await using server = await TcpServer.open();
    await using between = await proxyTo(server);
    const first = await TcpPeer.connect(between.port);
    const peer = await server.peer();
    first.socket.resetAndDestroy();
    expect(await peer.closed).toBe("ECONNRESET");
    const second = await TcpPeer.connect(between.port);
    const other = await server.peer(1);
    second.socket.end("the end");
    await other.ended();
    second.socket.resetAndDestroy();
    while (!other.socket.destroyed) {
      other.socket.write("to nobody"); // after an end nobody looks for a reset but who writes
      await turn();
    }
    expect(await other.closed).toMatch(/ECONNRESET|EPIPE/);
    while (between.proxy.connections.length > 0) await turn();
  });

  it("N62: where nobody listens the client is reset, and the refusal is counted", async () => {
    const gone = await TcpServer.open();
    const port = gone.port;
    await gone[Symbol.asyncDispose]();
    await using between = await proxyTo(port);
    await using client = new TcpPeer(connect(between.port, "127.0.0.1"));
    client.socket.write("is anybody there?");
    expect(await client.closed).toBe("ECONNRESET");
    expect(between.proxy.refused).toBe(1);
    while (between.proxy.connections.length > 0) await turn();
  });

  it("N62: kill -9 of the server resets its connections; the proxy goes on with the next server at that port", async () => {
    const folder = scratchFolder({
      "server.mjs": `
        import { createServer } from "node:net";
        const server = createServer((socket) => socket.on("error", () => {}).pipe(socket));
        server.listen(Number(process.argv[2]), "127.0.0.1", () => console.log("listening on 127.0.0.1:" + server.address().port));
      `,
    });
    const first = start(process.execPath, [`${folder}/server.mjs`, "0"]);
    const port = await first.port();
    await using between = await proxyTo(port);
    await using client = await TcpPeer.connect(between.port);
    client.socket.write("hello");
    await client.until((heard) => heard.length === 5);
    first.kill("SIGKILL");
    await Promise.race([client.ended(), client.closed]); // the system ends it, or resets it where bytes were unread
    await using again = start(process.execPath, [`${folder}/server.mjs`, String(port)]);
    await again.port();
    await using second = await TcpPeer.connect(between.port);
    second.socket.end("hello again");
    expect(String(await second.ended())).toBe("hello again");
  });
});

describe("N63: cut and heal", () => {
  it("N63: freeze: nothing crosses and nobody is told; new connections wait; all goes on when it heals", async () => {
    await using server = await TcpServer.echo();
    await using between = await proxyTo(server);
    await using client = await TcpPeer.connect(between.port);
    client.socket.write("before ");
    await client.until((heard) => heard.length === 7);
    between.proxy.cut();
    client.socket.write("during ");
    await using late = await TcpPeer.connect(between.port);
    late.socket.write("late ");
    while (between.proxy.counters("to-server").receivedBytes < 19) await turn();
    for (let count = 0; count < 20; count++) await turn();
    expect([client.text, server.peers.length, late.text]).toEqual(["before ", 1, ""]);
    between.proxy.heal();
    client.socket.end("after");
    late.socket.end();
    expect(String(await client.ended())).toBe("before during after");
    expect(String(await late.ended())).toBe("late ");
  });

  it("N63: one way: the server hears the client, the client does not hear the server", async () => {
    await using server = await TcpServer.echo();
    await using between = await proxyTo(server);
    await using client = await TcpPeer.connect(between.port);
    const peer = await server.peer();
    between.proxy.cut({ direction: "to-client" });
    client.socket.write("one way");
    await peer.until((heard) => heard.length === 7);
    while (between.proxy.counters("to-client").receivedBytes < 7) await turn();
    expect(client.text).toBe("");
    between.proxy.heal("to-client");
    await client.until((heard) => heard.length === 7);
    expect(client.text).toBe("one way");
  });

  it("N63: reset: every connection is reset, and every new one until it heals", async () => {
    await using server = await TcpServer.echo();
    await using between = await proxyTo(server);
    await using client = await TcpPeer.connect(between.port);
    const peer = await server.peer();
    between.proxy.cut({ how: "reset" });
    expect([await client.closed, await peer.closed]).toEqual(["ECONNRESET", "ECONNRESET"]);
    const turnedAway = new TcpPeer(connect(between.port, "127.0.0.1"));
    expect(await turnedAway.closed).toBe("ECONNRESET");
    expect(between.proxy.turnedAway).toBe(1);
    between.proxy.heal();
    await using second = await TcpPeer.connect(between.port);
    second.socket.end("healed");
    expect(String(await second.ended())).toBe("healed");
  });

  it("N63: refuse: the system refuses new connections, those that stand go on; accept: at the same port again", async () => {
    await using server = await TcpServer.echo();
    await using between = await proxyTo(server);
    await using client = await TcpPeer.connect(between.port);
    await between.proxy.refuse();
    expect(await new TcpPeer(connect(between.port, "127.0.0.1")).closed).toBe("ECONNREFUSED");
    client.socket.write("still here");
    await client.until((heard) => heard.length === 10);
    await between.proxy.accept();
    await using second = await TcpPeer.connect(between.port);
    second.socket.end("again");
    expect(String(await second.ended())).toBe("again");
  });

  it("N63: a client that goes while it waits for a cut to heal leaves nothing behind", async () => {
    await using server = await TcpServer.echo();
    await using between = await proxyTo(server);
    between.proxy.cut();
    const client = await TcpPeer.connect(between.port);
    while (between.proxy.connections.length === 0) await turn();
    client.socket.resetAndDestroy();
    while (between.proxy.connections.length > 0) await turn();
    expect(server.peers).toEqual([]);
  });
});

describe("N64: in the middle of a message", () => {
  it.each([1, 7, 1_000, 100_000])("N64: a connection is reset when exactly %i bytes have crossed", async (bytes) => {
    await using server = await TcpServer.echo();
    await using between = await proxyTo(server, { cutAfter: { direction: "to-client", bytes, how: "reset" } });
    await using client = await TcpPeer.connect(between.port);
    client.socket.write(content(200_000));
    expect(await client.closed).toMatch(/ECONNRESET|EPIPE/);
    expect(client.heard.equals(content(200_000).subarray(0, bytes))).toBe(true);
    expect(await (await server.peer()).closed).toMatch(/ECONNRESET|EPIPE/);
  });

  it("N64: one connection is frozen after so many bytes, the others go on; healed, it goes on where it was", async () => {
    await using server = await TcpServer.echo();
    await using between = await proxyTo(server);
    await using client = await TcpPeer.connect(between.port);
    await using other = await TcpPeer.connect(between.port);
    while (between.proxy.connections.length < 2) await turn();
    const [first] = between.proxy.connections;
    first?.cutAfter("to-client", 4, "freeze");
    client.socket.end("a message");
    other.socket.end("a message");
    expect(String(await other.ended())).toBe("a message");
    await client.until((heard) => heard.length === 4);
    while (between.proxy.counters("to-client").receivedBytes < 18) await turn();
    expect(client.text).toBe("a me");
    first?.heal();
    expect(String(await client.ended())).toBe("a message");
  });

  it("N64: reset() ends one connection on both sides", async () => {
    await using server = await TcpServer.echo();
    await using between = await proxyTo(server);
    await using client = await TcpPeer.connect(between.port);
    const peer = await server.peer();
    between.proxy.connections[0]?.reset();
    expect([await client.closed, await peer.closed]).toEqual(["ECONNRESET", "ECONNRESET"]);
  });
});

it("N65: no more connections than maxConnections: others are reset, and there is room when one has gone", async () => {
  await using server = await TcpServer.echo();
  await using between = await proxyTo(server, { maxConnections: 1 });
  await using client = await TcpPeer.connect(between.port);
  while (between.proxy.connections.length === 0) await turn();
  expect(await new TcpPeer(connect(between.port, "127.0.0.1")).closed).toBe("ECONNRESET");
  client.socket.end();
  await client.closed;
  while (between.proxy.connections.length > 0) await turn();
  await using second = await TcpPeer.connect(between.port);
  second.socket.end("room");
  expect(String(await second.ended())).toBe("room");
});

it("N57: close() leaves nothing behind: the process ends by itself, whatever was on its way", async () => {
  const proxy = new URL("../src/node/tcp-proxy.ts", import.meta.url).href;
  const folder = scratchFolder({
    "main.mts": `
      import { connect, createServer } from "node:net";
      import { once } from "node:events";
      const { TcpProxy } = await import(${JSON.stringify(proxy)});
      const server = createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
      await once(server, "listening");
      const proxy = new TcpProxy({ to: { port: server.address().port }, toServer: { latencyMs: 100_000 } });
      const { port } = await proxy.listen();
      const clients = Array.from({ length: 5 }, () => connect(port, "127.0.0.1").on("error", () => {}));
      for (const client of clients) client.write("on its way");
      while (proxy.counters("to-server").receivedBytes < 50) await new Promise((resolve) => setImmediate(resolve));
      server.close();
      await proxy.close();
      await proxy.close();
      console.log("closed", proxy.connections.length);
    `,
  });
  const { code, stdout, stderr } = await startTypeScript(`${folder}/main.mts`).exited;
  expect([code, stdout, stderr]).toEqual([0, "closed 0\n", ""]);
});

it.each([
  [{ to: { port: 70_000 } }, /to\.port must be an integer from 1 to 65535/],
  [{ to: { port: 1 }, maxConnections: 0 }, /maxConnections must be an integer from 1/],
  [{ to: { port: 1 }, bufferBytes: 0 }, /bufferBytes must be/],
  [{ to: { port: 1 }, connectTimeoutMs: 0 }, /connectTimeoutMs must be/],
  [{ to: { port: 1 }, toServer: { segmentBytes: 0 } }, /segmentBytes must be/],
  [{ to: { port: 1 }, toClient: { drop: -1 } }, /drop must be/],
  [{ to: { port: 1 }, cutAfter: { direction: "to-client", bytes: -1, how: "reset" } }, /cutAfter\.bytes must be/],
] as const)("N65: refuses %o", (options, message) => {
  expect(() => new TcpProxy(options)).toThrow(message);
});

/** A turn of the event loop, in which sockets are looked at. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
