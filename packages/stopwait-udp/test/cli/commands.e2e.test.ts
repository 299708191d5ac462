/** The command as a person uses it: what it prints, how it ends, what it leaves. */
import { createSocket } from "node:dgram";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { RunningProcess } from "../../../../test/process.js";
import { scratchFolder } from "../../../../test/scratch.js";
import { content } from "../node/content.js";
import { bundleCommand } from "./bundled-command.js";

const command = bundleCommand();

let folder: string;

beforeEach(() => {
  folder = scratchFolder();
  mkdirSync(join(folder, "served"));
  writeFileSync(join(folder, "served", "hello.txt"), "hello world\n");
});

function run(...args: string[]): RunningProcess {
  return command.start(args, folder);
}

async function ended(...args: string[]): Promise<readonly [code: number | null, stdout: string, stderr: string]> {
  const { code, stdout, stderr } = await run(...args).exited;
  return [code, stdout, stderr];
}

describe("S94: what is said, and how it ends", () => {
  it("serves, fetches and stores", async () => {
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
    await using server = run("serve", "-d", "served", "-p", "0");
    const at = `127.0.0.1:${await server.port()}`;
    writeFileSync(join(folder, "hello.txt"), "mine");
    expect(await ended("get", at, "no")).toEqual([1, "", "stopwait: the server says: not-found\n"]);
    expect(await ended("get", at, "hello.txt")).toEqual([
      1,
      "",
      "stopwait: the name is taken; --overwrite replaces it\n",
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
    [["put", "h", "x", "--v1", "--overwrite"], /overwrite is an option of version 2 alone/],
    [["get", "h", "../x"], /remoteName cannot be the name of a file/],
    [["get", "h", "x", "-o", "."], /x is a directory|\. is a directory/],
    [["put", "h", "x", "--secret-file", "none"], /--secret-file: cannot read none/],
    [["serve"], /required option '-d, --directory/],
    [["serve", "-d", ".", "-a", "0.0.0.0", "--writable"], /--secret-file FILE names a secret/],
    [["frobnicate"], /unknown command/],
  ])("%j is a wrong command line", async (args, message) => {
    if (args.includes(".")) mkdirSync(join(folder, "x"));
    const [code, stdout, stderr] = await ended(...args.map((one) => (one === "h" ? "127.0.0.1:1" : one)));
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
  });

  it("an end that is never confirmed is 3", async () => {
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

  it("what a server says cannot steer the terminal", async () => {
    const rude = createSocket("udp4");
    onTestFinished(() => new Promise<void>((resolve) => rude.close(() => resolve())));
    rude.on("message", (_bytes, { port, address }) => rude.send("E000000\x1b[2Jgone", port, address));
    await new Promise<void>((resolve) => rude.bind(0, "127.0.0.1", resolve));
    const [code, , stderr] = await ended("get", `127.0.0.1:${rude.address().port}`, "x", "--v1");
    expect([code, stderr]).toEqual([1, "stopwait: the server says: \\x1b[2Jgone\n"]);
  });
});

describe("S92, S95: Ctrl-C leaves nothing under the name, and a part to go on with", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s is %i", async (signal, wanted) => {
    const bytes = content(4_000_000);
    writeFileSync(join(folder, "served", "a.bin"), bytes);
    await using server = run("serve", "-d", "served", "-p", "0", "-q");
    const at = `127.0.0.1:${await server.port()}`;
    const client = run("get", at, "a.bin", "--block", "200", "--trace", "t.svg");
    for (;;) {
      const parts = join(folder, ".stopwait-parts");
      if (existsSync(parts) && readdirSync(parts).length > 0) break;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    client.signal(signal);
    const { code, stderr } = await client.exited;
    expect([code, existsSync(join(folder, "a.bin"))]).toEqual([wanted, false]);
    expect(stderr).toBe("what got across is kept: --resume goes on with it\nstopwait: interrupted\n");
    expect(readFileSync(join(folder, "t.svg"), "utf8")).toContain("DATA 0 (200 B)");
    expect((await ended("get", at, "a.bin", "--resume", "-q"))[0]).toBe(0);
    expect(Buffer.from(bytes).equals(readFileSync(join(folder, "a.bin")))).toBe(true);
    expect(existsSync(join(folder, ".stopwait-parts"))).toBe(false);
  });
});

describe("S96: --trace draws the first exchanges", () => {
  it("of either version, also of a transfer that fails", async () => {
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

  it("a diagram that cannot be written hides no failure of the transfer", async () => {
    await using server = run("serve", "-d", "served", "-p", "0", "-q");
    const at = `127.0.0.1:${await server.port()}`;
    const [code, , stderr] = await ended("get", at, "none", "--trace", "none/t.svg");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^stopwait: .*none\/t\.svg.*\nstopwait: the server says: not-found\n$/);
    const [drawn, stdout] = await ended("get", at, "hello.txt", "--trace", "none/t.svg");
    expect([drawn, stdout.startsWith("saved ")]).toEqual([1, true]);
  });
});
