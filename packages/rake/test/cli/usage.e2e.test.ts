/** What a person may mistype: one line that says what is accepted, and code 2; `rake serve` and `rake hosts` as real processes. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Outcome, runLines } from "../../../../test/command-lines.js";
import { bundleCommand } from "./bundled-command.js";

const command = bundleCommand();
const folder = mkdtempSync(join(tmpdir(), "lab-usage-"));
chmodSync(folder, 0o711); // actions of a server that is root have another user
afterAll(() => rmSync(folder, { recursive: true, force: true }));
for (const [name, text] of Object.entries({
  secret: "sixteen bytes or more\n",
  other: "sixteen other bytes..\n",
  short: "short\n",
  text: "no certificate",
  good: "HOSTS = 127.0.0.1:1\nactionset1:\n\tremote-x\n",
  hostless: "actionset1:\n\tx\n",
})) {
  writeFileSync(join(folder, name), text, { mode: 0o600 });
}
writeFileSync(join(folder, "open"), "sixteen bytes or more\n");
chmodSync(join(folder, "open"), 0o644);

describe("a wrong command line is code 2", () => {
  const wrong: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [[], /^rake: there is no Rakefile to be read: ENOENT.*; -f FILE names another\n$/],
    [
      ["build"],
      /^rake: there is no command "build"; rake alone builds .\/Rakefile, -f FILE another one; commands are serve, hosts, explain, help\n$/,
    ],
    [["-n", "good"], /^rake: there is no command "good"; .*, -f good builds that file; /],
    [["serve", "more"], /too many arguments for 'serve'/],
    [["-f", "none"], /^rake: there is no Rakefile to be read: .*none/],
    [["-f", "good", "--hosts", "h:70000"], /option '--hosts <list>'.*found "70000"; accepted: a port from 1 to 65535/],
    [["-f", "good", "--v1", "6"], /Allowed choices are 4, 8/],
    [["-f", "good", "--v1", "4", "--secret-file", "secret"], /^rake: --secret-file is not for v1/],
    [["-f", "good", "--max-attempts", "0"], /It must be a whole number from 1 to 1000/],
    [
      ["-f", "good", "--max-cache-bytes", "1.5g"],
      /It must be a whole number of bytes, 0 or more, or of k, m, g or t: 512m is 512 MiB/,
    ],
    [["-f", "good", "--host-wait-ms", "30s"], /It must be a whole number of milliseconds from 1/],
    [["-f", "good", "--tls-ca", "text"], /^rake: --tls-ca: text holds no certificate in PEM: no start line\n/],
    [["-f", "good", "--secret-file", "short"], /^rake: --secret-file: secret must have 16 bytes or more, not 5\n/],
    [["-f", "good", "--secret-file", "open"], /^rake: --secret-file: the secret file open can be read by others/],
    [["-f", "good", "--tls-cert", "text"], /^rake: --tls-cert and --tls-key belong together: --tls-key is missing\n/],
    [
      ["-f", "good", "--timeline", "no/such/folder.html"],
      /^rake: --timeline: cannot write no\/such\/folder\.html: ENOENT/,
    ],
    [["explain", "-f", "good"], /^rake: there was no build of good yet: /],
    [["explain", "seven"], /It must be the number of a line/],
    [["hosts"], /^rake: there is no Rakefile here; -f FILE names one, or name the hosts: rake hosts HOST:PORT\n/],
    [["hosts", "-f", "hostless"], /^rake: hostless names no HOSTS; rake hosts HOST:PORT asks others\n/],
    [["hosts", "-f", "text"], /^text:1:1: found /],
    [["hosts", "a b:0"], /found "0"; accepted: a port/],
    [["serve", "--port", "70000"], /It must be a whole number from 0 to 65535/],
    [
      ["serve", "--host", "0.0.0.0"],
      /^rake: --host is 0\.0\.0\.0, which other machines can reach: there must be a secret, .*; --secret-file FILE names one; /,
    ],
    [["serve", "--host", "127.0.0.1:80"], /^rake: --host is 127\.0\.0\.1:80: .*; --host 127\.0\.0\.1 --port 80\n/],
    [
      ["serve", "--host", "0.0.0.0", "--secret-file", "secret", "--allow-v1"],
      /^rake: .*--allow-v1 is for loopback alone/,
    ],
    [["serve", "--sandbox", "jail"], /Allowed choices are none, rlimit, bwrap/],
    [["serve", "--charge", "gpu"], /It must be NAME=MILLISECONDS, as gpu=500/],
    [["serve", "--charge", "gpu=5"], /^rake: --charge gpu: there is no --resource gpu; this server has none\n/],
    [["serve", "--charge", "gpu=5", "--resource", "fpga,tape"], /; this server has fpga, tape\n/],
    [["serve", "--readable", "/no/such"], /^rake: --readable: there is no \/no\/such\n/],
    [["serve", "--env", "A B"], /^rake: --env must be names of environment variables\n/],
    [["serve", "--max-memory-bytes", "0"], /It must be a whole number of bytes, 1 or more/],
    [["serve", "--tls-key", "text"], /^rake: --tls-cert and --tls-key belong together: --tls-cert is missing\n/],
    [["serve", "--tls-ca", "text"], /^rake: --tls-ca needs --tls-cert and --tls-key\n/],
    [
      ["serve", "--port", "0", "--tls-cert", "text", "--tls-key", "text"],
      /^rake: --tls-cert: text holds no certificate in PEM/,
    ],
  ];
  let outcomeOf: (args: readonly string[]) => Outcome;
  beforeAll(async () => {
    const lines = wrong.map(([args]) => args);
    outcomeOf = await runLines(command.path, folder, lines);
  });

  it("as the exit code of a process", async () => {
    const [[args, message] = [[], /^$/]] = wrong;
    const { code, stdout, stderr } = await command.run(folder, ...args);
    expect([code, stdout, stderr]).toEqual([2, "", expect.stringMatching(message)]);
  });

  it.each(wrong)("%j", (args, message) => {
    const { code, stdout, stderr } = outcomeOf(args);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([2, ""]);
  });
});

it("help says everything", async () => {
  const lines = [["--help"], ["serve", "--help"], ["help"], ["help", "serve"], ["--version"]];
  const outcomeOf = await runLines(command.path, folder, lines);
  for (const line of lines) expect(outcomeOf(line).code).toBe(0);
  const { stdout } = outcomeOf(["--help"]);
  for (const word of ["--dry-run", "serve", "hosts", "explain", "Exit codes"]) expect(stdout).toContain(word);
  expect(outcomeOf(["serve", "--help"]).stdout).toContain("rake serve --allow 'cc *'");
  expect(outcomeOf(["help"]).stdout).toBe(stdout);
  expect(outcomeOf(["help", "serve"]).stdout).toMatch(/^Usage: rake serve /);
  expect(outcomeOf(["--version"]).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

describe.concurrent("rake serve", () => {
  it("R11, R17, R37: a port that is taken is code 1", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { readonly port: number };
    const { code, stdout, stderr } = await command.run(folder, "serve", "--port", String(port), "--folder", "taken");
    other.close();
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/rake: cannot listen on .*: the port is taken; port 0 takes a free one\n$/);
  });

  it("R48: so is a port of the metrics, before it says that it listens", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { readonly port: number };
    const { code, stdout, stderr } = await command.run(folder, "serve", "--port", "0", "--metrics", String(port));
    other.close();
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/rake: cannot serve metrics on .*EADDRINUSE/);
  });

  it("R16, R44, R48, R56: with a secret and --allow it runs what it may, shows metrics, and ends with 0", async () => {
    const { process: server, address } = await command.serve(
      ...["--secret-file", join(folder, "secret"), "--allow", "echo *", "--metrics", "0", "--name", "den", "--json"],
    );
    const [, url = ""] = await server.line(/^metrics on (http:\/\/127\.0\.0\.1:\d+\/metrics)$/);
    const rakefile = (...lines: readonly string[]): void =>
      writeFileSync(join(folder, "allowed"), `actionset1:\n${lines.map((line) => `\t${line}\n`).join("")}`);
    const build = async (...args: readonly string[]) =>
      await command.run(folder, "-f", "allowed", "--hosts", address, "--host-wait-ms", "300", ...args);
    rakefile("remote-echo $HOME");
    const refused = await build("--secret-file", "secret");
    expect([refused.code, refused.stderr]).toEqual([
      3,
      expect.stringMatching(/NOT_ALLOWED|not allowed|metacharacter|\$/),
    ]);
    rakefile("remote-echo one two");
    expect(await build("--secret-file", "secret")).toMatchObject({ code: 0, stdout: "2| one two\n" });
    expect(await build("--secret-file", "other")).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(
        /UNAUTHORIZED: the secrets differ \(--secret-file must hold the same at both ends\)/,
      ),
    });
    expect(await build()).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/and there is none \(--secret-file FILE names it\)/),
    });
    expect(await (await fetch(url)).text()).toMatch(/^rake_started_total 1$/m);
    const there = await command.run(folder, "hosts", address, "127.0.0.1:1", "--secret-file", "secret");
    expect([there.code, there.stderr]).toEqual([0, ""]);
    expect(there.stdout).toMatch(
      /^host +name +cores +slots +speed +load +sandbox +resources +toolchain\n127\.0\.0\.1:\d+ +den /,
    );
    expect(there.stdout).toMatch(
      /^127\.0\.0\.1:1 {2}is not there: .*ECONNREFUSED.* \(does `rake serve` run there\?\)$/m,
    );
    server.signal("SIGTERM");
    const { code, stdout } = await server.exited;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\{"type":"started".*"command":"echo one two"/m);
  });

  it("R8, R11: with --allow-v1 it serves clients of v1 in both dialects", async () => {
    const { address, process: server } = await command.serve("--allow-v1");
    writeFileSync(
      join(folder, "v1"),
      `HOSTS = ${address}\nactionset1:\n\tremote-tr a-z A-Z <word >loud\n\t\trequires word\n`,
    );
    writeFileSync(join(folder, "word"), "word\n");
    for (const bytes of ["4", "8"]) {
      const { code, stderr } = await command.run(folder, "-f", "v1", "--v1", bytes);
      expect(code, stderr).toBe(0);
    }
    await server.line(/^run \d+ ended: exit code 0 after /);
    const json = await command.run(folder, "hosts", "-f", "v1", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ address, facts: { slots: expect.any(Number) } });
  });
});
