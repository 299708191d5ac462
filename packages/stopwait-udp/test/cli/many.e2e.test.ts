/** Two and one hundred transfers at once through one port of a server in a process of its own. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { scratchFolder } from "../../../../test/scratch.js";
import { get, put } from "../../src/index.js";
import { content } from "../node/content.js";
import { residentBytes } from "../resident-memory.js";
import { bundleCommand } from "./bundled-command.js";

const MIB = 2 ** 20;
const command = bundleCommand();

it.each([
  { transfers: 2, size: 3 * MIB, window: 8 },
  { transfers: 100, size: 150_000, window: 4 },
])(
  "S82, S51: $transfers at once, of either version, are all right, in bounded memory",
  async ({ transfers, size, window }) => {
    const folder = scratchFolder();
    const served = join(folder, "served");
    mkdirSync(served);
    writeFileSync(join(served, "warm"), content(size));
    await using server = command.start(["serve", "-d", "served", "-p", "0", "--writable", "--quiet"], folder);
    const port = await server.port();
    const stateFolder = join(folder, "state");
    await get({ port, stateFolder, name: "warm", to: join(folder, "warm") });
    const before = await residentBytes(server.pid);
    let most = before;
    let isDone = false;
    const watching = (async () => {
      while (!isDone) {
        most = Math.max(most, await residentBytes(server.pid));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    const results = await Promise.allSettled(
      Array.from({ length: transfers }, async (_, index) => {
        const name = `file-${index}`;
        const isOld = index % 10 === 9; // one in ten by version 1
        const bytes = content(isOld ? 20_000 : size, index + 1);
        const version = isOld ? ({ version: 1 } as const) : ({ stateFolder, blockBytes: 8192, window } as const);
        const near = join(folder, name);
        const isPut = index % 2 === 1;
        writeFileSync(isPut ? near : join(served, name), bytes);
        if (isPut) await put({ port, ...version, from: near });
        else await get({ port, ...version, name, to: near });
        expect(Buffer.from(bytes).equals(readFileSync(isPut ? join(served, name) : near))).toBe(true);
      }),
    );
    isDone = true;
    await watching;
    expect(results.filter((one) => one.status === "rejected")).toEqual([]);
    const mib = (bytes: number): string => (bytes / MIB).toFixed(1);
    console.log(
      `${transfers} transfers at once: the server's memory was ${mib(before)} MiB before, ${mib(most)} MiB at most`,
    );
    // A hundred sessions of a window, two chunks of 64 KiB and a gathered one; and what V8 has not collected yet.
    expect(most - before).toBeLessThan(96 * MIB);
  },
);
