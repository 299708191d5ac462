import { appendFileSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { join as joinRoom, serve } from "@lab/broadcast";
import { TcpProxy } from "@lab/simnet";
import { expect, it } from "vitest";
import { type RunningProcess, start } from "../../../test/process.js";
import { bundled, startBundled } from "../../../test/programs.js";
import { scratchFolder } from "../../../test/scratch.js";

const MAIN = new URL("../src/main.ts", import.meta.url);

interface Person {
  readonly process: RunningProcess;
  readonly type: (...lines: string[]) => void;
}

/** A person whose standard input stays open, as a terminal's. */
function person(folder: string, ...args: string[]): Person {
  const cwd = mkdtempSync(join(folder, "person-"));
  const command = ["node", bundled(MAIN), ...args];
  const process = start("sh", ["-c", 'mkfifo in && exec "$@" 0<>in', "sh", ...command], { cwd });
  return { process, type: (...lines) => appendFileSync(join(cwd, "in"), lines.map((line) => `${line}\n`).join("")) };
}

it("everybody sees who comes and goes, what was said before, and several rooms", async () => {
  await using server = await serve();
  const folder = scratchFolder();
  const ana = person(folder, "ana", "--address", server.address);
  await using _ana = ana.process;
  await ana.process.line(/^\* you talk in main; here are ana$/);
  ana.type("hello", "/who", "nobody here");
  await ana.process.line(/^ana: nobody here$/);

  const ben = person(folder, "ben", "--address", server.address, "--show-order");
  await using _ben = ben.process;
  await ben.process.line(/^#1 \* ana joined$/);
  await ben.process.line(/^#3 ana: nobody here$/);
  await ben.process.line(/^\* you talk in main; here are ana, ben$/);
  ben.type("hi ana");
  await ben.process.line(/^#5 ben: hi ana$/);
  await ben.process.line(/^\* PUBACK 5$/);
  await ben.process.line(/^\* all have 5$/);
  await ana.process.line(/^ben: hi ana$/);

  ben.type("/room maths", "two and two", "/room", "/history 1", "/what", "/room main", "back", "/quit");
  await ana.process.line(/^ben: back$/);
  await ana.process.line(/^\* ben left$/);
  const { code, stdout, stderr } = await ben.process.exited;
  expect([code, stderr]).toEqual([0, ""]);
  const lines = stdout.split("\n");
  expect(lines).toContain("[maths] #2 ben: two and two");
  expect(lines).toContain("* rooms: main, maths");
  expect(lines).toContain("* there is no /what: /who, /history [N], /room [NAME], /quit; everything else is said");
  expect(lines).toContain("[main] #6 ben: back");
  ana.process.signal("SIGINT");
  const end = await ana.process.exited;
  expect([end.code, end.stderr, end.stdout]).toEqual([0, "", expect.not.stringContaining("two and two")]);
});

it("what a pipe says is said, all of it, and shown; others' words cannot steer the terminal", async () => {
  await using server = await serve();
  await using eve = await joinRoom({ address: server.address, name: "eve", handler: () => {} });
  await eve.publish("\x1b[2J\u202e");
  const input = `${Array.from({ length: 200 }, (_, i) => `line ${i}`).join("\n")}\n`;
  const { code, stdout } = await startBundled(MAIN, ["ana", "--address", server.address], { input }).exited;
  expect([code, stdout.match(/^ana: .*$/gm)?.join("\n")]).toEqual([0, input.trimEnd().replace(/^/gm, "ana: ")]);
  expect(stdout).toContain("eve: \\x1b[2J\\u{202e}\n");
});

it("goes on where the connection was lost", async () => {
  await using server = await serve();
  await using proxy = new TcpProxy({ to: { port: Number(server.address.split(":")[1]) } });
  const { port } = await proxy.listen();
  const ana = person(scratchFolder(), "ana", "--address", `127.0.0.1:${port}`);
  await using _ana = ana.process;
  await ana.process.line(/you talk in main/);
  await using ben = await joinRoom({ address: server.address, name: "ben", handler: () => {} });
  proxy.cut({ how: "reset" });
  await ana.process.line(/^\* the connection is lost/);
  await ben.publish("meanwhile");
  proxy.heal();
  await ana.process.line(/^\* the connection is back \(resumed\), from number \d+ on$/);
  await ana.process.line(/^ben: meanwhile$/);
  ana.process.signal("SIGTERM");
  expect((await ana.process.exited).code).toBe(0);
});

it("says how it is used, and that there is no server", async () => {
  const none = await startBundled(MAIN, []).exited;
  expect([none.code, none.stderr]).toEqual([
    2,
    expect.stringMatching(/^there must be one NAME\nusage: pnpm start NAME/),
  ]);
  const alone = await startBundled(MAIN, ["ana", "--address", "127.0.0.1:1"]).exited;
  expect([alone.code, alone.stderr]).toEqual([1, expect.stringMatching(/^no server at 127\.0\.0\.1:1: /)]);
});
