/** What the command says to people who met a trouble that is not a defect. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { temporaryDirectory } from "../temporary.js";
import { bundleCommand } from "./bundled-command.js";
import { HostileServer, soundReply } from "./hostile-server.js";

const folder = mkdtempSync(join(tmpdir(), "hftp-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const { start: hftp } = bundleCommand();
const hello = Buffer.from("hello world");

describe("H33: what an earlier download left", () => {
  const state = JSON.stringify({ format: "hftp-part", version: 1, name: "f", size: 11, done: [[0, 5]] });
  it.each([
    ["get", [], state, "5 bytes of an earlier download are discarded; resume would have kept them"],
    ["get", [], undefined, "5 bytes of an earlier download are discarded"],
    ["get --resume", ["--resume"], undefined, "the .part file cannot be gone on with, it has no state file: from zero"],
    ["get --resume", ["--resume"], "{", "the .part file cannot be gone on with, its state file is damaged: from zero"],
    [
      "get --resume",
      ["--resume"],
      " ".repeat(2 ** 19 + 1),
      "the .part file cannot be gone on with, its state file is damaged: from zero",
    ],
  ])("%s %j says what becomes of it", async (_what, flags, text, note) => {
    await using server = await HostileServer.listen((line, socket) => {
      socket.write(soundReply(line, { f: hello }));
    });
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, "f.part"), "hello");
    if (text !== undefined) writeFileSync(join(cwd, "f.part.json"), text);
    const { code, stderr } = await hftp(["get", `127.0.0.1:${server.port}`, "f", ...flags], cwd).exited;
    expect([code, stderr]).toEqual([0, `note: ${note}\n`]);
    expect(readdirSync(cwd)).toEqual(["f"]);
  });
});

describe("a wrong command line", () => {
  it.each([
    [["get", "hi.txt"], "error: missing required argument 'name'", "hftp get HOST[:PORT] NAME"],
    [["stat"], "error: missing required argument 'server'", "hftp stat HOST[:PORT] NAME..."],
    [["cat", "h"], "error: missing required argument 'name'", "hftp cat HOST[:PORT] NAME..."],
    [["ls", "-z"], "error: unknown option '-z'", "hftp ls [HOST[:PORT]]"],
  ])("%j is answered with the usage line", async (args, error, usage) => {
    const { code, stdout, stderr } = await hftp(args, folder).exited;
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toBe(`${error}\nusage: ${usage}\n(--help says more)\n`);
  });

  it.each(["--port", "-p", "--port=19520"])("ls %s: a port goes into HOST:PORT", async (option) => {
    const { code, stderr } = await hftp(["ls", option, "19520"], folder).exited;
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: unknown option '-?-p.*'\nThe port goes into HOST:PORT\.\nusage: hftp ls /);
  });
});

describe("nobody listens at the address", () => {
  it.each([
    ["ls", [], ""],
    ["get", ["f"], ""],
    ["shell", [], ""],
  ])("%s asks once whether a server is running there", async (command, names, input) => {
    const { port } = await closedServer();
    const { code, stderr } = await hftp([command, `127.0.0.1:${port}`, ...names], folder, input).exited;
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /^hftp: .*ECONNREFUSED 127.0.0.1:\d+; is a server running there\? \(hftp serve starts one\)\n$/,
    );
  });

  it("--json has the plain message", async () => {
    const { port } = await closedServer();
    const { stderr } = await hftp(["ls", `127.0.0.1:${port}`, "--json"], folder).exited;
    expect(JSON.parse(stderr).error.message).toMatch(/ECONNREFUSED 127.0.0.1:\d+$/);
  });
});

/** The port of a server that was there a moment ago. */
async function closedServer(): Promise<{ readonly port: number }> {
  await using server = await HostileServer.listen(() => {});
  return { port: server.port };
}
