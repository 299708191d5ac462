/** The whole server over real sockets: what it is asked for, and how it ends. */
import { chmodSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { ServerMetrics } from "../../src/node/metrics.js";
import { processesIn } from "../../src/node/process-scan.js";
import type { ServeOptions } from "../../src/node/serve-options.js";
import { type RakeServer, serve } from "../../src/node/server.js";
import { RawClient } from "./raw-client.js";
import { stateFolder, until } from "./waiting.js";

const QUICK: ServeOptions = { speed: 1_000, toolchain: "test", cores: 2, lingerMs: 50 };

async function started(options: ServeOptions = {}): Promise<RakeServer> {
  const server = await serve({ ...QUICK, ...options });
  onTestFinished(() => server.close());
  return server;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

it("R19 to R25: an action with inputs is run, and its outputs and streams come whole", async () => {
  const server = await started();
  const client = await RawClient.connect(server.port);
  const inputs = { "a.txt": bytesOf("one\n"), "dir/b.txt": new Uint8Array(200_000).fill(66) };
  const status = await client.run(
    "cat a.txt dir/b.txt >c.txt; mkdir out; echo made >out/d; echo said; echo no >&2",
    inputs,
  );
  expect(status).toMatchObject({ end: "EXITED", code: 0 });
  expect(Object.fromEntries([...client.bodies].map(([name, { bytes }]) => [name, bytes]))).toEqual({
    STDOUT: 5,
    STDERR: 3,
    "c.txt": 200_004,
    "out/d": 5,
  });
  const again = await client.quote("true", inputs);
  expect(again.missing).toEqual([]);
});

it("R45: a client that vanishes leaves no process, no folder, no slot and no upload", async () => {
  const folder = stateFolder();
  const server = await started({ folder, readyRuns: 0 });
  const client = await RawClient.connect(server.port);
  await client.begin("setsid sleep 3151 & sleep 3151; echo x");
  await client.hear("STARTED");
  const { actionId, missing } = await client.quote("cat a", { a: bytesOf("not all of this comes") });
  const [digest = ""] = missing;
  client.say({ type: "BLOB", actionId, digest, size: 21, offset: 0, last: false, body: bytesOf("not") });
  await until(() => readdirSync(`${folder}/uploads`).length === 1 && processesIn(`${folder}/runs`).length >= 2);
  client.socket.destroy();
  await until(() => {
    const { connections, reserved, running, uploads } = server.view();
    return connections + reserved + running + uploads === 0;
  });
  expect(readdirSync(`${folder}/runs`)).toEqual([]);
  expect(processesIn(`${folder}/runs`)).toEqual([]);
  await until(() => readdirSync(`${folder}/uploads`).length === 0);
});

it("R45: a server that is closed takes its processes and folders with it, and keeps its store", async () => {
  const folder = stateFolder();
  const server = await started({ folder });
  const client = await RawClient.connect(server.port);
  await client.begin("setsid sleep 3152 & sleep 3152; cat a", { a: bytesOf("kept") });
  await client.hear("STARTED");
  await server.close();
  expect((await client.hear("BYE")).code).toBe("SHUTDOWN");
  expect(processesIn(`${folder}/runs`)).toEqual([]);
  expect(readdirSync(`${folder}/runs`)).toEqual([]);
  const second = await started({ folder });
  const later = await RawClient.connect(second.port);
  expect((await later.quote("cat a", { a: bytesOf("kept") })).missing).toEqual([]);
});

it("R45: two servers do not share a folder", async () => {
  const folder = stateFolder();
  await started({ folder });
  await expect(serve({ ...QUICK, folder })).rejects.toMatchObject({ code: "FOLDER" });
});

it("R17: no address that others can reach without a secret or client certificates; R11: nor v1 there", async () => {
  const refused = serve({ ...QUICK, host: "0.0.0.0" });
  await expect(refused).rejects.toThrow("there must be a secret, or tls with a ca");
  const secret = "a secret of many bytes";
  await expect(serve({ ...QUICK, host: "0.0.0.0", secret, allowV1: true })).rejects.toThrow(
    "allowV1 is for loopback alone",
  );
  const server = await started({ host: "0.0.0.0", secret });
  expect(server.host).toBe("0.0.0.0");
});

it("R43: a user who is not there, or is root, is refused, and the option named", async () => {
  await expect(serve({ ...QUICK, runAs: "no-such-user" })).rejects.toThrow("runAs");
  await expect(serve({ ...QUICK, runAs: "root" })).rejects.toThrow("runAs");
});

it("R48: /metrics counts, /healthz answers", async () => {
  const server = await started();
  await using metrics = new ServerMetrics(server);
  const port = await metrics.listen({ port: 0 });
  const client = await RawClient.connect(server.port);
  await client.run("exit 3");
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  for (const line of ["rake_bids_total 1", 'rake_ended_total{end="EXITED"} 1', "rake_connections 1", "rake_slots 2"]) {
    expect(text).toContain(line);
  }
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  metrics.unhealthy();
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(503);
  expect((await fetch(`http://127.0.0.1:${port}/other`)).status).toBe(404);
});

it("R42, R48: one address has as many connections as it may; who is turned away is told why, and counted", async () => {
  const server = await started({ maxConnectionsPerAddress: 2 });
  await using metrics = new ServerMetrics(server);
  const [one] = [await RawClient.connect(server.port), await RawClient.connect(server.port)];
  await expect(RawClient.connect(server.port)).rejects.toThrow("2 connections of 127.0.0.1 are open");
  expect(await metrics.text()).toContain('rake_turned_away_total{by="maxConnectionsPerAddress"} 1');
  one.socket.destroy();
  await until(() => server.view().connections === 1);
  expect(await (await RawClient.connect(server.port)).run("true")).toMatchObject({ end: "EXITED", code: 0 });
});

it("guarantee E: garbage, giant lengths, half frames, silence and a flood of connections disturb nobody", async () => {
  const server = await started({ firstBytesMs: 100, helloMs: 200, maxConnections: 40 });
  const client = await RawClient.connect(server.port);
  const opened = (bytes: Uint8Array | undefined): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(server.port, "127.0.0.1", () => {
        if (bytes !== undefined) socket.write(bytes);
      });
      socket
        .on("error", () => {})
        .on("close", () => resolve())
        .resume();
      onTestFinished(() => {
        socket.destroy();
      });
    });
  const garbage = Buffer.from(Array.from({ length: 4_000 }, (_, index) => (index * 7_919 + 13) % 256));
  const giant = Buffer.alloc(16);
  giant.writeBigUInt64BE(2n ** 60n);
  const v1 = Buffer.from([0, 0, 0, 3, 0x7f, 0xff, 0xff, 0xff]);
  const half = Buffer.from([0, 0, 0, 0, 0, 0, 0, 48, 0, 0, 0]);
  const hello = Buffer.alloc(32);
  hello.writeBigUInt64BE(24n);
  hello.writeBigUInt64BE(999n, 8);
  const http = Buffer.from("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  const hostile = [garbage, giant, v1, half, hello, http, undefined].map(opened);
  const flood = Array.from({ length: 150 }, () => opened(undefined));
  const status = await client.run("echo there");
  expect(status).toMatchObject({ end: "EXITED", code: 0 });
  await Promise.all([...hostile, ...flood]);
  await until(() => server.view().connections === 1);
});

it("R22, R46: an input that was changed in the store is dropped, and asked for again", async () => {
  const folder = stateFolder();
  const server = await started({ folder });
  const client = await RawClient.connect(server.port);
  const inputs = { a: bytesOf("as it was") };
  await client.run("cat a", inputs);
  const [name = ""] = readdirSync(`${folder}/store`);
  chmodSync(`${folder}/store/${name}`, 0o600);
  writeFileSync(`${folder}/store/${name}`, "other it i");
  await client.begin("cat a", inputs);
  expect((await client.hear("MISSING")).digests).toHaveLength(1);
  expect(existsSync(`${folder}/store/${name}`)).toBe(false);
});

it("R44: with patterns a command is run without a shell, and its program is looked for in PATH", async () => {
  const server = await started({ allow: ["echo *", "no-such-program"] });
  const client = await RawClient.connect(server.port);
  expect(await client.run("echo  two  words")).toMatchObject({ end: "EXITED", code: 0 });
  expect(client.bodies.get("STDOUT")?.text).toBe("two words\n");
  await expect(client.quote("echo $(id)")).rejects.toThrow("NOT_ALLOWED");
  const status = await client.run("no-such-program");
  expect(status).toMatchObject({ end: "FAILED" });
  expect(status.text).toContain("no program");
});

it("R9, R10, R11: a client of v1-4 gets a cost, has its file taken, and its output sent", async () => {
  const server = await started({ allowV1: true });
  const u32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const text = (value: string): Buffer => Buffer.concat([u32(value.length), Buffer.from(value)]);
  const asked = (...parts: Buffer[]): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const came: Buffer[] = [];
      const socket = connect(server.port, "127.0.0.1", () => socket.write(Buffer.concat(parts)));
      socket.on("data", (bytes: Buffer) => came.push(bytes)).on("error", reject);
      socket.on("close", () => resolve(Buffer.concat(came)));
    });
  const quote = await asked(u32(1));
  expect([quote.length, quote.readUInt32BE(0)]).toEqual([8, 2]);
  const file = Buffer.alloc(3_000_000, "v1");
  const [name, command] = [text("in.txt"), text("cp in.txt out.txt")];
  const answer = await asked(u32(4), name, u32(file.length), file, u32(5), command);
  const head = Buffer.concat([u32(10), u32(6), u32(0), u32(9), text("out.txt"), u32(file.length)]);
  expect(answer.subarray(0, head.length).equals(head)).toBe(true);
  expect(answer.subarray(head.length).equals(file)).toBe(true);
  const killed = await asked(u32(5), text("kill -9 $$"));
  expect(killed.equals(Buffer.concat([u32(7), u32(137), text("")]))).toBe(true);
});
