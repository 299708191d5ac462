/** Who gets a file that several processes want at the same moment, and whose lock is believed. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { start } from "../../../../test/process.js";
import { scratchFolder } from "../../../../test/scratch.js";
import { FileLock } from "../../src/node/file-lock.js";
import { compiledProgram } from "../processes/compiled.js";

const isLinux = process.platform === "linux";
const boot = isLinux ? readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim() : "-";
const { pid: gone } = spawnSync(process.execPath, ["--version"]);

/** A lock that says something of its owner. */
function lock(owner: object): string {
  return JSON.stringify({ pid: process.ppid, started: "-", boot, nonce: "00", ...owner });
}

/** Where the owner that the text names is succeeded. */
function successor(path: string, text: string): string {
  return `${path}.${createHash("sha256").update(text).digest("hex").slice(0, 24)}`;
}

it.runIf(isLinux)("of processes that find the lock of a dead one at the same moment exactly one gets it", async () => {
  const folder = scratchFolder();
  const rounds = 40;
  for (let round = 0; round < rounds; round++) {
    const path = join(folder, `${round}`, "lock");
    mkdirSync(join(folder, `${round}`));
    // Of one dead owner, and of two whose successor died before it had taken over.
    let [name, text] = [path, lock({ pid: gone, nonce: "1" })];
    for (let dead = 0; dead <= round % 3; dead++) {
      symlinkSync(text, name);
      name = successor(path, text);
      text = lock({ pid: gone, nonce: `${dead + 2}` });
    }
  }
  const program = compiledProgram("../node/file-lock-rounds.ts");
  const at = Date.now() + 700;
  const processes = Array.from({ length: 4 }, () => start(process.execPath, [program, `${rounds}`, folder, `${at}`]));
  onTestFinished(async () => {
    for (const one of processes) await one[Symbol.asyncDispose]();
  });
  await Promise.all(processes.map(async (one) => await one.line(/^done$/)));
  for (let round = 0; round < rounds; round++) {
    const answers = await Promise.all(
      processes.map(async (one) => (await one.line(new RegExp(`^${round} (.*)$`)))[1] ?? ""),
    );
    expect(answers.sort().reverse(), `round ${round}`).toEqual(["got it", "IN_USE", "IN_USE", "IN_USE"]);
    expect(readdirSync(join(folder, `${round}`))).toEqual(["lock"]);
  }
});

it("refuses what a process has that lives, of this machine, by whatever name that goes", async () => {
  const path = join(scratchFolder(), "a.lock");
  const one = new FileLock(path);
  await one.take();
  expect(Object.keys(JSON.parse(readlinkSync(path)))).toEqual(["pid", "started", "boot", "nonce"]); // no host name
  await expect(new FileLock(path).take()).rejects.toMatchObject({
    code: "IN_USE",
    message: expect.stringContaining(`process ${process.pid} uses it already (${path} says so`),
  });
  await one.release();
  symlinkSync(lock({}), path);
  await expect(new FileLock(path).take()).rejects.toMatchObject({ code: "IN_USE" });
});

it("takes that of a process that is gone, whose number is another's now, of another run of the machine, or cut short", async () => {
  const path = join(scratchFolder(), "a.lock");
  // Only Linux tells when a process and the machine started.
  const onLinux = [lock({ pid: process.pid, started: "1" }), lock({ boot: "another" })];
  for (const text of [lock({ pid: gone }), "", '{"pid":', ...(isLinux ? onLinux : [])]) {
    writeFileSync(path, text); // as where the file system has no links
    const mine = new FileLock(path);
    await mine.take();
    await mine.check();
    await mine.release();
  }
});

it.runIf(isLinux)("takes that of a process that was killed and that its parent has not looked at yet", async () => {
  const path = join(scratchFolder(), "a.lock");
  // The shell's child becomes a zombie, since the shell became a program that does not wait for it.
  await using parent = start("sh", ["-c", "sleep 0.01 & echo $!; exec sleep 60"]);
  const pid = Number((await parent.line(/^\d+$/))[0]);
  const stat = (): string => readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\) /, "");
  const started = stat().split(" ")[19];
  while (!stat().startsWith("Z")) await new Promise((resolve) => setTimeout(resolve, 5));
  symlinkSync(lock({ pid, started }), path);
  const mine = new FileLock(path);
  await mine.take();
  await mine.release();
});

it("removes its own lock alone, and tells where that is gone", async () => {
  const folder = scratchFolder();
  const path = join(folder, "a.lock");
  const mine = new FileLock(path);
  await mine.take();
  renameSync(path, `${path}.away`);
  await expect(mine.check()).rejects.toMatchObject({ code: "FAILED" });
  const other = new FileLock(path);
  await other.take();
  await mine.release();
  await other.check();
  await other.release();
  expect(readdirSync(folder)).toEqual([]);
});
