import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type RunningProcess, start } from "../../../../test/process.js";
import { queryNode } from "../../src/node/query.js";
import { bundleCommand } from "./bundled-command.js";

const command = bundleCommand();

/** Not of the preset `fast`: on a machine so busy that a process stands still for its 1.5 s, the lead would move by itself. */
function node(id: string, ...args: string[]): RunningProcess {
  return command.start("run", "--id", id, "--listen", "127.0.0.1:0", ...args);
}

async function addressOf(running: RunningProcess): Promise<string> {
  return `127.0.0.1:${await running.port()}`;
}

async function ended(...args: string[]): Promise<readonly [code: number | null, stdout: string, stderr: string]> {
  const { code, stdout, stderr } = await command.start(...args).exited;
  return [code, stdout, stderr];
}

describe.concurrent("nodes of a cluster", () => {
  it("join, are shown, hand over, and stop", async () => {
    await using a = node("a", "--json", "--name", "first");
    const at = await addressOf(a);
    expect(JSON.parse((await a.line(/"event":"listening"/)).input)).toMatchObject({ address: at });
    await a.line(/"event":"elected"/);
    await using b = node("b", "--join", at);
    await using c = node("c", "--join", at, "--json");
    const b1 = await addressOf(b);
    await b.line(/^\d\d:\d\d:\d\d\.\d{3} {2}a leads now \(epoch 1\)$/);
    await c.line(/"event":"leader".*"id":"a"/);
    const joined = JSON.parse((await a.line(/"event":"hosts".*"connected":3\b/)).input);
    expect(joined).toMatchObject({ lost: [], at: expect.any(Number) });
    expect(["b", "c"]).toEqual(expect.arrayContaining(joined.joined));
    expect(BigInt(joined.ns)).toBeGreaterThan(0n);

    const [code, table, nothing] = await ended("status", b1);
    expect([code, nothing]).toEqual([0, ""]);
    expect(table).toMatch(
      /^b at 127\.0\.0\.1:\d+: follower, epoch 1, mode available, promised for another [0-6]\.\d s\nleader: {4}a at/,
    );
    expect(table).toMatch(/\nfallbacks: (b|c) \(127\.0\.0\.1:\d+\), (b|c) \(/);
    expect(table).toMatch(/\nRank .*Client name .*CPU usage {2}RAM usage \(MB\).*Free disk \(GB\) {2}Status\n/);
    expect(table).toMatch(/\n[123] (gold|silver|bronze) +first +a \(leader\) .* connected\n/);
    const { node: own, leader } = JSON.parse((await ended("status", at, "--json"))[1]);
    expect(own).toEqual({ ...leader, leaseRemainingMs: own.leaseRemainingMs });
    expect(leader.hosts.map(({ id }: { readonly id: string }) => id).sort()).toEqual(["a", "b", "c"]);

    expect(await ended("resign", b1, "--to", "d")).toEqual([
      2,
      "",
      expect.stringMatching(/^election: --to d: a knows no such host; connected are (b, c|c, b)\n$/),
    ]);
    await using watching = command.start("status", at, "--watch", "--json");
    await watching.line(/^\{"node":\{"id":"a",.*,"leader":\{"id":"a",/);
    const [resigned, told] = await ended("resign", b1, "--to", "c");
    expect([resigned, told]).toEqual([
      0,
      expect.stringMatching(/^c leads now \(epoch 2\), \d+ ms after a was asked\n$/),
    ]);
    await c.line(/"event":"elected","at":\d+,"ns":"\d+","token":\{"epoch":2,"id":"c"\}/);
    await a.line(/"event":"stepDown".*"why":"handedOver"/);
    await b.line(/ {2}c leads now \(epoch 2\)$/);

    a.signal("SIGINT");
    await a.exited;
    await watching.line(/^\{"node":\{"id":"[bc]",.*,"leader":\{"id":"c",/); // goes on with another node
    watching.signal("SIGINT");
    expect(await watching.exited).toMatchObject({ code: 0, stderr: "" });
    b.signal("SIGTERM");
    await b.exited; // else the last leader might hand over to it
    c.signal("SIGTERM");
    const ends = await Promise.all([a, b, c].map((running) => running.exited));
    const untold = ends.map(({ stderr }) => stderr.replace(/^election: warning: nobody listens at .*\n/gm, "")); // of who stopped
    expect(ends.map(({ code, signal }, index) => [code, signal, untold[index]])).toEqual(ends.map(() => [0, null, ""]));
    expect(ends[2]?.stdout).toMatch(/"event":"stepDown".*"why":"stopped"\}\n/);
    expect(readdirSync(join(command.folder, ".election", "lab")).sort()).toEqual(["a.json", "b.json", "c.json"]);
    await expect(connected(at)).rejects.toThrow(/ECONNREFUSED/);
  });

  it("one goes on where nobody reads its output any more, and resigns to itself at a new epoch", async () => {
    const script = '"$0" "$1" run --listen 127.0.0.1:0 --preset fast --cluster other | head -n 1';
    await using shell = start("sh", ["-c", script, process.execPath, command.path], { cwd: command.folder });
    const at = await addressOf(shell);
    expect((await ended("status", at, "--cluster", "other"))[0]).toBe(3);
    while ((await queryNode(at, { cluster: "other" })).role !== "leader") await new Promise(setImmediate);
    expect((await ended("status", at, "--cluster", "other")).slice(0, 2)).toEqual([
      0,
      expect.stringMatching(/^h-[0-9a-f]{16} at \S+: leader, epoch 1, mode available, lease without end\n/),
    ]);
    const [code, stdout] = await ended("resign", at, "--cluster", "other", "--json");
    expect(code).toBe(0);
    const { former, leader } = JSON.parse(stdout);
    expect([former.epoch, leader]).toEqual([1, { ...former, epoch: expect.any(Number) }]);
    expect(leader.epoch).toBeGreaterThan(1);
    expect((await ended("status", at, "--timeout-ms", "500"))[0]).toBe(1); // of another cluster
  });
});

async function connected(address: string): Promise<void> {
  const [host = "", port] = address.split(":");
  const socket = connect({ host, port: Number(port) });
  try {
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  } finally {
    socket.destroy();
  }
}
