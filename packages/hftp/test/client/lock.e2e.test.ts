import { existsSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { start } from "../../../../test/process.js";
import { lockLine } from "../../src/core/lock-lines.js";
import { download } from "../../src/node/download.js";
import { PartLock } from "../../src/node/part-lock.js";
import { temporaryDirectory } from "../temporary.js";
import { bundleCommand } from "./bundled-command.js";
import { HostileServer, soundReply } from "./hostile-server.js";
import { plainDigest } from "./plain-digest.js";

const content = Buffer.from(Uint8Array.from({ length: 1_000_001 }, (_, at) => (at * 31 + (at >> 8)) & 0xff));
const sha256 = plainDigest(content);
const { start: hftp } = bundleCommand();
const slices = ["--slice-bytes", "262144"];

/** A server that keeps the slice at 524288 to itself while `open` is false. */
class Gate {
  open = false;
  held: (() => void)[] = [];

  readonly onLine = (line: string, socket: Socket): void => {
    const answer = (): void => void socket.write(soundReply(line, { f: content }));
    if (this.open || !line.includes(" 524288 ")) answer();
    else this.held.push(answer);
  };

  release(): void {
    this.open = true;
    for (const answer of this.held.splice(0)) answer();
  }
}

describe("H32: one process at a time writes a .part file", () => {
  it.each([[[]], [["--resume"]], [["--force"]]])(
    "a second get (%j) of the same target is refused with code 6 and the pid, and the first one is not disturbed",
    async (flags) => {
      const cwd = temporaryDirectory();
      const gate = new Gate();
      await using server = await HostileServer.listen(gate.onLine);
      const get = ["get", `127.0.0.1:${server.port}`, "f", ...slices];
      const first = hftp([...get, "--expect", sha256], cwd);
      await server.until(() => gate.held.length > 0);
      const second = await hftp([...get, ...flags], cwd).exited;
      expect([second.code, second.stdout]).toEqual([6, ""]);
      expect(second.stderr).toMatch(
        /^hftp: process \d+ on \S+ is fetching this file already \(.*f\.part\.lock says so/,
      );
      expect(second.stderr).toContain(`process ${first.pid} `);
      // The first may be saving what it has, in a file that takes the place of the one before.
      await expect.poll(() => readdirSync(cwd).sort()).toEqual(["f.part", "f.part.json", "f.part.lock"]);
      gate.release();
      expect(await first.exited).toMatchObject({ code: 0, stderr: "" });
      expect(plainDigest(readFileSync(join(cwd, "f")))).toBe(sha256);
      expect(readdirSync(cwd)).toEqual(["f"]);
    },
  );

  it.each([[[]], [["--resume"]]])("after kill -9 get (%j) takes the lock over, and leaves none", async (flags) => {
    const cwd = temporaryDirectory();
    const gate = new Gate();
    await using server = await HostileServer.listen(gate.onLine);
    const get = ["get", `127.0.0.1:${server.port}`, "f", ...slices];
    const first = hftp(get, cwd);
    await server.until(() => gate.held.length > 0);
    first.signal("SIGKILL");
    await first.exited;
    expect(readdirSync(cwd)).toContain("f.part.lock");
    gate.open = true;
    expect(await hftp([...get, ...flags, "--quiet"], cwd).exited).toMatchObject({ code: 0, stderr: "" });
    expect(plainDigest(readFileSync(join(cwd, "f")))).toBe(sha256);
    expect(readdirSync(cwd)).toEqual(["f"]);
  });

  it("of many that find the lock of a dead process one at a time gets it", async () => {
    const path = join(temporaryDirectory(), "f.part.lock");
    const dead = start(process.execPath, ["-e", ""]);
    const { pid } = dead;
    await dead.exited;
    let holders = 0;
    let taken = 0;
    const most: number[] = [];
    for (let round = 0; round < 10; round++) {
      writeFileSync(path, lockLine({ id: "dead", pid, started: "-", host: hostname() }));
      const contend = async (): Promise<void> => {
        for (;;) {
          const lock = new PartLock(path);
          const owner = await lock.take();
          if (owner !== undefined) {
            expect(owner.pid).toBe(process.pid);
            continue;
          }
          most.push(++holders);
          taken++;
          await turn();
          holders--;
          return await lock.release();
        }
      };
      await Promise.all(Array.from({ length: 6 }, contend));
      expect(existsSync(path)).toBe(false);
    }
    expect([taken, Math.max(...most)]).toEqual([60, 1]);
  });

  it("a file of that name that is no lock file, a link or a pipe is neither followed nor removed", async () => {
    const cwd = temporaryDirectory();
    const victim = join(cwd, "victim");
    writeFileSync(victim, "precious");
    const options = { name: "f", port: 1, to: join(cwd, "f") };
    writeFileSync(join(cwd, "f.part.lock"), "mine\n");
    await expect(download(options)).rejects.toMatchObject({
      code: "FILE_ERROR",
      message: expect.stringMatching(/f\.part\.lock is there and is no lock file/),
    });
    expect(readFileSync(join(cwd, "f.part.lock"), "utf8")).toBe("mine\n");
    rmSync(join(cwd, "f.part.lock"));
    symlinkSync(victim, join(cwd, "f.part.lock"));
    await expect(download(options)).rejects.toMatchObject({ code: "FILE_ERROR" });
    rmSync(join(cwd, "f.part.lock"));
    await start("mkfifo", [join(cwd, "f.part.lock")]).exited;
    await expect(download(options)).rejects.toMatchObject({ code: "FILE_ERROR" });
    expect(readFileSync(victim, "utf8")).toBe("precious");
  });

  it.each([false, true])(
    "a .part file that somebody puts another one in the place of is never given the final name (overwrite %s)",
    async (overwrite) => {
      const cwd = temporaryDirectory();
      const to = join(cwd, "f");
      await using server = await HostileServer.listen((line, socket) => {
        if (line.includes(" 524288 ")) {
          writeFileSync(join(cwd, "other"), "not what was fetched");
          renameSync(join(cwd, "other"), `${to}.part`);
        }
        socket.write(soundReply(line, { f: content }));
      });
      const options = { name: "f", port: server.port, to, sliceBytes: 262_144, overwrite, expect: sha256 };
      await expect(download(options)).rejects.toMatchObject({
        code: "FILE_ERROR",
        message: expect.stringMatching(/another file in the place of the \.part file/),
      });
      expect(existsSync(to)).toBe(false);
      expect(readFileSync(`${to}.part`, "utf8")).toBe("not what was fetched"); // not ours to remove
      expect(readdirSync(cwd)).toEqual(["f.part"]);
    },
  );
});
