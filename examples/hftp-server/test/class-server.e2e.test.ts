import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { download, HftpClient } from "@lab/hftp";
import { expect, it, onTestFinished } from "vitest";
import { startBundled } from "../../../test/programs.js";

const MAIN = new URL("../src/main.ts", import.meta.url);

it("serves a class, shows what is offered, and ends with its board", async () => {
  const base = mkdtempSync(join(tmpdir(), "class-"));
  onTestFinished(() => rmSync(base, { recursive: true, force: true }));
  const directory = join(base, "served");
  mkdirSync(directory);
  writeFileSync(join(directory, "notes.txt"), "one two three");
  writeFileSync(join(directory, "with space"), "x");

  await using server = startBundled(MAIN, [directory, "0"]);
  const port = await server.port();
  await server.line(/notes\.txt +13 bytes$/);
  await server.line(/with space +1 bytes {2}\(not offered/);
  {
    await using client = await HftpClient.connect({ port });
    const names: string[] = [];
    for await (const name of client.list()) names.push(name);
    expect(names).toEqual(["notes.txt"]);
  }
  await download({ port, name: "notes.txt", to: join(base, "copy") });
  await server.line(/get_slice notes\.txt {2}0 {2}13 bytes$/);
  server.signal("SIGINT");
  const { code, stdout } = await server.exited;
  expect([code, stdout.trim().split("\n").at(-1)]).toEqual([
    0,
    "notes.txt                          13 bytes in 1 slices over 1 connections",
  ]);
});

it("says how it is used", async () => {
  const { code, stderr } = await startBundled(MAIN, []).exited;
  expect([code, stderr]).toEqual([2, expect.stringMatching(/^usage: pnpm start DIRECTORY \[PORT\]/)]);
});
