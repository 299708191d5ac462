import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { itWith } from "../../../../test/components.js";
import { temporaryDirectory } from "../temporary.js";
import { bundleCommand } from "./bundled-command.js";
import { HostileServer, soundReply } from "./hostile-server.js";
import { CTRL_C, onTerminal } from "./terminal.js";

const folder = mkdtempSync(join(tmpdir(), "hftp-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const { path: bundle, start: hftp } = bundleCommand();
const hello = Buffer.from("hello world");
const film = Buffer.alloc(9_000_001, 7);

/** Serves; of some requests it answers a part, or nothing, and is silent then. */
async function halting(): Promise<HostileServer> {
  return await HostileServer.listen((line, socket) => {
    if (line === "get_file_listing") socket.write("0 OK\r\nfirst-name\r\n");
    else if (line.startsWith("get_slice long")) socket.write("0 OK\r\naGVsbG8g\r\n");
    else if (line.startsWith("get_slice film 4194304 ") || line.endsWith(" silent")) return;
    else socket.write(soundReply(line, { film, long: hello, good: hello }));
    if (line === "quit") socket.end();
  });
}

describe("Ctrl-C", () => {
  const good = `${"11".padStart(16)}  good`;
  itWith("python3", "stops a get, which keeps .part; the shell goes on, and Ctrl-C at its prompt ends it", async () => {
    await using server = await halting();
    const cwd = temporaryDirectory();
    const at = `127.0.0.1:${server.port}`;
    await using shell = onTerminal([process.execPath, bundle, "shell", at], cwd, [
      ["hftp> ", "get film\r"],
      [" 46%", CTRL_C],
      ["hftp> ", "stat good\r"],
      [good, ""],
      ["hftp> ", CTRL_C],
    ]);
    const { code, stdout } = await shell.exited;
    const said = "hftp: interrupted; what was fetched so far is in film.part: outside of the shell, hftp get --resume";
    expect([code, readdirSync(cwd).sort()]).toEqual([0, ["film.part", "film.part.json"]]);
    expect(stdout).toContain(`${said} goes on with it\r\n`);
    expect(stdout.indexOf(good)).toBeGreaterThan(stdout.indexOf(said));
  });

  itWith("python3", "stops ls, cat, stat and !", async () => {
    await using server = await halting();
    await using shell = onTerminal(
      [process.execPath, bundle, "shell", `127.0.0.1:${server.port}`],
      temporaryDirectory(),
      [
        ["hftp> ", "ls\r"],
        ["first-name", CTRL_C],
        ["hftp: interrupted\r\n", ""],
        ["hftp> ", "cat long\r"],
        ["hello ", CTRL_C],
        ["hftp: interrupted\r\n", ""],
        ["hftp> ", "stat silent\r"],
        ["stat silent\r\r\n", CTRL_C],
        ["hftp: interrupted\r\n", ""],
        ["hftp> ", "! get_metadata silent\r"],
        ["! get_metadata silent\r\r\n", CTRL_C],
        ["hftp: interrupted\r\n", ""],
        ["hftp> ", "stat good\r"],
        [good, ""],
        ["hftp> ", "quit\r"],
      ],
    );
    const { code, stdout } = await shell.exited;
    expect(code).toBe(0);
    expect(stdout.match(/hftp: .*/g)).toEqual(Array.from({ length: 4 }, () => "hftp: interrupted"));
    expect(stdout).toContain(good);
    await server.until(() => server.open === 0);
  });
});

itWith("python3", "on a terminal the shell says to whom it is connected, and what help is for", async () => {
  await using server = await halting();
  const at = `127.0.0.1:${server.port}`;
  const command = [process.execPath, bundle, "shell", at];
  await using shell = onTerminal(command, temporaryDirectory(), [["hftp> ", "quit\r"]]);
  const { stdout } = await shell.exited;
  expect(stdout).toMatch(/^connected to (\S+); help lists the commands\r\n/);
  expect(stdout).toContain(`connected to ${at};`);
});

describe("what the shell does not understand it says", () => {
  it.each([
    ["get good -f", "get has no option -f: get NAME [PATH] is accepted; a name that begins with - goes behind --"],
    [
      "get --force good",
      "get has no option --force: get NAME [PATH] is accepted; a name that begins with - goes behind --",
    ],
    ["ls -a", "ls has no option -a: ls [-l] is accepted; a name that begins with - goes behind --"],
    ["stat -l good", "stat has no option -l: stat NAME... is accepted; a name that begins with - goes behind --"],
    ["cat", "a name is missing: cat NAME is accepted"],
    ["get a b c", "c is too much: get NAME [PATH] is accepted"],
    ["foo", "foo: no such command; there are ls, stat, get, cat, help, !, quit"],
    ["!", "! LINE is accepted: the line that is to be sent is missing"],
  ])("%s", async (line, message) => {
    await using server = await halting();
    const cwd = temporaryDirectory();
    const { code, stdout, stderr } = await hftp(["shell", `127.0.0.1:${server.port}`], cwd, `${line}\n`).exited;
    expect([code, stdout, stderr]).toEqual([0, "", `hftp: ${message}\n`]);
    expect(readdirSync(cwd)).toEqual([]);
    expect(server.lines).toEqual(["quit"]);
  });

  it("a name that begins with - goes behind --", async () => {
    await using server = await HostileServer.listen((line, socket) => {
      socket.write(soundReply(line, { "-f": hello }));
      if (line === "quit") socket.end();
    });
    const cwd = temporaryDirectory();
    const lines = "get -- -f\nstat -- -f\n";
    const { stderr, stdout } = await hftp(["shell", `127.0.0.1:${server.port}`], cwd, lines).exited;
    expect([stderr, readFileSync(join(cwd, "-f"), "utf8")]).toEqual(["", "hello world"]);
    expect(stdout).toContain(`${"11".padStart(16)}  -f\n`);
  });

  it("a file that is there already: the advice is one that the shell takes", async () => {
    await using server = await halting();
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, "good"), "mine");
    const lines = "get good\nget ..\nget good better\n";
    const { stderr } = await hftp(["shell", `127.0.0.1:${server.port}`], cwd, lines).exited;
    expect(stderr).toBe(
      "hftp: good is there already: get NAME PATH puts the file elsewhere\n" +
        "hftp: .. is a directory: get NAME PATH names a file\n",
    );
    expect(readFileSync(join(cwd, "good"), "utf8")).toBe("mine");
    expect(readFileSync(join(cwd, "better"), "utf8")).toBe("hello world");
  });
});
