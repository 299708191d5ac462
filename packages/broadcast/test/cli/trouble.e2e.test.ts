/** What goes wrong for newcomers: the command says what it was, and what helps. */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { itWith } from "../../../../test/components.js";
import { start } from "../../../../test/process.js";
import { bundleCommand } from "./bundled-command.js";

const command = bundleCommand();

beforeAll(() => {
  for (const name of ["secret", "other"]) {
    writeFileSync(join(command.folder, name), `sixteen bytes or more: ${name}\n`, { mode: 0o600 });
  }
});

/** The command with bytes on its standard input, from a shell's printf. */
async function piped(bytes: string, ...args: readonly string[]) {
  const script = 'bytes=$1; shift; printf "$bytes" | "$@"';
  const words = ["-c", script, "sh", bytes, process.execPath, command.path, ...args];
  return await start("sh", words, { cwd: command.folder }).exited;
}

describe.concurrent("files", () => {
  it.runIf(process.platform === "linux")("a log in a folder that cannot be made is code 2, at once", async () => {
    const { code, stderr } = await command.run("serve", "--listen", "127.0.0.1:0", "--log", "/proc/nope/log");
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^broadcast: --log: the folder \/proc\/nope\/log cannot be made: ENOENT/),
    ]);
  });

  it("B37: a position that cannot be kept is code 2 before anything is said, and code 1 with its cause later", async () => {
    await using server = (await command.serve()).process;
    const at = `127.0.0.1:${await server.port()}`;
    const early = await command.run("join", "--address", at, "--name", "ana", "--position", "none/at");
    expect([early.code, early.stdout]).toEqual([2, ""]);
    expect(early.stderr).toMatch(/^broadcast: --position: cannot write none\/at: ENOENT/);
    const folder = join(command.folder, "positions");
    mkdirSync(folder);
    const ben = command.startTyping("join", "--address", at, "--name", "ben", "--position", "positions/at");
    await ben.process.line(/^\* ben joined$/);
    rmSync(folder, { recursive: true });
    ben.type("hello");
    const { code, stderr } = await ben.process.exited;
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^broadcast: savePosition failed: --position: cannot write positions\/at: ENOENT.*\n$/m),
    ]);
  });
});

describe.concurrent("messages", () => {
  it("one that is too big is shown by its beginning, with the limit", async () => {
    await using server = (await command.serve()).process;
    const at = `127.0.0.1:${await server.port()}`;
    writeFileSync(join(command.folder, "big"), `${"x".repeat(300_000)}\n`);
    for (const [name, args] of [
      ["join", ["--name", "ana"]],
      ["publish", ["-"]],
    ] as const) {
      const script = '"$@" <big';
      const words = ["-c", script, "sh", process.execPath, command.path, name, "--address", at, ...args];
      const { code, stderr } = await start("sh", words, { cwd: command.folder }).exited;
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^broadcast: warning: "x{60}\.\.\."[^\n]* \(its option maxMessageBytes, 256 KiB by default\)\n$/,
      );
    }
  });

  it("what is not UTF-8 on standard input is warned of, once, and U+FFFD that was meant is not", async () => {
    await using server = (await command.serve()).process;
    const at = ["--address", `127.0.0.1:${await server.port()}`];
    const warning = /^broadcast: warning: standard input is not UTF-8: [^\n]*\n$/;
    for (const args of [
      ["publish", ...at, "-"],
      ["join", ...at, "--name", "ana"],
    ]) {
      const wrong = await piped("a\\377\\nb\\376\\n", ...args);
      expect([wrong.code, wrong.stderr]).toEqual([0, expect.stringMatching(warning)]);
      expect((await piped("half \\303", ...args)).stderr).toMatch(warning);
      expect(await piped("\\303\\274 \\357\\277\\275\\n", ...args)).toMatchObject({ code: 0, stderr: "" });
    }
  });
});

describe.concurrent("rooms", () => {
  it("one that is empty or ends before --from is told, and one that a log has not is code 1", async () => {
    await using server = (await command.serve("--log", "log")).process;
    const at = ["--address", `127.0.0.1:${await server.port()}`];
    expect(await command.run("replay", ...at, "--room", "nope")).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "broadcast: warning: the room nope is empty: nothing was ever said there\n",
    });
    await using waiting = command.start("tail", ...at, "--room", "nope", "--json");
    await waiting.line(/"type":"welcome"/);
    waiting.signal("SIGINT");
    expect((await waiting.exited).stderr).toBe(
      "broadcast: warning: the room nope is empty: nothing was ever said there; what comes is shown\n",
    );
    await command.run("publish", ...at, "--name", "ana", "one");
    const behind = "broadcast: warning: --from 9 is behind the end: the newest number of main is 3";
    expect(await command.run("replay", ...at, "--from", "9")).toMatchObject({ code: 0, stderr: `${behind}\n` });
    expect((await command.run("replay", "--log", "log", "--from", "9")).stderr).toBe(`${behind}\n`);
    await using tail = command.start("tail", ...at, "--from", "9", "--json");
    await tail.line(/"type":"welcome"/);
    tail.signal("SIGINT");
    expect((await tail.exited).stderr).toBe(`${behind}, and what comes is shown from 4 on\n`);
    await using next = command.start("tail", ...at, "--from", "4", "--json");
    await next.line(/"type":"welcome"/);
    next.signal("SIGINT");
    expect((await next.exited).stderr).toBe("");
    expect(await command.run("replay", "--log", "log", "--room", "never")).toMatchObject({
      code: 1,
      stderr: "broadcast: --log: log has no room never\n",
    });
  });

  it("B6: one that is not among --rooms has no advice about secrets", async () => {
    await using server = (await command.serve("--rooms", "main")).process;
    const at = `127.0.0.1:${await server.port()}`;
    const { code, stderr } = await command.run("publish", "--address", at, "--room", "art", "x");
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/no such room; --room must be one of the server's --rooms\n$/),
    ]);
  });
});

describe.concurrent("access", () => {
  it("B6: a secret where the server has none is said to be one too many", async () => {
    await using server = (await command.serve()).process;
    const at = `127.0.0.1:${await server.port()}`;
    const { code, stderr } = await command.run("publish", "--address", at, "--secret-file", "secret", "x");
    expect([code, stderr]).toEqual([1, expect.stringMatching(/; the server has no secret: leave --secret-file out/)]);
  });

  itWith("openssl", "B7: TLS on one side alone, and a certificate that nobody knows, are named", async () => {
    const { folder } = command;
    const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
    const keys = ["-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2"];
    execFileSync("openssl", ["req", "-x509", ...keys, ...names], { cwd: folder, stdio: "ignore" });
    const plain = await command.serve();
    await using _plain = plain.process;
    const secure = await command.serve("--tls-cert", "cert.pem", "--tls-key", "key.pem");
    await using _secure = secure.process;
    const publish = async (address: string, ...args: readonly string[]): Promise<string> => {
      const { code, stderr } = await command.run("publish", "--address", address, ...args, "x");
      expect(code).toBe(3);
      expect(stderr).not.toMatch(/is a server running|:error:|maxBodyBytes/);
      return stderr;
    };
    expect(await publish(plain.address, "--tls")).toMatch(
      /as one does that does not speak TLS; leave --tls and --tls-ca out/,
    );
    expect(await publish(secure.address)).toMatch(/as one does that speaks TLS; if it does: --tls, or --tls-ca FILE/);
    expect(await publish(secure.address, "--tls")).toMatch(
      /not trusted: self-signed certificate; --tls-ca FILE trusts/,
    );
    plain.process.signal("SIGINT");
    secure.process.signal("SIGINT");
    const [one, two] = await Promise.all([plain.process.exited, secure.process.exited]);
    expect(one.stderr).toMatch(/^broadcast: warning: a client speaks TLS, and this server does not \(127\..*\)\n$/);
    expect(two.stderr).toMatch(
      /a TLS handshake failed \(.*\): the client does not speak TLS, and this server does \(wrong version number\)\n/,
    );
    expect(one.stdout).not.toMatch(/maxBodyBytes/);
  });
});
