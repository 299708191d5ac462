import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type RunningProcess, start } from "../../../test/process.js";

/** The project into which `pnpm test:built` has installed the packed tarballs. */
const PROJECT = process.env["LAB_PACKED"] ?? "";
const folder = mkdtempSync(join(tmpdir(), "lab-election-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function election(...args: string[]): RunningProcess {
  return start(join(PROJECT, "node_modules/.bin/election"), args, { cwd: folder });
}

describe("the packed command", () => {
  it("runs two nodes, shows them, serves the dashboard, and hands over", async () => {
    const listen = ["--listen", "127.0.0.1:0", "--preset", "fast"];
    await using a = election("run", "--id", "a", ...listen, "--ui", "0");
    const at = `127.0.0.1:${await a.port()}`;
    const [, url = ""] = await a.line(/^dashboard on (http:\/\/127\.0\.0\.1:\d+\/)$/);
    await a.line(/ {2}this node leads \(epoch 1\)$/);
    await using b = election("run", "--id", "b", ...listen, "--join", at);
    await b.line(/ {2}a leads now \(epoch 1\)$/);

    const page = await fetch(url);
    expect([page.status, await page.text()]).toEqual([200, expect.stringMatching(/<html/i)]);
    await a.line(/ {2}connected: b \(2 in all\)$/);
    const shown = await election("status", `127.0.0.1:${await b.port()}`).exited;
    expect([shown.code, shown.stderr]).toEqual([0, ""]);
    expect(shown.stdout).toMatch(/^b at \S+: follower, epoch 1[\s\S]* a \(leader\) .* connected\n/);
    const resigned = await election("resign", at).exited;
    expect([resigned.code, resigned.stdout]).toEqual([
      0,
      expect.stringMatching(/^b leads now \(epoch 2\), \d+ ms after/),
    ]);
    for (const running of [a, b]) running.signal("SIGTERM");
    for (const running of [a, b]) expect((await running.exited).code).toBe(0);
    expect(readdirSync(join(folder, ".election", "lab")).sort()).toEqual(["a.json", "b.json"]);
  });

  it("says its version and its commands", async () => {
    expect((await election("--version").exited).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const { stdout } = await election("--help").exited;
    for (const command of ["run", "status", "resign"]) expect(stdout).toContain(`  ${command}`);
    expect((await election("status").exited).code).toBe(2);
  });
});
