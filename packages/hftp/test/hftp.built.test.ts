import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type RunningProcess, start } from "../../../test/process.js";
import { temporaryDirectory } from "./temporary.js";

/** The project into which `pnpm test:built` has installed the packed tarballs. */
const PROJECT = process.env["LAB_PACKED"] ?? "";

function hftp(...args: string[]): RunningProcess {
  return start(join(PROJECT, "node_modules/.bin/hftp"), args);
}

describe("the packed command", () => {
  it("serves a directory, lists it, and fetches a file over four connections", async () => {
    const directory = temporaryDirectory();
    const content = Buffer.from(Uint8Array.from({ length: 10_000_001 }, (_, at) => (at * 131) >> 3));
    const sha256 = createHash("sha256").update(content).digest("hex");
    writeFileSync(join(directory, "content.bin"), content);
    await using server = hftp("serve", "-d", directory, "-p", "0");
    const at = `127.0.0.1:${await server.port()}`;
    expect((await hftp("ls", at).exited).stdout).toContain("content.bin");
    expect((await hftp("stat", at, "content.bin").exited).stdout).toContain("10000001");
    expect((await hftp("cat", at, "content.bin").exited).code).toBe(0);
    const copy = join(directory, "copy");
    const got = await hftp("get", at, "content.bin", "-o", copy, "--parallel", "4", "--expect", sha256).exited;
    expect([got.code, got.stderr]).toEqual([0, ""]);
    expect(got.stdout).toContain(sha256);
    expect(readFileSync(copy).equals(content)).toBe(true);
    server.signal("SIGTERM");
    expect((await server.exited).code).toBe(0);
  });

  it("ends with a code and a line that say what was wrong", async () => {
    const refused = await hftp("ls", "127.0.0.1:1").exited;
    expect([refused.code, refused.stdout]).toEqual([3, ""]);
    expect(refused.stderr).toMatch(/^hftp: .*127\.0\.0\.1:1/);
    expect((await hftp("get").exited).code).toBe(2);
  });

  it("says its version and its commands", async () => {
    expect((await hftp("--version").exited).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const { stdout } = await hftp("--help").exited;
    for (const command of ["serve", "ls", "stat", "get", "cat", "shell"]) expect(stdout).toContain(`  ${command}`);
  });
});
