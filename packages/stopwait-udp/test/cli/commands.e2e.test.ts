/** The command as a person uses it: what it prints, how it ends, what it leaves. */
import { createSocket } from "node:dgram";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RunningProcess } from "../../../../test/process.js";
import { describeFailure } from "../../src/cli/exit-codes.js";
import { transferOptions } from "../../src/cli/transfer-options.js";
import { TransferError } from "../../src/index.js";
import { content } from "../node/content.js";
import { bundleCommand } from "./bundled-command.js";

const command = bundleCommand();

interface Place {
  readonly folder: string;
  readonly run: (...args: string[]) => RunningProcess;
  readonly ended: (...args: string[]) => Promise<readonly [code: number | null, stdout: string, stderr: string]>;
}

/** A folder of its own for a test, and the command in it. */
function place(): Place {
  const folder = command.emptyFolder();
  mkdirSync(join(folder, "served"));
  writeFileSync(join(folder, "served", "hello.txt"), "hello world\n");
  const run = (...args: string[]): RunningProcess => command.start(args, folder);
  const ended: Place["ended"] = async (...args) => {
    const { code, stdout, stderr } = await run(...args).exited;
    return [code, stdout, stderr];
  };
  return { folder, run, ended };
}

describe.concurrent("S94: what is said, and how it ends", () => {
  it("serves, fetches and stores", async () => {
    const { folder, run, ended } = place();
    await using server = run("serve", "-d", "served", "-p", "0", "--writable");
    const at = `127.0.0.1:${await server.port()}`;
    const [code, stdout, stderr] = await ended("get", at, "hello.txt");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(
      /^saved \S+\/hello\.txt \(12 bytes in \d\.\d\d s, .*\)\nsha256 a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447\npackets: 4 sent, 0 of them again; 3 received\nround trip: .*\n$/,
    );
    expect(readFileSync(join(folder, "hello.txt"), "utf8")).toBe("hello world\n");
    mkdirSync(join(folder, "into"));
    expect((await ended("get", at, "hello.txt", "-o", "into", "-q"))[0]).toBe(0);
    expect(readdirSync(join(folder, "into"))).toEqual(["hello.txt"]);
    expect((await ended("put", at, "hello.txt", "copy.txt", "--v1"))[1]).toMatch(
      /^stored copy\.txt on 127\.0\.0\.1:\d+ /,
    );
    server.signal("SIGTERM");
    const { code: ending, stderr: log } = await server.exited;
    expect(ending).toBe(0);
    expect(
      log
        .trim()
        .split("\n")
        .map((line) => line.replace(/^\S+ +\S+ +/, "")),
    ).toEqual([
      "v2 get hello.txt  12 bytes  done",
      "v2 get hello.txt  12 bytes  done",
      "v1 put copy.txt  12 bytes  done",
    ]);
    expect(readdirSync(join(folder, "served")).sort()).toEqual(["copy.txt", "hello.txt"]);
  });

  it("failures are one line and a code", async () => {
    const { folder, run, ended } = place();
    await using server = run("serve", "-d", "served", "-p", "0");
    const at = `127.0.0.1:${await server.port()}`;
    writeFileSync(join(folder, "hello.txt"), "mine");
    expect(await ended("get", at, "no")).toEqual([1, "", "stopwait: the server says: there is no such file\n"]);
    expect(await ended("get", at, "hello.txt")).toEqual([
      1,
      "",
      `stopwait: ${join(folder, "hello.txt")}: the name is taken; --overwrite replaces it\n`,
    ]);
    expect((await ended("put", at, "hello.txt"))[0]).toBe(1);
    expect(await ended("get", "127.0.0.1:1", "x")).toEqual([
      1,
      "",
      "stopwait: nobody listens on 127.0.0.1:1; is a server running there? (stopwait serve starts one)\n",
    ]);
    const [code, , stderr] = await ended("serve", "-d", "served", "-p", at.split(":")[1] ?? "");
    expect([code, stderr]).toEqual([1, expect.stringMatching(/EADDRINUSE.*-p PORT takes another port/)]);
  });

  it.each([
    [["get"], /missing required argument 'server'/],
    [["get", "a b", "x"], /"a b" is no server/],
    [["get", "127.0.0.1:70000", "x"], /the port from 1 to 65535/],
    [["get", "h", "x", "--window", "33"], /a whole number from 1 to 32/],
    [["get", "h", "x", "--v1", "--window", "2"], /--window does not go with --v1/],
    [["put", "h", "x", "--v1", "--overwrite"], /--overwrite does not go with --v1/],
    [["get", "h", "../x"], /^stopwait: NAME cannot be the name of a file/],
    [["get", "h", "x", "-o", "."], /x is a directory|\. is a directory/],
    [["put", "h", "x", "--secret-file", "none"], /--secret-file: cannot read none/],
    [["get", "h", "x", "-o", "into/"], /-o into\/: there is no such directory/],
    [["get", "h", "x", "--trace", "no/t.svg"], /--trace: cannot write no\/t\.svg/],
    [["get", "h", "x", "--trace-events", "5"], /--trace-events goes with --trace/],
    [["put", "h", "x", "--secret-file", "short"], /the secret of --secret-file has 5 bytes/],
    [["serve", "-d", ".", "--overwrite"], /--overwrite goes with --writable/],
    [["serve", "-d", "served/hello.txt"], /hello\.txt is no directory/],
    [["serve"], /required option '-d, --directory/],
    [["serve", "-d", ".", "-a", "0.0.0.0", "--writable"], /--secret-file FILE names a secret/],
    [["frobnicate"], /unknown command/],
  ])("%j is a wrong command line", async (args, message) => {
    const { folder, ended } = place();
    writeFileSync(join(folder, "short"), "short");
    if (args.includes(".")) mkdirSync(join(folder, "x"));
    const [code, stdout, stderr] = await ended(...args.map((one) => (one === "h" ? "127.0.0.1:1" : one)));
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
  });

  it("what can be done is said with what went wrong, and a file of this side with its path", async () => {
    const { folder, run, ended } = place();
    await using reading = run("serve", "-d", "served", "-p", "0");
    await using taking = run("serve", "-d", "served", "-p", "0", "--writable");
    const [from, to] = [`127.0.0.1:${await reading.port()}`, `127.0.0.1:${await taking.port()}`];
    const said = async (...args: string[]): Promise<string> => {
      const [code, stdout, stderr] = await ended(...args);
      expect([code, stdout]).toEqual([1, ""]);
      return stderr;
    };
    const mine = join("served", "hello.txt");
    expect(await said("put", from, mine, "new")).toBe(
      "stopwait: the server says: this server takes no files; serve --writable lets it take them\n",
    );
    expect(await said("put", from, mine, "new", "--v1")).toMatch(/takes no files; serve --writable/);
    expect(await said("put", to, mine)).toMatch(/the name is taken; --overwrite replaces it, if the server allows/);
    expect(await said("put", to, mine, "--overwrite")).toBe(
      "stopwait: the server says: the name is taken; the server does not allow replacing (serve --overwrite)\n",
    );
    expect(await said("put", to, "nofile")).toBe(
      `stopwait: ${join(folder, "nofile")}: ENOENT: no such file or directory\n`,
    );
    expect(await said("put", to, "served", "x", "--v1")).toBe(
      `stopwait: ${join(folder, "served")}: not a regular file\n`,
    );
    expect(await said("get", to, "hello.txt", "-o", "no/x")).toContain(`stopwait: ${join(folder, "no", "x")}: ENOENT`);
    expect(await said("serve", "-d", "served", "-a", "192.0.2.1")).toMatch(/EADDRNOTAVAIL.*-a ADDRESS takes another/);
    reading.signal("SIGTERM");
    expect((await reading.exited).stderr).toMatch(/v2 put new {2}0 bytes {2}refused \(denied\)\n/);
  });

  it("a server that never answers is told as such", async ({ onTestFinished }) => {
    const { ended } = place();
    const silent = createSocket("udp4");
    onTestFinished(() => new Promise<void>((resolve) => silent.close(() => resolve())));
    let heard = 0;
    silent.on("message", () => heard++);
    await new Promise<void>((resolve) => silent.bind(0, "127.0.0.1", resolve));
    const at = `127.0.0.1:${silent.address().port}`;
    const [, , stderr] = await ended("get", at, "x", "--timeout-ms", "200");
    expect(stderr).toBe(`stopwait: no answer at all from ${at}; is it the right HOST:PORT?\n`);
    expect(heard).toBeGreaterThan(0);
    const told = describeFailure(new TransferError("timeout", `no answer at all from ${at}`), { v1: true });
    expect(told).toMatch(/is it the right HOST:PORT\? .* only with serve --allow-v1\n$/);
  });

  it("a client that gets no full block through goes on in another session, and the log says so", async ({
    onTestFinished,
  }) => {
    const { folder, run, ended } = place();
    writeFileSync(join(folder, "served", "a.bin"), content(20_000));
    await using server = run("serve", "-d", "served", "-p", "0");
    const port = await server.port();
    const narrow = createSocket("udp4");
    onTestFinished(() => new Promise<void>((resolve) => narrow.close(() => resolve())));
    let client = 0;
    narrow.on("message", (bytes, from) => {
      if (from.port !== port) client = from.port;
      if (bytes.length < 2000) narrow.send(bytes, from.port === port ? client : port, "127.0.0.1");
    });
    await new Promise<void>((resolve) => narrow.bind(0, "127.0.0.1", resolve));
    const [code] = await ended("get", `127.0.0.1:${narrow.address().port}`, "a.bin", "--block", "4000");
    expect(code).toBe(0);
    server.signal("SIGTERM");
    const log = (await server.exited).stderr;
    expect(log).toMatch(/get a\.bin .* continued in a new session, with smaller blocks or from the start\n/);
    expect(log).toMatch(/get a\.bin {2}20000 bytes {2}done\n$/);
    expect(log).not.toContain("abandoned");
  });

  it.each([
    [1, 0],
    [5_000, 0],
    [5_001, 1],
    [30_000, 5],
  ])("--timeout-ms %i with --v1 is its fixed timer, and %i packets sent again", (timeoutMs, retransmissions) => {
    expect(transferOptions("h", { v1: true, timeoutMs })).toMatchObject({ version: 1, retransmissions });
  });

  it("--json is one line; version 1 is said to be unverified", async () => {
    const { folder, run, ended } = place();
    await using server = run("serve", "-d", "served", "-p", "0", "--writable", "-q");
    const at = `127.0.0.1:${await server.port()}`;
    const [, stdout] = await ended("get", at, "hello.txt", "--json");
    expect(stdout).toMatch(/^\{.*\}\n$/);
    expect(JSON.parse(stdout)).toMatchObject({
      path: join(folder, "hello.txt"),
      bytes: 12,
      sha256: "a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447",
      seconds: expect.any(Number),
      resumedAt: 0,
      statistics: { packetsSent: 4 },
    });
    const [, stored] = await ended("put", at, "hello.txt", "new", "--json");
    expect(JSON.parse(stored)).toMatchObject({ name: "new", server: at, bytes: 12 });
    const [, old] = await ended("get", at, "hello.txt", "-o", "old", "--v1", "-q");
    expect(old).toMatch(/\nsha256 a948904f\w+ \(version 1: not verified on the way\)\n$/);
  });

  it("an end that is never confirmed is 3", async ({ onTestFinished }) => {
    const { folder, run, ended } = place();
    await using server = run("serve", "-d", "served", "-p", "0", "--writable", "-q");
    const port = await server.port();
    const relay = createSocket("udp4");
    onTestFinished(() => new Promise<void>((resolve) => relay.close(() => resolve())));
    let client = 0;
    relay.on("message", (bytes, from) => {
      if (from.port === port) return bytes[0] === 0xa6 ? undefined : relay.send(bytes, client, "127.0.0.1"); // no FINACK
      client = from.port;
      relay.send(bytes, port, "127.0.0.1");
    });
    await new Promise<void>((resolve) => relay.bind(0, "127.0.0.1", resolve));
    const to = `127.0.0.1:${relay.address().port}`;
    const [code, , stderr] = await ended("put", to, join("served", "hello.txt"), "new.txt", "--timeout-ms", "300");
    expect([code, stderr]).toEqual([3, expect.stringMatching(/^stopwait: unknown: the last packet was not answered/)]);
    expect(readFileSync(join(folder, "served", "new.txt"), "utf8")).toBe("hello world\n");
  });

  it("what a server says cannot steer the terminal", async ({ onTestFinished }) => {
    const { ended } = place();
    const rude = createSocket("udp4");
    onTestFinished(() => new Promise<void>((resolve) => rude.close(() => resolve())));
    rude.on("message", (_bytes, { port, address }) => rude.send("E000000\x1b[2Jgone", port, address));
    await new Promise<void>((resolve) => rude.bind(0, "127.0.0.1", resolve));
    const [code, , stderr] = await ended("get", `127.0.0.1:${rude.address().port}`, "x", "--v1");
    expect([code, stderr]).toEqual([1, "stopwait: the server says: \\x1b[2Jgone\n"]);
  });
});

describe.concurrent("S92, S95: Ctrl-C leaves nothing under the name, and a part to go on with", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s is %i", async (signal, wanted) => {
    const { folder, run, ended } = place();
    const bytes = content(1_280_000);
    writeFileSync(join(folder, "served", "a.bin"), bytes);
    await using server = run("serve", "-d", "served", "-p", "0", "-q");
    const at = `127.0.0.1:${await server.port()}`;
    const client = run("get", at, "a.bin", "--block", "64", "--trace", "t.svg");
    const parts = join(folder, ".stopwait-parts");
    const sizes = (): number[] => readdirSync(parts).map((name) => statSync(join(parts, name)).size);
    await expect
      .poll(() => existsSync(parts) && Math.max(0, ...sizes()) > 32_000, { interval: 2, timeout: 20_000 })
      .toBe(true);
    client.signal(signal);
    const { code, stderr } = await client.exited;
    expect([code, existsSync(join(folder, "a.bin"))]).toEqual([wanted, false]);
    expect(stderr).toBe("what got across is kept: --resume goes on with it\nstopwait: interrupted\n");
    expect(readFileSync(join(folder, "t.svg"), "utf8")).toContain("DATA 0 (64 B)");
    const [done, stdout] = await ended("get", at, "a.bin", "--resume", "-q");
    expect([done, stdout]).toEqual([0, expect.stringMatching(/\nresumed at [\d,]+ of 1,280,000 bytes\n$/)]);
    const [, anew] = await ended("get", at, "a.bin", "--resume", "-q", "-f");
    expect(anew).toMatch(/\nnothing to resume: started from the beginning\n$/);
    expect(Buffer.from(bytes).equals(readFileSync(join(folder, "a.bin")))).toBe(true);
    expect(existsSync(join(folder, ".stopwait-parts"))).toBe(false);
  });
});

describe.concurrent("S96: --trace draws the first exchanges", () => {
  it("of either version, also of a transfer that fails", async () => {
    const { folder, run, ended } = place();
    await using server = run("serve", "-d", "served", "-p", "0", "-q");
    const at = `127.0.0.1:${await server.port()}`;
    const labels = (file: string): string[] => {
      const svg = readFileSync(join(folder, file), "utf8");
      expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[\s\S]*<\/svg>\n$/);
      return [...svg.matchAll(/<text class="label"[^>]*>([^<]*)</g)].map((match) => match[1] ?? "");
    };
    await ended("get", at, "hello.txt", "--trace", "2.svg");
    expect(labels("2.svg")).toEqual([
      "REQ #1",
      "ACCEPT #1",
      "ACK next 0, credit 1 #2",
      "DATA 0 (12 B, the last) #2",
      "ACK next 1, credit 0 #3",
      "FIN #3",
      "FINACK #4",
    ]);
    await ended("get", at, "hello.txt", "-o", "1.txt", "--v1", "--trace", "1.svg");
    expect(labels("1.svg")).toEqual(["G000000 hello.txt", "D100001 (12 B)", "A100001", "FF00000"]);
    await ended("get", at, "<&no>", "--v1", "--trace", "no.svg");
    expect(labels("no.svg")).toEqual(["G000000 &#60;&#38;no&#62;", "E000000"]);
  });

  it("draws as many packets as are asked for", async () => {
    const { folder, run, ended } = place();
    await using server = run("serve", "-d", "served", "-p", "0", "-q");
    const at = `127.0.0.1:${await server.port()}`;
    await ended("get", at, "hello.txt", "--trace", "t.svg", "--trace-events", "2");
    const svg = readFileSync(join(folder, "t.svg"), "utf8");
    expect(svg.match(/class="label"/g)).toHaveLength(2);
    expect(svg).toContain("and 5 packets more");
  });

  it("a diagram that cannot be written hides no failure of the transfer", async () => {
    const { run, ended } = place();
    await using server = run("serve", "-d", "served", "-p", "0", "-q");
    const at = `127.0.0.1:${await server.port()}`;
    const [code, , stderr] = await ended("get", at, "none", "--trace", "/dev/full");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^stopwait: .*ENOSPC.*\nstopwait: the server says: there is no such file\n$/);
    const [drawn, stdout] = await ended("get", at, "hello.txt", "--trace", "/dev/full");
    expect([drawn, stdout.startsWith("saved ")]).toEqual([1, true]);
  });
});
