import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type RunningProcess, start } from "../../../test/process.js";

/** The project into which `pnpm test:built` has installed the packed tarballs. */
const PROJECT = process.env["LAB_PACKED"] ?? "";
const folder = mkdtempSync(join(tmpdir(), "lab-rake-"));
chmodSync(folder, 0o711); // actions of a server that is root have another user
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function rake(...args: string[]): RunningProcess {
  return start(join(PROJECT, "node_modules/.bin/rake"), args, { cwd: folder });
}

describe("the packed command", () => {
  it("builds over two servers, one of which is killed, shows the hosts, and explains", async () => {
    await using one = rake("serve", "--port", "0", "--metrics", "0", "--folder", join(folder, "one"));
    await using two = rake("serve", "--port", "0", "--folder", join(folder, "two"));
    const ports = await Promise.all([one.port(), two.port()]);
    const [, metrics = ""] = await one.line(/^metrics on (\S+)$/);
    const actions = "\tremote-tr a-z A-Z <words >loud\n\t\trequires words\n\tremote-echo $0; exit 0\n";
    writeFileSync(join(folder, "words"), "good morning\n");
    writeFileSync(
      join(folder, "Rakefile"),
      `HOSTS = ${ports.map((port) => `localhost:${port}`).join(" ")}\nactionset1:\n${actions}`,
    );
    const built = await rake("--timeline", "build.html").exited;
    expect(built.code, built.stderr).toBe(0);
    expect(readFileSync(join(folder, "loud"), "utf8")).toBe("GOOD MORNING\n");
    expect(readFileSync(join(folder, "build.html"), "utf8")).toContain("<svg");
    expect((await rake("hosts").exited).stdout.match(/ (bwrap|rlimit) /g)).toHaveLength(2);
    expect(await (await fetch(metrics)).text()).toContain("rake_bids_total");
    two.kill("SIGKILL");
    await two.exited;
    rmSync(join(folder, "loud"));
    expect((await rake().exited).code).toBe(0);
    expect(existsSync(join(folder, "loud"))).toBe(true);
    expect((await rake("explain").exited).stdout).toMatch(/^localhost:\d+: was never there$/m);
    one.signal("SIGTERM");
    expect((await one.exited).code).toBe(0);
  });

  it("says its version and its commands", async () => {
    expect((await rake("--version").exited).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const { stdout } = await rake("--help").exited;
    for (const command of ["serve", "hosts", "explain"]) expect(stdout).toContain(`  ${command}`);
    expect((await rake("-f", "none").exited).code).toBe(2);
    expect((await rake("hosts", "127.0.0.1:1").exited).code).toBe(3);
  });
});
