/** What the command says to people who met a trouble that is not a defect. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { temporaryDirectory } from "../temporary.js";
import { bundleCommand } from "./bundled-command.js";
import { HostileServer, soundReply } from "./hostile-server.js";

const folder = mkdtempSync(join(tmpdir(), "hftp-bundle-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const { start: hftp } = bundleCommand(folder);
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
