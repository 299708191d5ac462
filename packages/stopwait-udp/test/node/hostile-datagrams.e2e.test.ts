/** Whatever arrives, the server goes on: the malformed packets of the document, and garbage. */
import { createSocket, Socket } from "node:dgram";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { scratchFolder } from "../../../../test/scratch.js";
import { get, serve } from "../../src/index.js";
import { content } from "./content.js";

let base: string;
let port: number;
let socket: Socket;

beforeEach(async () => {
  base = scratchFolder();
  const served = join(base, "served");
  mkdirSync(join(served, "sub"), { recursive: true });
  writeFileSync(join(served, "a.bin"), content(10_000));
  const { server, port: listening } = await serve({ directory: served, port: 0, writable: true });
  port = listening;
  onTestFinished(() => server.close());
  socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => socket.close(() => resolve())));
});

async function send(bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve) => socket.send(bytes, port, "127.0.0.1", () => resolve()));
}

/** A whole file in both versions: what was sent before has been looked at by then, since datagrams come in order. */
async function stillServes(): Promise<void> {
  for (const version of [1, 2] as const) {
    const to = join(base, `copy-${version}`);
    const stored = version === 1 ? {} : { stateFolder: join(base, "state") };
    const { bytes } = await get({ port, version, ...stored, name: "a.bin", to, overwrite: true });
    expect(bytes).toBe(10_000);
  }
}

const texts = [
  "G000001foo.txt\n",
  "A000001datablock1\n",
  "F116160done\n",
  "",
  "x",
  "A100001ack",
  "D100001data",
  "FF00000I'm Done",
  "G000000a\0b",
  "G000000sub",
  "G000000../../etc/passwd",
  "P000000../evil",
  "P000000.stopwait-parts/x.part",
  "G000000",
  "E000000text",
  "G100000a.bin",
  "G0 0000a.bin",
  `G000000${"x".repeat(60_000)}`,
  `D100001${"y".repeat(101)}`,
];

it.each(texts.map((text) => ({ text, shown: text.slice(0, 24) })))("S2: v1 %$shown", async ({ text }) => {
  await send(Buffer.from(text, "latin1"));
  await stillServes();
});

it("S2: a block after the session has ended, and one before any", async () => {
  const stored = new Promise<string>((resolve) => {
    const heard: string[] = [];
    socket.on("message", (bytes) => {
      heard.push(bytes.toString("latin1").slice(0, 7));
      if (bytes.toString("latin1").startsWith("AF")) resolve(heard.join(" "));
    });
  });
  for (const text of ["D100001early", "P000000new.txt"]) await send(Buffer.from(text));
  await new Promise<void>((resolve) => socket.once("message", () => resolve()));
  for (const text of ["D100001late", "FF00001I'm Done"]) await send(Buffer.from(text));
  expect(await stored).toBe("A000000 A100001 AF00001");
  for (const text of ["D000002more", "D100001other", "FF00002I'm Done"]) await send(Buffer.from(text));
  await stillServes();
  expect(readdirSync(join(base, "served")).sort()).toEqual([".stopwait-parts", "a.bin", "new.txt", "sub"]);
});

it("S30, S58: garbage of every first byte and length, and packets of no session", async () => {
  for (let first = 0; first < 256; first++) {
    for (const length of [1, 7, 23, 24, 25, 64, 1400]) {
      const bytes = content(length, first + length);
      bytes[0] = first;
      await send(bytes);
    }
  }
  for (let type = 0xa0; type <= 0xa7; type++) {
    const header = new Uint8Array(24);
    header[0] = type;
    await send(header);
  }
  await stillServes();
  expect(readdirSync(join(base, "served")).sort()).toEqual(["a.bin", "sub"]);
});

it.each([
  { kind: "a request of v1", bytes: Buffer.from("G000000a.bin") },
  { kind: "an ACK of no session", bytes: Buffer.from(`a4${"00".repeat(23)}`, "hex") },
])("S87: $kind from port 0 is dropped: nothing can be sent there", async ({ bytes }) => {
  const bind = vi.spyOn(Socket.prototype, "bind");
  onTestFinished(() => bind.mockRestore());
  const { server, port: listening } = await serve({ directory: join(base, "served"), port: 0 });
  onTestFinished(() => server.close());
  // An ordinary socket has a port; what a raw one sends is told like this.
  const [listener] = bind.mock.contexts as [Socket];
  const from = { address: "127.0.0.1", family: "IPv4", port: 0, size: bytes.length };
  expect(() => listener.emit("message", bytes, from)).not.toThrow();
  port = listening;
  await stillServes();
});
