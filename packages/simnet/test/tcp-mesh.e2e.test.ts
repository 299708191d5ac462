/** A server that moves, and the network between several programs. */
import { connect } from "node:net";
import { expect, it } from "vitest";
import { TcpMesh } from "../src/node/tcp-mesh.js";
import { TcpProxy } from "../src/node/tcp-proxy.js";
import { TcpPeer, TcpServer } from "./tcp-peers.js";

/** A server that says its name to whoever connects, and keeps what it hears. */
async function named(name: string): Promise<TcpServer> {
  return await TcpServer.open(({ socket }) => void socket.write(name));
}

it("N70: without a target connections are reset; then new ones go where it says, and those that stand stay", async () => {
  await using first = await named("1");
  await using second = await named("2");
  await using proxy = new TcpProxy({});
  const { port } = await proxy.listen();
  await using early = new TcpPeer(connect({ port, host: "127.0.0.1" }));
  expect([await early.closed, proxy.turnedAway]).toEqual(["ECONNRESET", 1]);

  await proxy.retarget({ port: first.port });
  await using a = await TcpPeer.connect(port);
  await a.until((heard) => heard.length === 1);
  await proxy.retarget({ host: "localhost", port: second.port });
  await using b = await TcpPeer.connect(port);
  await b.until((heard) => heard.length === 1);
  const old = await first.peer();
  a.socket.write("still you");
  await old.until((heard) => heard.length === 9);
  expect([a.text, b.text, old.text]).toEqual(["1", "2", "still you"]);
  await expect(proxy.retarget({ port: 0 })).rejects.toThrow(/to\.port/);
  await expect(proxy.retarget({ host: "no such host", port: 1 })).rejects.toThrow();
});

it("N70: the last target that was named counts, whichever name is found first", async () => {
  await using first = await named("1");
  await using second = await named("2");
  await using proxy = new TcpProxy({});
  const { port } = await proxy.listen();
  await Promise.all([proxy.retarget({ host: "localhost", port: first.port }), proxy.retarget({ port: second.port })]);
  await using client = await TcpPeer.connect(port);
  expect(String(await client.until((heard) => heard.length === 1))).toBe("2");
});

/** Three echoing programs of which a is connected to b, b to c, c to a. */
async function threeInARing() {
  const names = ["a", "b", "c"];
  const mesh = new TcpMesh({ names, seed: 1 });
  await mesh.listen();
  const servers = new Map<string, TcpServer>();
  for (const name of names) {
    const server = await TcpServer.open();
    servers.set(name, server);
    await mesh.attach(name, { port: server.port });
  }
  const dial = async (from: string, to: string): Promise<readonly [TcpPeer, TcpPeer]> => {
    const client = await TcpPeer.connect(Number(mesh.address(from, to).split(":")[1]));
    const server = await servers.get(to)?.peer();
    if (server === undefined) throw new Error(`${to} has no connection`);
    return [client, server];
  };
  const close = async (): Promise<void> => {
    await mesh.close();
    for (const server of servers.values()) await server[Symbol.asyncDispose]();
  };
  return { mesh, ab: await dial("a", "b"), bc: await dial("b", "c"), ca: await dial("c", "a"), close };
}

it("N71: cuts one way on both connections of a pair, and what waited arrives when it heals", async () => {
  const { mesh, ab, bc, ca, close } = await threeInARing();
  mesh.cut(["a"], ["b", "c"]);
  ab[0].socket.write("a to b");
  ca[1].socket.write("a to c");
  ab[1].socket.write("b to a");
  ca[0].socket.write("c to a");
  bc[0].socket.write("b to c");
  await ab[0].until((heard) => heard.length === 6);
  await ca[1].until((heard) => heard.length === 6);
  await bc[1].until((heard) => heard.length === 6);
  expect([ab[0].text, ca[1].text, bc[1].text]).toEqual(["b to a", "c to a", "b to c"]);
  expect([ab[1].text, ca[0].text]).toEqual(["", ""]);
  mesh.heal(["a"], ["b"]);
  await ab[1].until((heard) => heard.length === 6);
  expect([ab[1].text, ca[0].text]).toEqual(["a to b", ""]);
  mesh.heal();
  await ca[0].until((heard) => heard.length === 6);
  await close();
});

it("N71: splits by side: those of one side hear each other, and nobody else", async () => {
  const { mesh, ab, bc, ca, close } = await threeInARing();
  mesh.split("b", "c");
  for (const [client, server] of [ab, bc, ca]) {
    client.socket.write("there");
    server.socket.write("back");
  }
  await bc[1].until((heard) => heard.length === 5);
  await bc[0].until((heard) => heard.length === 4);
  expect([ab, ca].flat().map((peer) => peer.text)).toEqual(["", "", "", ""]);
  mesh.heal();
  await Promise.all([ab, ca].map(([client]) => client.until((heard) => heard.length === 4)));
  expect([ab, ca].map(([client]) => client.text)).toEqual(["back", "back"]);
  await close();
});

it("N65: wrong names are errors", async () => {
  expect(() => new TcpMesh({ names: ["a", "a"] })).toThrow(/names must be different/);
  expect(() => new TcpMesh({ names: "ab" as never })).toThrow(/names must be an array/);
  expect(() => new TcpMesh({ names: [], to: 1 } as never)).toThrow(/TcpMesh has no "to"/);
  await using mesh = new TcpMesh({ names: ["a", "b"] });
  expect(() => mesh.address("a", "b")).toThrow(/does not listen/);
  expect(() => mesh.proxy("a", "a")).toThrow(/names must have a and a/);
  expect(() => mesh.cut(["a"], ["x"])).toThrow(/names must have a and x/);
});
