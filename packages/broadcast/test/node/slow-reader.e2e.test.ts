/**
 * A member that stops reading: what that costs the server's memory, beside a control that buffers (docs/broadcast.md B17, B18).
 * Both have carried the same load before: what a process takes until its collector is in step with the load has nothing to do
 * with who reads.
 */

import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { expect, it } from "vitest";
import { run } from "../../../../test/process.js";
import { startBundled } from "../../../../test/programs.js";
import { encode, type JoinOptions, join } from "../../src/index.js";
import { RawMember } from "./raw-member.js";

const SERVER = new URL("./slow-reader-server.ts", import.meta.url);
const MIB = 2 ** 20;
const HISTORY_BYTES = 16 * MIB;
const MESSAGE = new Uint8Array(1_024).fill(7);
const MESSAGES = 64 * 1_024; // four times the history

async function residentBytes(pid: number): Promise<number> {
  const status = `/proc/${pid}/status`;
  if (existsSync(status)) return 1_024 * Number(/^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(status, "utf8"))?.[1]);
  const { stdout } = await run("ps", ["-o", "rss=", "-p", String(pid)]);
  return 1_024 * Number(stdout.trim());
}

/** How much a process's memory is above what it was, at most, while something goes on. */
async function growth(pid: number, work: (look: () => Promise<void>) => Promise<void>): Promise<number> {
  const before = await residentBytes(pid);
  let most = before;
  const look = async (): Promise<void> => {
    most = Math.max(most, await residentBytes(pid));
  };
  await work(look);
  await look();
  return most - before;
}

it("B17, B18: its memory grows by the history and 30 MB at most, and the reader is told of what it missed", async () => {
  await using server = startBundled(SERVER, ["room", String(HISTORY_BYTES)]);
  const address = `127.0.0.1:${await server.port()}`;
  const options: JoinOptions = { address, name: "healthy", handler: () => {} };
  let heard = 0;
  const state = { done: () => {} };
  const allHeard = new Promise<void>((resolve) => {
    state.done = resolve;
  });
  await using _reader = await join({ ...options, handler: () => void (++heard === 2 * MESSAGES && state.done()) });
  await using publisher = await join({ ...options, name: "publisher" });
  const load = async (look: () => Promise<void> = async () => {}): Promise<void> => {
    const some = Array.from({ length: 2_048 }, () => MESSAGE);
    for (let sent = 0; sent < MESSAGES; sent += some.length) {
      await publisher.publishAll(some);
      await look();
    }
  };
  await load();
  await using slow = await RawMember.join(address, { window: 1_000_000 });
  slow.socket.pause();
  const grown = await growth(server.pid, load);
  expect(grown / MIB).toBeLessThan((HISTORY_BYTES + 30e6) / MIB);
  slow.socket.resume();
  const gap = await slow.message("gap");
  expect(gap.reason).toBe("slow");
  await allHeard;
}, 30_000);

it("the same reader makes a control that buffers grow beyond that", async () => {
  await using server = startBundled(SERVER, ["control"]);
  const port = await server.port();
  const slow = connect({ host: "127.0.0.1", port })
    .on("error", () => {})
    .resume();
  const publisher = connect({ host: "127.0.0.1", port })
    .on("error", () => {})
    .resume();
  await Promise.all([once(slow, "connect"), once(publisher, "connect")]);
  const some = Buffer.concat(
    Array.from({ length: 2_048 }, () => encode({ type: "publish", firstClientSeq: 1, payloads: [MESSAGE] })),
  );
  const load = async (look: () => Promise<void> = async () => {}): Promise<void> => {
    for (let sent = 0; sent < MESSAGES; sent += 2_048) {
      if (!publisher.write(some)) await once(publisher, "drain");
      await look();
    }
  };
  await load();
  slow.pause();
  const grown = await growth(server.pid, load);
  expect(grown / MIB).toBeGreaterThan((HISTORY_BYTES + 30e6) / MIB);
  slow.destroy();
  publisher.destroy();
}, 30_000);
