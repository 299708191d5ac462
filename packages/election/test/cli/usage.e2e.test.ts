/** What a person may mistype: one line that says what is accepted, and code 2. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { bundleCommand } from "./bundled-command.js";

const command = bundleCommand();

beforeAll(() => {
  writeFileSync(join(command.folder, "secret"), "sixteen bytes or more\n", { mode: 0o600 });
  mkdirSync(join(command.folder, ".election", "lab"), { recursive: true });
  writeFileSync(join(command.folder, ".election", "lab", "damaged.json"), '{"epoch":');
});

async function ended(...args: string[]): Promise<readonly [code: number | null, stdout: string, stderr: string]> {
  const { code, stdout, stderr } = await command.start(...args).exited;
  return [code, stdout, stderr];
}

describe.concurrent("a wrong command line is code 2", () => {
  it.each([
    [["frobnicate"], /unknown command 'frobnicate'/],
    [["run", "--listen", "4001"], /option '--listen <address>'.*It is "4001", but must be HOST:PORT or .* no port/],
    [["run", "--ui", "x"], /option '--ui <port>'.*It must be a port, or HOST:PORT/],
    [["run", "--mode", "quorum", "--id", "a"], /^election: --mode quorum needs --members/],
    [["run", "--id", "a".repeat(65)], /^election: --id must be 1 to 64 bytes/],
    [["run", "--secret-file", "none"], /^election: --secret-file: cannot read none: ENOENT/],
    [
      ["run", "--listen", "0.0.0.0:0", "--address", "h:1"],
      /: it needs --secret-file FILE, or whoever connects can lead/,
    ],
    [["status"], /missing required argument 'node'/],
  ])("%j", async (args, message) => {
    const [code, stdout, stderr] = await ended(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
  });
});

describe.concurrent("what cannot be done is one line and code 1", () => {
  it("a port that is taken", async () => {
    const other = createServer();
    onTestFinished(() => void other.close());
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { readonly port: number };
    const [code, stdout, stderr] = await ended("run", "--listen", `127.0.0.1:${port}`);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^election: cannot listen on .*: the port is taken; --listen HOST:0 takes a free port\n$/);
  });

  it("E17: what was stored cannot be read", async () => {
    const [code, stdout, stderr] = await ended("run", "--id", "damaged");
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^election: .*damaged\.json.*\n$/);
  });

  it.runIf(process.platform === "linux")("a state folder that cannot be made", async () => {
    const said = /^election: .*the folder \/proc\/nope\/lab cannot be made \(ENOENT\); --state names another folder\n$/;
    const args = ["run", "--id", "m", "--state", "/proc/nope"];
    expect(await ended(...args)).toEqual([1, "", expect.stringMatching(said)]);
  });

  it("nobody listens there", async () => {
    const said = /^election: .*127\.0\.0\.1:1\b.*; is a node running there\? \(election run starts one\)\n$/;
    expect(await ended("resign", "127.0.0.1:1")).toEqual([1, "", expect.stringMatching(said)]);
  });
});

describe.concurrent("help", () => {
  it("says everything", async () => {
    const [code, stdout] = await ended("--help");
    expect(code).toBe(0);
    for (const word of ["run", "status", "resign", "Exit codes"]) expect(stdout).toContain(word);
    expect((await ended("run", "--help"))[1]).toContain("election run --id a --listen 127.0.0.1:4001");
  });

  it("warns of a secret that every user can read", async () => {
    chmodSync(join(command.folder, "secret"), 0o644);
    const [, , stderr] = await ended("status", "127.0.0.1:1", "--secret-file", "secret");
    expect(stderr).toMatch(/^election: warning: --secret-file: every user of this machine can read or write secret/);
  });
});
