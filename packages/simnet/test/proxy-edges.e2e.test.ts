/** What the proxies meet beside well-behaved programs on IPv4. */
import { Socket } from "node:dgram";
import { connect, createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { start } from "../../../test/process.js";
import { scratchFolder } from "../../../test/scratch.js";
import { Random } from "../src/core/random.js";
import { TcpProxy } from "../src/node/tcp-proxy.js";
import { UdpProxy } from "../src/node/udp-proxy.js";
import { TcpPeer, TcpServer } from "./tcp-peers.js";
import { UdpPeer } from "./udp-peers.js";

const hasIPv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === "::1"));

describe.runIf(hasIPv6)("IPv6", () => {
  it("N50, N58: the proxies listen at ::1 for a server at ::1", async () => {
    const echo = createServer({ allowHalfOpen: true }, (socket) => void socket.pipe(socket));
    await new Promise<void>((resolve) => echo.listen(0, "::1", resolve));
    const { port } = echo.address() as { readonly port: number };
    await using proxy = new TcpProxy({ to: { host: "::1", port } });
    const at = await proxy.listen({ host: "::1" });
    expect(at.host).toBe("::1");
    await using client = new TcpPeer(connect({ ...at, allowHalfOpen: true }));
    client.socket.end("over IPv6");
    expect(String(await client.ended())).toBe("over IPv6");
    await client.closed;
    echo.close();
  });

  it("N50: a client over IPv4 reaches a server over IPv6", async () => {
    await using server = await UdpPeer.open((bytes) => bytes, 0, "::1");
    await using client = await UdpPeer.open();
    await using proxy = new UdpProxy({ to: { host: "::1", port: server.port } });
    await client.send((await proxy.listen()).port, Buffer.alloc(65_507, 7));
    await client.hears(1);
    expect(client.heard[0]?.equals(Buffer.alloc(65_507, 7))).toBe(true);
  });
});

it("N54: a datagram from port 0, which nothing can be sent to, harms nobody", async () => {
  const bind = vi.spyOn(Socket.prototype, "bind");
  onTestFinished(() => bind.mockRestore());
  await using server = await UdpPeer.echo();
  await using proxy = new UdpProxy({ to: { port: server.port } });
  const { port } = await proxy.listen();
  // An ordinary socket has a port; what a raw one sends is told like this.
  const listener = bind.mock.contexts.at(-1) as Socket;
  listener.emit("message", Buffer.from("nobody"), { address: "127.0.0.1", family: "IPv4", port: 0, size: 6 });
  await using client = await UdpPeer.open();
  await client.send(port, Buffer.from("somebody"));
  await client.hears(1);
  expect(server.heard.map(String)).toEqual(["somebody"]);
});

it("N58: bytes that are no protocol's cross as they are, and a client that is reset amid them harms no other", async () => {
  await using server = await TcpServer.echo();
  await using proxy = new TcpProxy({ to: { port: server.port }, toServer: { segmentBytes: [1, 3_000] }, seed: 1 });
  const { port } = await proxy.listen();
  const garbage = Buffer.from(new Random(1).bytes(200_000));
  const clients = await Promise.all(Array.from({ length: 10 }, () => TcpPeer.connect(port)));
  for (const [at, { socket }] of clients.entries()) {
    socket.write(garbage);
    if (at % 2 === 1) socket.resetAndDestroy();
    else socket.end();
  }
  for (const client of clients.filter((_, at) => at % 2 === 0)) {
    expect((await client.ended()).equals(garbage)).toBe(true);
    await client.closed;
  }
  while (proxy.connections.length > 0) await turn();
});

it("N62: a server that does not answer within connectTimeoutMs has refused", async () => {
  // Whose program stands still with its queue full: the system drops what comes to it.
  const folder = scratchFolder({
    "server.mjs": `
      import { createServer } from "node:net";
      const server = createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () =>
        console.log("listening on 127.0.0.1:" + server.address().port));
    `,
  });
  await using server = start(process.execPath, [`${folder}/server.mjs`]);
  const to = { port: await server.port() };
  server.signal("SIGSTOP");
  const queue = await Promise.all([TcpPeer.connect(to.port), TcpPeer.connect(to.port)]);
  await using proxy = new TcpProxy({ to, connectTimeoutMs: 50 });
  await using client = await TcpPeer.connect((await proxy.listen()).port);
  client.socket.write("is anybody there?");
  expect(await client.closed).toBe("ECONNRESET");
  expect(proxy.refused).toBe(1);
  for (const one of queue) await one[Symbol.asyncDispose]();
});

it("N57: a TcpProxy listens once, also when it is asked twice at once, and not after it was closed", async () => {
  const proxy = new TcpProxy({ to: { host: "localhost", port: 1 } });
  const answers = await Promise.allSettled([proxy.listen(), proxy.listen()]);
  expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  await proxy.close();
  const closed = new TcpProxy({ to: { host: "localhost", port: 1 } });
  const listening = closed.listen();
  await closed.close();
  await expect(listening).rejects.toThrow(/was closed/);
});

it("N53: what there was no room for does not hold the line", async () => {
  await using server = await UdpPeer.open();
  await using client = await UdpPeer.open();
  // A datagram takes 50 ms; without the bound the line would be busy for five seconds.
  const toServer = { bytesPerSecond: 2_000 };
  await using proxy = new UdpProxy({ to: { port: server.port }, toServer, maxHeldPackets: 2 });
  const { port } = await proxy.listen();
  await client.send(port, ...Array.from({ length: 100 }, () => Buffer.alloc(100)));
  while (proxy.counters("to-server").received < 100) await turn();
  await server.hears(2);
  const before = proxy.counters("to-server").forwarded;
  const asked = performance.now();
  await client.send(port, "next");
  await server.hears(before + 1);
  expect(performance.now() - asked).toBeLessThan(2_000);
});

/** A turn of the event loop, in which sockets are looked at. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
