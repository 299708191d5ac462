/** Programs over real sockets, through simnet's real proxies, captured as `--pcap` does it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { join as joinRoom, serve as serveBroadcast } from "../../packages/broadcast/src/index.js";
import { HftpClient, serve as serveHftp } from "../../packages/hftp/src/index.js";
import { build, serve as serveRake } from "../../packages/rake/src/index.js";
import { CaptureFile } from "../../packages/simnet/src/cli/capture-file.js";
import { TcpProxy, UdpProxy } from "../../packages/simnet/src/index.js";
import { get, put, serve as serveStopwait } from "../../packages/stopwait-udp/src/index.js";
import { countMessages, countsTable, type Ports, type ProtocolName } from "../../wireshark/counts.js";
import { itWith } from "../components.js";
import { scratchFolder } from "../scratch.js";
import { captureFile, concat } from "./captures.js";

interface Captured {
  readonly protocol: ProtocolName;
  readonly port: number;
  readonly bytes: Uint8Array;
}

/** What `talk` says through a proxy in front of a port. */
async function captured(
  protocol: ProtocolName,
  serverPort: number,
  talk: (port: number) => Promise<void>,
): Promise<Captured> {
  const path = join(scratchFolder(), "capture.pcapng");
  const file = new CaptureFile(path, "client", 1);
  const to = { host: "127.0.0.1", port: serverPort };
  const proxy =
    protocol === "stopwait"
      ? new UdpProxy({ to, seed: 1, onPacket: (packet) => file.datagram(packet) })
      : new TcpProxy({ to, seed: 1, onSegment: (segment) => file.segment(segment) });
  const { port } = await proxy.listen();
  await talk(port);
  await proxy.close();
  file.close();
  return { protocol, port, bytes: readFileSync(path) };
}

async function hftp(): Promise<Captured> {
  const { server, port } = await serveHftp({ directory: scratchFolder({ "a.txt": "hello world" }), port: 0 });
  const talked = await captured("hftp", port, async (proxied) => {
    const client = await HftpClient.connect({ port: proxied });
    expect([await client.names(), await client.stat("a.txt")]).toEqual([["a.txt"], { size: 11 }]);
    for await (const _ of client.read("a.txt", { offset: 6 }));
    await client.quit();
  });
  await server.close();
  return talked;
}

async function broadcast(): Promise<Captured> {
  const server = await serveBroadcast();
  const talked = await captured("broadcast", Number(server.address.split(":").at(-1)), async (port) => {
    const ana = await joinRoom({ address: `127.0.0.1:${port}`, name: "ana" });
    await ana.publish("hello");
    await ana.close();
  });
  await server.close();
  return talked;
}

async function rake(): Promise<Captured> {
  const server = await serveRake({ speed: 1_000, toolchain: "test", cores: 1, sandbox: "none" });
  const talked = await captured("rake", server.port, async (port) => {
    const rakefile = "actionset1:\n\tremote-tr a-z A-Z <words.txt >out; echo done\n\t\trequires words.txt\n";
    const folder = scratchFolder({ "words.txt": "good morning\n" });
    const report = await build({ folder, rakefile, hosts: [{ host: "127.0.0.1", port }] });
    expect(report.result?.outcome).toBe("succeeded");
  });
  await server.close();
  return talked;
}

async function stopwait(): Promise<Captured> {
  const directory = scratchFolder();
  writeFileSync(join(directory, "a.txt"), Buffer.alloc(3_000, "abc"));
  const { server, port } = await serveStopwait({ directory, port: 0, writable: true });
  const talked = await captured("stopwait", port, async (proxied) => {
    await get({ port: proxied, name: "a.txt", to: join(directory, "b.txt") });
    await put({ port: proxied, from: join(directory, "b.txt"), name: "c.txt", version: 1 });
  });
  await server.close();
  return talked;
}

itWith(
  "tshark",
  "what programs say over real sockets is named whole: both versions of stopwait-udp, HFTP, broadcast, rake",
  async () => {
    const talks = await Promise.all([hftp(), broadcast(), rake(), stopwait()]);
    const ports: Ports = Object.fromEntries(talks.map(({ protocol, port }) => [protocol, [port]]));
    const counts = await countMessages(captureFile(concat(talks.map(({ bytes }) => bytes))), ports);
    console.log(countsTable(counts));
    expect([...counts.faults, ...counts.notes]).toEqual([]);
    const seen = (protocol: string): string[] => [...(counts.messages.get(protocol)?.keys() ?? [])];
    expect(seen("hftp").sort()).toEqual(["0 OK", "get_file_listing", "get_metadata", "get_slice", "quit"]);
    expect(seen("broadcast")).toEqual(
      expect.arrayContaining(["HELLO", "WELCOME", "PUBLISH", "BATCH", "PUBACK", "ACK"]),
    );
    const build = [
      "HELLO",
      "CHALLENGE",
      "AUTH",
      "WELCOME",
      "QUOTE",
      "BID",
      "BLOB",
      "ACK",
      "EXECUTE",
      "STARTED",
      "STDOUT",
      "OUTPUT",
    ];
    expect(seen("rake")).toEqual(expect.arrayContaining([...build, "STATUS", "DONE", "BYE"]));
    expect(seen("stopwait-v2")).toEqual(expect.arrayContaining(["REQ", "ACCEPT", "DATA", "ACK", "FIN", "FINACK"]));
    // 30 blocks, each sent by the client, taken by the proxy and so seen once on the client's side.
    expect(counts.messages.get("stopwait-v1")).toEqual(
      new Map([
        ["PUT", 1],
        ["ACK", 32],
        ["DATA", 30],
        ["FINISH", 1],
      ]),
    );
  },
);
