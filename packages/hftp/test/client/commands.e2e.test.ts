import { existsSync, readdirSync, readFileSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { itWith } from "../../../../test/components.js";
import { type Exit, start, startTypeScript } from "../../../../test/process.js";
import { HftpServer } from "../../src/node/server.js";
import { temporaryDirectory } from "../temporary.js";
import { bundleCommand } from "./bundled-command.js";
import { HostileServer, soundReply } from "./hostile-server.js";
import { plainDigest } from "./plain-digest.js";

const cli = new URL("../../src/cli/main.ts", import.meta.url);
const server2019 = new URL("../interop/server2019.py", import.meta.url).pathname;
const content = Buffer.from(Uint8Array.from({ length: 9_000_001 }, (_, at) => (at * 31 + (at >> 8)) & 0xff));
const sha256 = plainDigest(content);

const { path: bundle, start: hftp } = bundleCommand();

/** Commands that need nothing of each other, side by side. */
async function all(cwd: string, commands: readonly (readonly string[])[]): Promise<Exit[]> {
  return await Promise.all(commands.map((args) => hftp(args, cwd).exited));
}

describe("against a Python server that knows only the 2019 commands, one client at a time", () => {
  itWith("python3", "H30, H31, H36: get with --parallel 4, --raw and --expect brings the exact file", async () => {
    const served = temporaryDirectory();
    writeFileSync(join(served, "film.bin"), content);
    await using server = start("python3", [server2019, served]);
    const address = `127.0.0.1:${await server.port()}`;
    const cwd = temporaryDirectory();
    const args = [
      "get",
      address,
      "film.bin",
      "--parallel",
      "4",
      "--slice-bytes",
      "1000000",
      "--raw",
      "--expect",
      sha256,
    ];
    const { code, stdout, stderr } = await startTypeScript(cli, args, { cwd }).exited;
    expect(stderr).toBe("note: the server answered 200 NO SUCH COMMAND to help: base64 it is\n");
    expect([code, stdout]).toEqual([0, expect.stringContaining(`sha256 ${sha256}\n`)]);
    expect(readFileSync(join(cwd, "film.bin")).equals(content)).toBe(true);
    expect(readdirSync(cwd)).toEqual(["film.bin"]);
  });

  itWith("python3", "ls, stat, cat and the shell, which closes its connection before it makes another", async () => {
    const served = temporaryDirectory();
    writeFileSync(join(served, "a.txt"), "hello\n");
    writeFileSync(join(served, "empty"), "");
    await using server = start("python3", [server2019, served]);
    const address = `127.0.0.1:${await server.port()}`;
    const cwd = temporaryDirectory();
    const [ls, stat, cat] = await all(cwd, [
      ["ls", address, "--json", "-l"],
      ["stat", address, "nope", "a.txt"],
      ["cat", address, "a.txt", "empty", "a.txt"],
    ]);
    expect(ls).toMatchObject({ code: 0, stdout: '{"name":"a.txt","size":6}\n{"name":"empty","size":0}\n', stderr: "" });
    expect(stat).toMatchObject({ code: 4, stdout: `${"6".padStart(16)}  a.txt\n` });
    expect(stat?.stderr).toBe("hftp: the server answered 202 FILE NOT FOUND to: get_metadata nope\n");
    expect(cat).toMatchObject({ code: 0, stdout: "hello\nhello\n", stderr: "" });
    const lines =
      "ls\nstat a.txt\nfoo\n! get_metadata  a.txt\n! get_meta\\x\nget a.txt b\ncat a.txt\n! quit\nstat nope\nquit\n";
    const shell = await hftp(["shell", address], cwd, lines).exited;
    expect(shell.code).toBe(0);
    expect(shell.stdout).toMatch(/^a\.txt\nempty\n {15}6 {2}a\.txt\n< 201 [A-Z ]+\n< 200 [A-Z ]+\nsaved .*b \(6 bytes/);
    expect(shell.stdout).toMatch(/hello\n< 0 OK\n\(the server closed the connection\)\n$/);
    expect(shell.stderr).toMatch(/^hftp: foo: no such command.*\nhftp: the server answered 202 .*\n$/);
    expect(readFileSync(join(cwd, "b"), "utf8")).toBe("hello\n");
  });

  itWith("python3", "on a terminal a bar shows percent, speed and the time that is left", async () => {
    const served = temporaryDirectory();
    writeFileSync(join(served, "f"), content);
    await using server = start("python3", [server2019, served]);
    const cwd = temporaryDirectory();
    const command = [process.execPath, bundle, "get"];
    const pty = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";
    const address = `127.0.0.1:${await server.port()}`;
    const shown = await start("python3", ["-c", pty, ...command, address, "f"], { cwd }).exited;
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/f \[.*\] 100% \| [\d.]+ MB\/s \| ETA 0s/);
    expect(shown.stdout).toContain(`sha256 ${sha256}`);
  });
});

describe("interrupted", () => {
  const signals: readonly (readonly [NodeJS.Signals, number | null])[] = [
    ["SIGINT", 130],
    ["SIGKILL", null],
  ];
  it.each(signals)(
    "H32, H33: %s in mid-download leaves .part and state, and --resume completes",
    async (signal, exit) => {
      const cwd = temporaryDirectory();
      let silent = true;
      await using server = await HostileServer.listen((line, socket) => {
        if (!(silent && line.includes(" 1048576 "))) socket.write(soundReply(line, { f: content }));
      });
      const args = ["get", `127.0.0.1:${server.port}`, "f", "--slice-bytes", "262144"];
      const first = hftp(args, cwd);
      const silence = server.until(() => server.lines.some((line) => line.includes(" 1048576 ")));
      await Promise.race([silence, first.exited]);
      if (signal === "SIGKILL") await stateOf(join(cwd, "f.part.json"), '"done":[[0,1048576]]');
      first.signal(signal);
      const { code, stdout, stderr } = await first.exited;
      expect([code, stdout]).toEqual([exit, ""]);
      if (exit !== null)
        expect(stderr).toBe("hftp: interrupted; what was fetched so far is in f.part: --resume goes on with it\n");
      const lock = signal === "SIGKILL" ? ["f.part.lock"] : [];
      expect(readdirSync(cwd).sort()).toEqual(["f.part", "f.part.json", ...lock]);
      silent = false;
      server.lines.length = 0;
      const second = await hftp([...args, "--resume", "--json", "--expect", sha256], cwd).exited;
      expect(second).toMatchObject({ code: 0, stderr: "" });
      expect(JSON.parse(second.stdout)).toMatchObject({
        name: "f",
        bytes: content.length,
        sha256,
        path: join(cwd, "f"),
      });
      expect(server.lines.slice(0, 2)).toEqual(["get_metadata f", "get_slice f 983040 65536"]);
      expect(readFileSync(join(cwd, "f")).equals(content)).toBe(true);
      expect(readdirSync(cwd)).toEqual(["f"]);
    },
  );
});

describe("failures: a line that says why, a code, never a word of success", () => {
  it("H32, H34, H35, H39: one code per kind", async () => {
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, "there"), "x");
    await using sound = await HostileServer.listen((line, socket) => {
      socket.write(soundReply(line, { f: content, there: content }));
    });
    await using garbage = await HostileServer.listen((_line, socket) => {
      socket.write("\x1b]0;owned\x07 what?\r\n");
    });
    let asked = 0;
    await using growing = await HostileServer.listen((line, socket) => {
      socket.write(soundReply(line, { f: content.subarray(0, 1000 + asked++) }));
    });
    await using silent = await HostileServer.listen(() => {});
    const at = (server: HostileServer): string => `127.0.0.1:${server.port}`;
    const rows: readonly (readonly [args: readonly string[], code: number, said: RegExp])[] = [
      [["get", at(sound), "nope"], 4, /202 FILE NOT FOUND to: get_metadata nope/],
      [["get", at(sound), "there"], 6, /there is there already: --force replaces it/],
      [["get", at(sound), "f", "--expect", "0".repeat(64)], 8, /SHA-256 is [0-9a-f]{64}, not the expected 0{64}/],
      [["get", at(growing), "f"], 7, /f changed while it was fetched/],
      [["get", at(garbage), "f"], 5, /broke the protocol: .*\\u001b\]0;owned/],
      [["get", at(silent), "f", "--timeout-ms", "100"], 3, /no reply in 100 ms to: get_metadata f/],
      [["get", at(sound), ".."], 2, /\.\. is a directory: name a file with -o PATH/],
      [["get", "host:99999", "f"], 2, /HOST or HOST:PORT is accepted/],
      [["get", at(sound), "f", "-o", "no/such/folder/f"], 6, /the local file failed: ENOENT/],
    ];
    // Each to a target of its own: two at a time for one would be refused.
    const exits = await all(
      cwd,
      rows.map(([args], index) => (args[2] === "f" && !args.includes("-o") ? [...args, "-o", `f${index}`] : args)),
    );
    for (const [index, [args, code, said]] of rows.entries()) {
      const exit = exits[index] as Exit;
      expect({ args, code: exit.code, stdout: exit.stdout }).toEqual({ args, code, stdout: "" });
      expect(exit.stderr).toMatch(said);
      expect(exit.stderr).toMatch(/^(hftp|error): [ -~]+\n(\(--help says more\)\n)?$/); // nothing that steers a terminal
    }
    expect(readdirSync(cwd)).toEqual(["there"]);
    expect(readFileSync(join(cwd, "there"), "utf8")).toBe("x");
  });

  it("--json: an error is an object on standard error, a success one on standard output", async () => {
    const cwd = temporaryDirectory();
    await using server = await HostileServer.listen((line, socket) => {
      socket.write(soundReply(line, { f: content }));
    });
    const at = `127.0.0.1:${server.port}`;
    const [bad, good, stat] = await all(cwd, [
      ["get", at, "nope", "--json"],
      ["get", at, "f", "--json", "-o", "sub"],
      ["stat", at, "f", "--json"],
    ]);
    expect(JSON.parse(bad?.stderr ?? "")).toMatchObject({ error: { code: "STATUS_202", status: 202, exitCode: 4 } });
    expect(JSON.parse(good?.stdout ?? "")).toMatchObject({ name: "f", sha256, bytes: content.length });
    expect(good?.stderr).toBe("");
    expect(JSON.parse(stat?.stdout ?? "")).toEqual({ name: "f", size: content.length });
  });
});

describe("output", () => {
  it("H37: names of a server are shown without control characters, and never become files", async () => {
    const cwd = temporaryDirectory();
    await using server = await HostileServer.listen((_line, socket) => {
      socket.write("0 OK\r\n../../evil\r\n\x1b[2Jclear\r\n\r\n");
    });
    const { stdout } = await hftp(["ls", `127.0.0.1:${server.port}`], cwd).exited;
    expect(stdout).toBe("../../evil\n\\x1b[2Jclear\n");
    expect(existsSync(join(cwd, "..", "..", "evil"))).toBe(false);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it("a reader that has seen enough is no failure, and nothing is said", async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "f"), content);
    await using server = new HftpServer({ directory });
    const { port } = await server.listen({ port: 0 });
    const command = `"$@" | head -c 10; echo ":\${PIPESTATUS[0]}"`;
    const cat = [process.execPath, bundle, "cat", `127.0.0.1:${port}`, "f"];
    const { stdout, stderr } = await start("bash", ["-c", command, "bash", ...cat]).exited;
    expect(stdout).toMatch(/:0\n$/);
    expect(stderr).toBe("");
  });

  it("--transcript shows the exchange, help shows the exit codes, --version the version", async () => {
    const cwd = temporaryDirectory();
    await using server = await HostileServer.listen((line, socket) => {
      socket.write(soundReply(line, { f: content }));
    });
    const [get, help, version] = await all(cwd, [
      ["get", `127.0.0.1:${server.port}`, "f", "--transcript", "--parallel", "2"],
      ["--help"],
      ["--version"],
    ]);
    expect(get?.stderr).toMatch(/#2 +get_metadata f +--->/);
    expect(get?.stderr).toMatch(/<--- {2}\.\.\. 1,048,576 bytes as base64/);
    expect(help?.stdout).toMatch(/Exit codes: 0 done/);
    expect(version?.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

/** Resolves when the file contains the text. */
async function stateOf(path: string, text: string): Promise<void> {
  const folder = watch(join(path, ".."));
  try {
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (existsSync(path) && readFileSync(path, "utf8").includes(text)) resolve();
      };
      folder.on("change", look);
      look();
    });
  } finally {
    folder.close();
  }
}
