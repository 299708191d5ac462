/** The class's chat, as real processes. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TcpProxy } from "@lab/simnet";
import { describe, expect, it } from "vitest";
import { start } from "../../../../test/process.js";
import { join as joinRoom } from "../../src/index.js";
import { bundleCommand } from "./bundled-command.js";

const command = bundleCommand();

/** What was said, as each of them shows it. */
function said(stdout: string): string[] {
  return stdout.split("\n").filter((line) => line.startsWith("<"));
}

describe.concurrent("a chat", () => {
  it("shows everybody the same lines in the same order, and who comes and goes", async () => {
    await using server = (await command.serve()).process;
    const at = `127.0.0.1:${await server.port()}`;
    const ana = command.startTyping("join", "--address", at, "--name", "ana");
    await using _ana = ana.process;
    await ana.process.line(/^\* ana is member 1 of main, its newest number is 1; in the room: ana$/);
    const ben = command.startTyping("join", "--address", at, "--name", "ben");
    await using _ben = ben.process;
    await ben.process.line(/^\* ben is member 2 of main, its newest number is 2; in the room: ana, ben$/);
    await ana.process.line(/^\* ben joined$/);
    for (let i = 0; i < 50; i++) {
      ana.type(`a${i}`);
      ben.type(`b${i}`);
    }
    ben.end();
    const quick = await ben.process.exited;
    await ana.process.line(/^\* ben left$/);
    ana.process.signal("SIGINT");
    const slow = await ana.process.exited;
    expect([quick.code, quick.stderr, slow.code, slow.stderr]).toEqual([0, "", 0, ""]);
    const both = said(slow.stdout);
    // Ben left when his last line was acknowledged: what ana said behind that he has not seen.
    expect(said(quick.stdout)).toEqual(both.slice(0, said(quick.stdout).length));
    for (const name of ["ana", "ben"]) {
      const lines = Array.from({ length: 50 }, (_, i) => `<${name}> ${name[0]}${i}`);
      expect(both.filter((line) => line.startsWith(`<${name}>`))).toEqual(lines);
    }
    expect(said(quick.stdout)).toContain("<ben> b49");
    await server.line(/ {2}main: ana joined as member 1, number 1$/);
    await server.line(/ {2}main: ben, member 2, left, number \d+$/);
  });

  it("B20, B21: --show-order shows numbers, ACKs, PUBACKs and what is stable; B20: --window 1 acknowledges each", async () => {
    await using server = (await command.serve()).process;
    const at = `127.0.0.1:${await server.port()}`;
    const flags = ["--address", at, "--name", "ana", "--show-order", "--window", "1"];
    const ana = command.startTyping("join", ...flags);
    await using _ana = ana.process;
    await ana.process.line(/^#1 \* ana joined$/);
    for (const text of ["one", "two", "three"]) ana.type(text);
    await ana.process.line(/^\* stable: all have acknowledged up to number 4$/);
    ana.end();
    const { code, stdout } = await ana.process.exited;
    expect(code).toBe(0);
    expect(stdout.match(/^#\d+ <ana> .*$/gm)).toEqual(["#2 <ana> one", "#3 <ana> two", "#4 <ana> three"]);
    expect(stdout.match(/^\* PUBACK.*$/gm)).toEqual([2, 3, 4].map((n) => `* PUBACK: the message has number ${n}`));
    expect(stdout.match(/^\* ACK.*$/gm)).toEqual([1, 2, 3, 4].map((n) => `* ACK ${n} sent`));
  });

  it("says what a pipe says, and ends when all of it is acknowledged and shown", async () => {
    await using server = (await command.serve()).process;
    const at = `127.0.0.1:${await server.port()}`;
    const lines = Array.from({ length: 3_000 }, (_, i) => `line ${i}`);
    writeFileSync(join(command.folder, "lines"), `${lines.join("\n")}\n`);
    const script = '"$0" "$1" join --name ana --address "$2" < lines';
    await using shell = start("sh", ["-c", script, process.execPath, command.path, at], { cwd: command.folder });
    const { code, stdout, stderr } = await shell.exited;
    expect([code, stderr]).toEqual([0, ""]);
    expect(said(stdout)).toEqual(lines.map((line) => `<ana> ${line}`));
    // Nothing to say: it shows what the history holds.
    const { stdout: history } = await command.run("join", "--name", "ben", "--address", at, "--all");
    expect(said(history)).toEqual(said(stdout));
  });

  it("makes names and texts of others printable", async () => {
    await using server = (await command.serve()).process;
    const at = `127.0.0.1:${await server.port()}`;
    await using eve = await joinRoom({ address: at, name: "e\u200bve\ufeff", handler: () => {} });
    await eve.publish("\x1b[2J\x07 \u202etxt\u2028* ana left");
    await eve.publish(new Uint8Array([0xff, 0x41]));
    const { stdout } = await command.run("join", "--name", "ana", "--address", at, "--all");
    expect(said(stdout)).toEqual([
      "<e\\u{200b}ve\\u{feff}> \\x1b[2J\\x07 \\u{202e}txt\\u{2028}* ana left",
      "<e\\u{200b}ve\\u{feff}> \ufffdA",
    ]);
    const json = await command.run("replay", "--json", "--address", at);
    for (const hidden of ["\x1b", "\u200b", "\u202e", "\u2028"]) expect(json.stdout).not.toContain(hidden);
    const entries = json.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(entries.map(({ text, base64 }) => text ?? base64)).toContain("\x1b[2J\x07 \u202etxt\u2028* ana left");
    expect(entries.map(({ text, base64 }) => text ?? base64)).toContain("/0E=");
    await server.line(/e\\u\{200b\}ve\\u\{feff\} joined/);
  });

  it("B10, B37: goes on from --position after a kill -9, with every message once", async () => {
    await using server = (await command.serve("--history-messages", "100")).process;
    const at = `127.0.0.1:${await server.port()}`;
    const flags = ["--address", at, "--name", "ana", "--position", "ana.position", "--show-order"];
    const first = command.startTyping("join", ...flags);
    await using _first = first.process;
    await first.process.line(/^#1 \* ana joined$/);
    first.type("before");
    await first.process.line(/^\* ACK 2 sent$/);
    first.process.kill("SIGKILL");
    await first.process.exited;
    const file = join(command.folder, "ana.position");
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ room: "main", last: 2 });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await command.run("publish", "--name", "ben", "--address", at, "meanwhile", "and more");
    const second = await command.run("join", ...flags);
    expect(second.code).toBe(0);
    expect(second.stdout.match(/^#.*$/gm)).toEqual([
      "#3 * ben joined",
      "#4 <ben> meanwhile",
      "#5 <ben> and more",
      "#6 * ben left",
    ]);

    // What the history does not hold any more is told.
    await command.run("publish", "--name", "ben", "--address", at, ...Array.from({ length: 150 }, (_, i) => `m${i}`));
    const third = await command.run("join", ...flags);
    expect(third.stdout).toMatch(/^\* gap: the numbers 7 to \d+ will not come: the history does not go back so far$/m);
    // The name of one who has left stood in a join that is not held any more.
    expect(third.stdout).toMatch(/^#158 <member 3> m149$/m);
  });

  it("B33: tells that the connection is lost and back, and loses nothing", async () => {
    await using server = (await command.serve()).process;
    const to = { port: await server.port() };
    await using proxy = new TcpProxy({ to });
    const { port } = await proxy.listen();
    const ana = command.startTyping("join", "--address", `127.0.0.1:${port}`, "--name", "ana");
    await using _ana = ana.process;
    await ana.process.line(/^\* ana joined$/);
    proxy.cut({ how: "reset" });
    await ana.process.line(/^\* connection lost: .*; trying again until it is back$/);
    await command.run("publish", "--name", "ben", "--address", `127.0.0.1:${to.port}`, "meanwhile");
    ana.type("typed without a connection");
    proxy.heal();
    await ana.process.line(/^\* connected again \(resumed\): goes on with number 2, the newest is 4$/);
    await ana.process.line(/^<ana> typed without a connection$/);
    ana.end();
    const { code, stdout } = await ana.process.exited;
    expect(code).toBe(0);
    expect(said(stdout)).toEqual(["<ben> meanwhile", "<ana> typed without a connection"]);
    expect(stdout.match(/connection lost/g)).toHaveLength(1);
  });

  it("B11: one that is taken over ends with 1 and says why", async () => {
    await using server = (await command.serve()).process;
    const at = `127.0.0.1:${await server.port()}`;
    const flags = ["join", "--address", at, "--name", "ana", "--position", "shared.position", "--show-order"];
    const first = command.startTyping(...flags);
    await using _first = first.process;
    await first.process.line(/^\* ACK 1 sent$/);
    await using second = command.startTyping(...flags).process;
    const { code, stderr } = await first.process.exited;
    expect([code, stderr]).toEqual([1, expect.stringMatching(/; another process uses the same --position\n$/)]);
    second.signal("SIGINT");
    expect((await second.exited).code).toBe(0);
  });
});
