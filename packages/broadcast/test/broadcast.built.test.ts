import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type RunningProcess, start } from "../../../test/process.js";

/** The project into which `pnpm test:built` has installed the packed tarballs. */
const PROJECT = process.env["LAB_PACKED"] ?? "";
const folder = mkdtempSync(join(tmpdir(), "lab-broadcast-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function broadcast(...args: string[]): RunningProcess {
  return start(join(PROJECT, "node_modules/.bin/broadcast"), args, { cwd: folder });
}

describe("the packed command", () => {
  it("serves a durable room, is joined and tailed, is killed, goes on, and replays", async () => {
    const serve = ["serve", "--listen", "127.0.0.1:0", "--log", "log", "--durability", "fsync"];
    await using first = broadcast(...serve, "--metrics", "0");
    const at = ["--address", `127.0.0.1:${await first.port()}`];
    const [, metrics = ""] = await first.line(/^metrics on (\S+)$/);
    await using tail = broadcast("tail", ...at, "--all", "--json");
    await tail.line(/"type":"welcome"/);
    const said = await broadcast("publish", ...at, "--name", "ana", "one", "two").exited;
    expect([said.code, said.stdout, said.stderr]).toEqual([0, "2\n3\n", ""]);
    await tail.line(/"type":"message","number":3,"member":1,"name":"ana","text":"two"/);
    expect(await (await fetch(metrics)).text()).toContain("broadcast_joins_total 1");
    tail.signal("SIGINT");
    expect((await tail.exited).code).toBe(0);
    first.kill("SIGKILL");
    await first.exited;

    await using second = broadcast(...serve);
    const now = ["--address", `127.0.0.1:${await second.port()}`];
    const joined = await broadcast("join", ...now, "--name", "ben", "--all", "--show-order").exited;
    expect(joined.stdout).toMatch(/^#2 <ana> one\n#3 <ana> two\n#4 \* ana left\n#5 \* ben joined\n/m);
    const offline = await broadcast("replay", "--log", "log").exited;
    expect([offline.code, offline.stderr]).toEqual([0, ""]);
    expect(offline.stdout).toMatch(/^#1 \* ana joined\n#2 <ana> one\n[\s\S]*#6 \* ben left\n$/);
    second.signal("SIGTERM");
    expect((await second.exited).code).toBe(0);
  });

  it("says its version and its commands", async () => {
    expect((await broadcast("--version").exited).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const { stdout } = await broadcast("--help").exited;
    for (const command of ["serve", "join", "tail", "publish", "replay"]) expect(stdout).toContain(`  ${command}`);
    expect((await broadcast("join").exited).code).toBe(2);
    expect((await broadcast("tail", "--address", "127.0.0.1:1").exited).code).toBe(3);
  });
});
