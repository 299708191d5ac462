/** A person's tool at real nodes (election rules E62 to E66). */
import { expect, it } from "vitest";
import { decodeMessage } from "../../src/core/index.js";
import { queryNode, retireLeader } from "../../src/index.js";
import { cluster, freePorts, idle, next, node, until } from "./nodes.js";
import { dial, fakeServer, message } from "./peers.js";

it("E62, E64: any node tells its role and its leader, and the leader its whole table, however many pages it has", async () => {
  const [a, b] = await cluster(["a", "b"]);
  if (a === undefined || b === undefined) throw new Error("two");
  const crowd = await dial(a.address);
  for (let index = 0; index < 100; index++) {
    const hostName = `host-${index}-${"x".repeat(60)}`;
    crowd.write(
      message(`h${index}`, {
        type: "report",
        address: `h:${index + 1}`,
        hostName,
        ui: "",
        echo: undefined,
        load: idle,
      }),
    );
  }
  await next(a, "hosts", (rows) => rows.length === 102);
  const leader = await queryNode(a.address);
  expect(leader).toMatchObject({ id: "a", address: a.address, role: "leader", mode: "available", epoch: 1 });
  expect(new Set(leader.hosts.map(({ id }) => id)).size).toBe(102);
  const host = await queryNode("b.example:1", { routes: { "b.example:1": b.address } });
  expect(host).toMatchObject({ id: "b", role: "follower", leader: { id: "a", address: a.address }, hosts: [] });
});

it("E65: retires the leader that any node names, for the host that is named", async () => {
  const [a, b, c] = await cluster(["a", "b", "c"]);
  if (a === undefined || b === undefined || c === undefined) throw new Error("three");
  await until(() => a.view().hosts.filter(({ rank }) => rank !== undefined).length === 3);
  const elected = next(c, "elected");
  expect(await retireLeader(b.address, { to: "c" })).toMatchObject({ id: "a" });
  await elected;
  expect([a.isLeader(), c.isLeader()]).toEqual([false, true]);
});

it("says what went wrong", async () => {
  const [port] = await freePorts(1);
  const [a] = await cluster(["a"], { secret: new Uint8Array(16) });
  const silent = await fakeServer(() => {});
  const chatty = await fakeServer(
    (socket) => void socket.write(message("x", { type: "offer", for: "0011223344556677" })),
  );
  const web = await fakeServer((socket) => void socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
  const failed = async (asked: Promise<unknown>): Promise<unknown> =>
    await asked.catch(
      (error: { code?: string; name: string; message: string }) => `${error.code ?? error.name}: ${error.message}`,
    );
  const nobody = `127.0.0.1:${port}`;
  expect(await failed(queryNode(nobody))).toBe(`REFUSED: nobody listens at ${nobody}`);
  expect(await failed(queryNode(a?.address ?? ""))).toMatch(/^CLOSED: .* ended the connection: .*another secret/);
  expect(await failed(queryNode(silent.address, { timeoutMs: 50 }))).toBe(
    `TIMEOUT: ${silent.address} did not answer in time`,
  );
  expect(await failed(queryNode(chatty.address))).toMatch(/^PROTOCOL: .* answered nonsense: /);
  expect(await failed(queryNode(web.address))).toMatch(/^PROTOCOL: .* speaks HTTP: .* perhaps the dashboard of one$/);
  const signal = AbortSignal.abort();
  expect(await failed(queryNode(silent.address, { signal }))).toMatch(/^ABORTED/);
  const controller = new AbortController();
  const asked = failed(queryNode(silent.address, { signal: controller.signal }));
  controller.abort();
  expect(await asked).toMatch(/^ABORTED/);
  expect(await failed(queryNode("a"))).toMatch(/^RangeError: address is "a", but must be HOST:PORT/);
  expect(await failed(queryNode(nobody, { timeoutMs: 0 }))).toMatch(/^RangeError: timeoutMs is 0/);
  expect(await failed(queryNode(nobody, { timeout: 1 } as object))).toMatch(/^TypeError: there is no option "timeout"/);
  expect(await failed(retireLeader(nobody, { too: "b" } as object))).toMatch(/did you mean to\?/);
});

it("E65: says that there is no leader to retire", async () => {
  const [port = 0] = await freePorts(1);
  const members = [{ id: "m", address: `127.0.0.1:${port}` }];
  const host = node({ id: "host", mode: "quorum", members });
  await host.start();
  await expect(retireLeader(host.address)).rejects.toMatchObject({
    code: "NO_LEADER",
    message: `${host.address} knows no leader`,
  });
});

it("does not dial what a node says of its leader where that is no address", async () => {
  const liar = await fakeServer((socket) => {
    socket.once("data", (chunk: Buffer) => {
      const { header } = decodeMessage(chunk.subarray(8));
      const leader = { leaderId: "q", leaderAddress: "nowhere", leaderEpoch: 1 };
      const lease = { leaseMs: 1, leaseRemainingMs: 1, fallbacks: [], snapshot: 0, total: 0, first: 0, rows: [] };
      const view = { mode: "available", role: "follower", address: "x:1", ...leader, ...lease } as const;
      socket.write(message("x", { type: "view", for: header.incarnation, ...view }));
    });
  });
  await expect(retireLeader(liar.address)).rejects.toMatchObject({
    name: "QueryError",
    code: "PROTOCOL",
    message: `${liar.address} says that the leader is at "nowhere", which is no address`,
  });
});
