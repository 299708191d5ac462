import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { start } from "../../../../test/process.js";
import { HftpClient } from "../../src/node/client.js";
import { HftpServer } from "../../src/node/server.js";
import { temporaryDirectory } from "../temporary.js";
import { bundleCommand } from "./bundled-command.js";
import { HostileServer, soundReply } from "./hostile-server.js";

const folder = mkdtempSync(join(tmpdir(), "hftp-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const { path: bundle, start: hftp } = bundleCommand();
const hello = Buffer.from("hello world");

async function serving(files: Readonly<Record<string, string>>): Promise<HftpServer & { readonly at: string }> {
  const directory = temporaryDirectory();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const server = new HftpServer({ directory });
  const { port } = await server.listen({ port: 0 });
  return Object.assign(server, { at: `127.0.0.1:${port}` });
}

describe("a refusal is one file's own", () => {
  it("stat with 66 missing names and a good one: 101 ends the connection (H16), the good one's size is printed", async () => {
    await using server = await serving({ good: "hello" });
    const missing = Array.from({ length: 66 }, (_, at) => `no${at}`);
    const { code, stdout, stderr } = await hftp(["stat", server.at, ...missing, "good"], folder).exited;
    expect([code, stdout]).toEqual([4, `${"5".padStart(16)}  good\n`]);
    const lines = stderr.trimEnd().split("\n");
    expect(lines).toEqual(
      missing.map((name) => `hftp: the server answered 202 FILE NOT FOUND to: get_metadata ${name}`),
    );
  });

  it("stat: a fatal reply (199) to one name does not keep the others from it", async () => {
    await using server = await HostileServer.listen((line, socket) => {
      if (line.endsWith(" bad")) socket.end("199 INTERNAL SERVER ERROR\r\n");
      else socket.write(soundReply(line, { a: hello, b: hello }));
    });
    const { code, stdout, stderr } = await hftp(["stat", `127.0.0.1:${server.port}`, "a", "bad", "b"], folder).exited;
    expect([code, stdout]).toEqual([4, `${"11".padStart(16)}  a\n${"11".padStart(16)}  b\n`]);
    expect(stderr).toBe("hftp: the server answered 199 INTERNAL SERVER ERROR to: get_metadata bad\n");
    expect(server.connections).toBe(3);
  });

  it("ls -l prints the rest where a file has vanished since the listing, and says which", async () => {
    await using server = await HostileServer.listen((line, socket) => {
      if (line === "get_file_listing") socket.write("0 OK\r\na\r\ngone\r\nb\r\n\r\n");
      else socket.write(soundReply(line, { a: hello, b: hello }));
    });
    const { code, stdout, stderr } = await hftp(["ls", "-l", `127.0.0.1:${server.port}`], folder).exited;
    expect([code, stdout]).toEqual([4, `${"11".padStart(16)}  a\n${"11".padStart(16)}  b\n`]);
    expect(stderr).toBe("hftp: the server answered 202 FILE NOT FOUND to: get_metadata gone\n");
  });
});

it("shell: ! prints a body that no CR LF ends; stat goes on after a missing name", async () => {
  await using server = await serving({ "a.txt": "hello world" });
  const lines = "! get_slice a.txt 0 5 raw\n! get_metadata a.txt\nstat nope a.txt\n";
  const { code, stdout, stderr } = await hftp(["shell", server.at], folder, lines).exited;
  expect([code, stdout]).toEqual([
    0,
    `< 0 OK\n< Content-Length: 5\n< \n< hello\n< 0 OK\n< 11\n${"11".padStart(16)}  a.txt\n`,
  ]);
  expect(stderr).toBe("hftp: the server answered 202 FILE NOT FOUND to: get_metadata nope\n");
});

it("get, interrupted before any byte came, does not speak of a .part file", async () => {
  await using server = await HostileServer.listen(() => {});
  const cwd = temporaryDirectory();
  const get = hftp(["get", `127.0.0.1:${server.port}`, "f"], cwd);
  await server.until(() => server.lines.length > 0);
  get.signal("SIGINT");
  expect(await get.exited).toMatchObject({ code: 130, stdout: "", stderr: "hftp: interrupted\n" });
  expect(readdirSync(cwd)).toEqual([]);
});

it("H37: --json escapes what would steer a terminal, in names and in errors", async () => {
  await using server = await HostileServer.listen((line, socket) => {
    if (line === "quit") socket.end("0 OK\r\n");
    else socket.write(line === "get_file_listing" ? "0 OK\r\n\u009b31m\u202e\r\n\r\n" : "999 \u009bboo\u202e\r\n");
  });
  const at = `127.0.0.1:${server.port}`;
  const [ls, stat] = await Promise.all([
    hftp(["ls", "--json", at], folder).exited,
    hftp(["stat", "--json", at, "f"], folder).exited,
  ]);
  expect(ls.stdout).toBe('{"name":"\\u009b31m\\u202e"}\n');
  expect(stat.stderr).toContain("999 \\u009bboo\\u202e to: get_metadata f");
  expect(JSON.parse(stat.stderr).error.message).toContain("999 \u009bboo\u202e");
});

describe("H39: bytes that nobody asked for behind the last reply are no success", () => {
  it.each([
    ["stat", ["f"]],
    ["ls", []],
    ["cat", ["f"]],
  ])("%s ends with code 5", async (command, names) => {
    await using server = await HostileServer.listen((line, socket) => {
      const reply = soundReply(line, { f: hello });
      socket.write(line.startsWith("get_metadata") && command === "cat" ? reply : `${reply}6\r\n`);
    });
    const { code, stderr } = await hftp([command, `127.0.0.1:${server.port}`, ...names], folder).exited;
    expect(code).toBe(5);
    expect(stderr).toBe("hftp: the server broke the protocol: it sent bytes that nobody asked for\n");
  });
});

describe("output that cannot be written", () => {
  const redirected = (how: string, ...args: readonly string[]) =>
    start("bash", ["-c", `"$@" ${how}`, "bash", process.execPath, bundle, ...args], { cwd: temporaryDirectory() })
      .exited;

  it("a full device is code 6 and a word, for every command", async () => {
    await using server = await serving({ f: "hello" });
    for (const args of [
      ["cat", server.at, "f"],
      ["stat", server.at, "f"],
      ["ls", server.at],
      ["get", server.at, "f"],
    ]) {
      const { code, stderr } = await redirected(">/dev/full", ...args);
      expect([args[0], code]).toEqual([args[0], 6]);
      expect(stderr).toMatch(/^hftp: cannot write to standard output: ENOSPC.*\n$/);
    }
  });

  it("with --json the word is an object", async () => {
    await using server = await serving({ f: "hello" });
    const { code, stderr } = await redirected(">/dev/full", "stat", server.at, "f", "--json");
    expect(code).toBe(6);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: "ENOSPC", exitCode: 6 } });
  });

  it("nobody who reads standard error is no failure", async () => {
    await using server = await serving({ f: "hello" });
    const { stdout } = await redirected(
      `2> >(exec true) | cat; echo ":\${PIPESTATUS[0]}"`,
      "stat",
      server.at,
      "no",
      "f",
    );
    expect(stdout).toBe(`${"5".padStart(16)}  f\n:4\n`);
  });

  it("serve, whose standard output nobody reads any more, finishes the reply under way all the same (H22)", async () => {
    const directory = temporaryDirectory();
    const size = 32 * 2 ** 20; // more than the sockets hold
    writeFileSync(join(directory, "f"), Buffer.alloc(size));
    // The first line is read, then the pipe is closed: the line about SIGTERM finds nobody.
    const script = 'mkfifo p; "$@" >p & read -r line <p; echo "$line"; echo "pid $!"; wait $!; echo "code $?"';
    const args = [process.execPath, bundle, "serve", "-d", directory, "-p", "0", "-q"];
    await using serve = start("bash", ["-c", script, "bash", ...args], { cwd: temporaryDirectory() });
    const port = await serve.port();
    const pid = Number((await serve.line(/^pid (\d+)$/))[1]);
    await using client = await HftpClient.connect({ port });
    let received = 0;
    for await (const chunk of client.slice("f", { size, raw: true })) {
      if (received === 0) {
        process.kill(pid, "SIGTERM");
        while (await answers(port));
      }
      received += chunk.length;
    }
    expect(received).toBe(size);
    expect((await serve.exited).stdout).toMatch(/code 0\n$/);
  });
});

/** Whether a server takes connections. */
async function answers(port: number): Promise<boolean> {
  try {
    await using _client = await HftpClient.connect({ port });
    return true;
  } catch {
    return false;
  }
}
