/** What a person may mistype: one line that says what is accepted, and code 2; and what cannot be done, code 1 or 3. */
import { chmodSync, copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { basename, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { type Outcome, runLines } from "../../../../test/command-lines.js";
import { start } from "../../../../test/process.js";
import { bundleCommand } from "./bundled-command.js";

const command = bundleCommand();

beforeAll(() => {
  const files = {
    secret: "sixteen bytes or more\n",
    short: "short\n",
    text: "no certificate",
    "not-a-position": "{}",
    "of-another-room": JSON.stringify({
      room: "maths",
      clientId: "0".repeat(32),
      token: "1".repeat(32),
      epoch: 1,
      last: 1,
    }),
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(command.folder, name), content, { mode: 0o600 });
  }
  mkdirSync(join(command.folder, "empty"));
});

const join1 = ["join", "--name", "ana", "--address", "127.0.0.1:1"];

describe("a wrong command line is code 2", () => {
  const wrong: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [["frobnicate"], /unknown command 'frobnicate'/],
    [["serve", "--listen", "8081"], /option '--listen <host:port>'.*It is "8081", but must be HOST:PORT or .*no port/],
    [["serve", "--listen", "127.0.0.1:70000"], /It is "127\.0\.0\.1:70000".*from 0 to 65535/],
    [["tail", "--address", "127.0.0.1:0"], /It is "127\.0\.0\.1:0".*from 1 to 65535/],
    [["serve", "--durability", "written"], /^broadcast: --durability goes with --log DIR/],
    [["serve", "--log", "a", "--durability", "never"], /Allowed choices are memory, written, fsync/],
    [["serve", "--log", "a", "--redis", "redis://h"], /^broadcast: there is one log: --log and --redis are 2\n/],
    [["serve", "--redis", "http://h"], /^broadcast: --redis must begin with redis:\/\/ or rediss:\/\/\n/],
    [["serve", "--log", "text"], /^broadcast: --log: the folder text cannot be made: EEXIST/],
    [
      ["serve", "--listen", "0.0.0.0:0"],
      /^broadcast: --listen is 0\.0\.0\.0.*: it needs --secret-file, --tls-cert and/,
    ],
    [["serve", "--tls-cert", "text"], /^broadcast: --tls-cert and --tls-key belong together: --tls-key is missing\n/],
    [["serve", "--tls-cert", "text", "--tls-key", "text"], /^broadcast: --tls-cert and --tls-key: certificate or key/],
    [["serve", "--tls-cert", "none", "--tls-key", "text"], /^broadcast: --tls-cert: cannot read none: ENOENT/],
    [["serve", "--secret-file", "short"], /the secret in short has 5 bytes, but must have 16 or more/],
    [
      ["serve", "--rooms", "a,,b"],
      /option '--rooms <list>'.*Each name between the commas must be 1 to 64 bytes of UTF-8, not 0/,
    ],
    [["serve", "--rooms", ""], /Each name between the commas must be 1 to 64 bytes of UTF-8, not 0/],
    [[], /Usage: broadcast \[options\] \[command\]/],
    [["serve", "--history-messages", "0"], /It must be a whole number from 1 to 100000000/],
    [["serve", "--on-slow", "wait"], /Allowed choices are disconnect, skip, block/],
    [["join"], /required option '--name <name>' not specified/],
    [["join", "--name", "a\u202eb"], /It must have no control characters and none that turn/],
    [[...join1, "--room", "r".repeat(65)], /It must be 1 to 64 bytes of UTF-8, not 65/],
    [[...join1, "--all", "--from", "3"], /^broadcast: --all and --from are two places to begin: give one\n/],
    [[...join1, "--window", "0"], /It must be a whole number from 1 to 1000000/],
    [[...join1, "--position", "not-a-position"], /not-a-position has no position; without the file/],
    [[...join1, "--position", "of-another-room"], /of-another-room is of the room maths, not of main/],
    [[...join1, "--tls-ca", "none"], /^broadcast: --tls-ca: cannot read none: ENOENT/],
    [["tail", "--address", "nowhere"], /It is "nowhere", but must be HOST:PORT/],
    [["publish"], /missing required argument 'text'/],
    [["publish", "-", "x"], /^broadcast: - stands alone/],
    [["replay", "--log", "empty"], /^broadcast: --log: empty is not the folder of a durable log\n/],
    [["replay", "--log", "none"], /^broadcast: --log: none is not the folder of a durable log\n/],
    [["replay", "--log", "empty", "--tls"], /^broadcast: --log reads a folder and asks no server/],
  ];
  let outcomeOf: (args: readonly string[]) => Outcome;
  beforeAll(async () => {
    const lines = wrong.map(([args]) => args);
    outcomeOf = await runLines(command.path, command.folder, lines);
  });

  it("as the exit code of a process", async () => {
    const [[args, message] = [[], /^$/]] = wrong;
    const { code, stdout, stderr } = await command.run(...args);
    expect([code, stdout, stderr]).toEqual([2, "", expect.stringMatching(message)]);
  });

  it.each(wrong)("%j", (args, message) => {
    const { code, stdout, stderr } = outcomeOf(args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
  });
});

describe.concurrent("what cannot be done is one line", () => {
  it("a port that is taken is code 1", async ({ onTestFinished }) => {
    const other = createServer();
    onTestFinished(() => void other.close());
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { readonly port: number };
    const { code, stdout, stderr } = await command.run("serve", "--listen", `127.0.0.1:${port}`);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^broadcast: cannot listen on .*: the port is taken; port 0 takes a free one\n$/);
    const metrics = await command.run("serve", "--listen", "127.0.0.1:0", "--metrics", `${port}`);
    expect([metrics.code, metrics.stdout]).toEqual([1, ""]);
    expect(metrics.stderr).toMatch(/^broadcast: cannot serve metrics on .*EADDRINUSE.*; port 0 takes a free one\n$/);
  });

  it.each([["join", "--name", "ana"], ["tail"], ["publish", "x"], ["replay"]])(
    "no server there is code 3: %s",
    async (...args) => {
      const { code, stdout, stderr } = await command.run(...args, "--address", "127.0.0.1:1");
      expect([code, stdout]).toEqual([3, ""]);
      expect(stderr).toMatch(
        /^broadcast: cannot reach 127\.0\.0\.1:1: .*ECONNREFUSED.*; is a server running there\?.*\n$/,
      );
    },
  );

  it("a log without classic-level is code 1, and makes no folder", async () => {
    const folder = join(command.folder, "alone");
    const path = join(folder, basename(command.path));
    // A package without a main file is what is found first, and is none.
    const none = join(folder, "node_modules", "classic-level");
    mkdirSync(none, { recursive: true });
    writeFileSync(join(none, "package.json"), "{}");
    copyFileSync(command.path, path);
    const serve = [path, "serve", "--listen", "127.0.0.1:0", "--log", "log"];
    const { code, stderr } = await start(process.execPath, serve, { cwd: folder }).exited;
    expect([code, stderr]).toEqual([1, expect.stringMatching(/not installed: npm install classic-level\n$/)]);
    expect(readdirSync(folder).sort()).toEqual([basename(path), "node_modules"].sort());
  });

  it("a log that another server has is code 1", async () => {
    await using server = (await command.serve("--log", "taken")).process;
    const { code, stderr } = await command.run("serve", "--listen", "127.0.0.1:0", "--log", "taken");
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^broadcast: the log cannot be used: taken is in use: .*; another --log has room/),
    ]);
    server.signal("SIGTERM");
    expect((await server.exited).code).toBe(0);
  });
});

describe.concurrent("help", () => {
  it("says everything", async () => {
    const lines = [["--help"], ["join", "--help"], ["--version"]];
    const outcomeOf = await runLines(command.path, command.folder, lines);
    const { code, stdout } = outcomeOf(["--help"]);
    expect(code).toBe(0);
    for (const word of ["serve", "join", "tail", "publish", "replay", "Exit codes"]) expect(stdout).toContain(word);
    expect(outcomeOf(["join", "--help"]).stdout).toContain("broadcast join --name ana");
    expect(outcomeOf(["--version"]).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it("warns of a secret that every user can read", async () => {
    writeFileSync(join(command.folder, "open"), "sixteen bytes or more\n");
    chmodSync(join(command.folder, "open"), 0o644);
    const { stderr } = await command.run("tail", "--address", "127.0.0.1:1", "--secret-file", "open");
    expect(stderr).toMatch(/^broadcast: warning: --secret-file: every user of this machine can read or write open/);
  });
});
