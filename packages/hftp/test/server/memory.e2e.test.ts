import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type RunningProcess, start } from "../../../../test/process.js";
import { bundled, startBundled } from "../../../../test/programs.js";
import { RawClient } from "../raw-client.js";
import { residentBytes } from "../resident-memory.js";
import { temporaryDirectory } from "../temporary.js";

const MIB = 1024 * 1024;
const OURS = new URL("../../src/cli/main.ts", import.meta.url);
const CONTROL = new URL("./buffering-server.ts", import.meta.url);

/** A small young generation, so that what is measured is what is held and not what is not collected yet. */
const ENV = { NODE_OPTIONS: "--max-semi-space-size=2" };

function startServer(kind: "ours" | "control", directory: string): RunningProcess {
  if (kind === "control") return startBundled(CONTROL, [directory], { env: ENV });
  return startBundled(OURS, ["serve", "-d", directory, "-p", "0", "--quiet"], { env: ENV });
}

/** Looking without a pause would take the load's own turns. */
const LOOK_EVERY_MS = 5;

/** Drives a server until it is done with what is to be seen. */
type Load = (port: number) => Promise<void>;

/** The most by which the server's memory rises above what it has after some ordinary work, up to `enough`. */
async function growth(kind: "ours" | "control", load: Load, enough: number): Promise<number> {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, "f"), Buffer.alloc(MIB, 0x41));
  await using server = startServer(kind, directory);
  const port = await server.port();
  for (let round = 0; round < 20; round++) {
    await using client = await RawClient.connect(port);
    const bytes = 6 + 4 * Math.ceil(MIB / 3) + 2;
    await client.send(`get_slice f 0 ${MIB}\r\n`).atLeast(bytes);
  }
  const before = await residentBytes(server.pid);
  let loaded = false;
  const loading = load(port).finally(() => {
    loaded = true;
  });
  let most = 0;
  while (!loaded && most < enough) {
    most = Math.max(most, (await residentBytes(server.pid)) - before);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  if (loaded) await loading;
  else loading.catch(() => {}); // the control is ended in the middle of it
  return most;
}

/** Trips to the same server: each shows that it has had a turn on everything else. */
async function turns(port: number, count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await using other = await RawClient.connect(port);
    await other.send("get_metadata nofile\r\n").until((text) => text.includes("\r\n"));
  }
}

/** A line of 5 MiB from each of 32 clients at once. */
async function longLines(port: number): Promise<void> {
  const clients = await Promise.all(Array.from({ length: 32 }, () => RawClient.connect(port)));
  const part = "x".repeat(64 * 1024);
  for (const client of clients) client.send("get_metadata ");
  for (let sent = 0; sent < 5 * MIB; sent += part.length) {
    await Promise.all(clients.map(({ socket }) => new Promise((resolve) => socket.write(part, resolve))));
  }
  await turns(port, 5);
  await Promise.all(clients.map((client) => client.send("\r\n").until((text) => text === "202 FILE NOT FOUND\r\n")));
  await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
}

/** Ten thousand slices of 1 MiB in one go, of which the client reads nothing. */
async function unreadSlices(port: number): Promise<void> {
  await using greedy = await RawClient.connect(port);
  greedy.socket.pause();
  greedy.send(`get_slice f 0 ${MIB}\r\n`.repeat(10_000));
  await turns(port, 60);
}

/** Sixteen clients that take a little of a large slice and then stop. */
async function slowReaders(port: number): Promise<void> {
  const clients = await Promise.all(Array.from({ length: 16 }, () => RawClient.connect(port)));
  await Promise.all(
    clients.map(async (client) => {
      await client.send(`get_slice f 0 ${MIB}\r\n`.repeat(20)).atLeast(1000);
      client.socket.pause();
    }),
  );
  await turns(port, 20);
  await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
}

it("H19: sixty thousand segments of one byte that have to wait cost about sixty thousand bytes", async () => {
  const args = ["--expose-gc", bundled(new URL("./held-input.ts", import.meta.url))];
  await using measured = start(process.execPath, args);
  const [, bytes] = await measured.line(/^held (-?\d+)$/);
  expect(Number(bytes)).toBeLessThan(1_000_000);
});

describe("H19: memory is bounded, and the control shows that it need not be", () => {
  const rows = [
    // What is read and dropped stays until V8 looks at it: up to some 40 MiB, for one line as for a hundred.
    { name: "32 lines of 5 MiB at once", load: longLines, bound: 64 * MIB },
    { name: "ten thousand slices that nobody reads", load: unreadSlices, bound: 16 * MIB },
    { name: "sixteen slow readers", load: slowReaders, bound: 32 * MIB },
  ];
  for (const { name, load, bound } of rows) {
    it(`${name}: ours`, async () => expect(await growth("ours", load, bound)).toBeLessThan(bound));
    it(`${name}: the control`, async () => expect(await growth("control", load, bound)).toBeGreaterThanOrEqual(bound));
  }
});
