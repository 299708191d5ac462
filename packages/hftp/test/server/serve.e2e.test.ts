import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterAll, describe, expect, it } from "vitest";
import { itWith } from "../../../../test/components.js";
import { type RunningProcess, run, start } from "../../../../test/process.js";
import { bundleCommand } from "../client/bundled-command.js";
import { RawClient } from "../raw-client.js";
import { temporaryDirectory } from "../temporary.js";

const folder = mkdtempSync(join(tmpdir(), "hftp-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
/** As one file, since most of the time of a short command goes into loading it; other tests run the sources. */
const command = bundleCommand();
const BIG = 24 * 1024 * 1024;

function served(): string {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, "ten.txt"), "0123456789");
  writeFileSync(join(directory, "big"), Buffer.alloc(BIG, 0x44));
  return directory;
}

function serve(...args: string[]): RunningProcess {
  return command.start(["serve", "-p", "0", ...args], folder);
}

describe("hftp serve", () => {
  it("H28: prints where it listens, on loopback unless told otherwise, and logs one JSON line per request", async () => {
    await using server = serve("-d", served());
    const [line] = await server.line(/^listening on .*/);
    expect(line).toMatch(/^listening on 127\.0\.0\.1:\d+$/);
    await using client = await RawClient.connect(await server.port());
    await client.send("get_slice ten.txt 2 3\r\nget_metadata nofile\r\nquit\r\n").end();
    client.halfClose();
    server.signal("SIGTERM");
    const { code, stderr } = await server.exited;
    expect(code).toBe(0);
    const lines = stderr
      .trim()
      .split("\n")
      .map((text) => JSON.parse(text) as Record<string, unknown>);
    const requests = lines.filter((one) => one["msg"] === "request");
    expect(requests).toMatchObject([
      {
        command: "get_slice",
        name: "ten.txt",
        offset: 2,
        size: 3,
        code: 0,
        fileBytes: 3,
        complete: true,
        connection: 1,
      },
      { command: "get_metadata", name: "nofile", code: 202 },
      { command: "quit", code: 0 },
    ]);
    expect(requests[0]?.["peer"]).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it("H22: SIGTERM during a transfer lets it end; the process ends with code 0", async () => {
    await using server = serve("-d", served(), "--quiet");
    await using client = await RawClient.connect(await server.port());
    client.send(`get_slice big 0 ${BIG}\r\nget_metadata ten.txt\r\n`);
    await client.atLeast(1000);
    client.socket.pause();
    server.signal("SIGTERM");
    const port = await server.port();
    const refused = async (): Promise<boolean> => {
      try {
        await (await RawClient.connect(port))[Symbol.asyncDispose]();
        return false;
      } catch {
        return true;
      }
    };
    while (!(await refused()));
    client.socket.resume();
    const text = await client.end();
    client.halfClose();
    expect(text.length).toBe(6 + 4 * (BIG / 3) + 2);
    expect(await server.exited).toMatchObject({ code: 0, signal: null });
  });

  it.each(["SIGTERM", "SIGINT"] as const)("H22: a second signal ends it at once: %s", async (second) => {
    await using server = serve("-d", served(), "--quiet");
    await using client = await RawClient.connect(await server.port());
    client.send(`get_slice big 0 ${BIG}\r\n`);
    await client.atLeast(1000);
    client.socket.pause();
    server.signal("SIGTERM");
    await server.line(/^shutting down/);
    server.signal(second);
    expect(await server.exited).toMatchObject({ code: null, signal: second });
  });

  it.runIf(existsSync("/dev/full"))("H27: a log that cannot be written costs its lines alone", async () => {
    const shell = `exec "${process.execPath}" "${command.path}" serve -p 0 -d "${served()}" 2> /dev/full`;
    await using server = start("sh", ["-c", shell]);
    for (let round = 0; round < 3; round++) {
      await using client = await RawClient.connect(await server.port());
      expect(await client.send("get_metadata ten.txt\r\nquit\r\n").end()).toBe("0 OK\r\n10\r\n0 OK\r\n");
    }
    server.signal("SIGTERM");
    expect((await server.exited).code).toBe(0);
  });

  it("H27: neither does one that nobody reads hold the server up", async () => {
    // The log goes into a pipe whose other end is open and never read; 4,000 lines are ten times what a pipe holds.
    const quiet = 'exec 3<> "$0/pipe"; exec "$1" "$2" serve -p 0 -d "$0" 2>&3';
    const directory = served();
    await run("mkfifo", [join(directory, "pipe")]);
    await using server = start("sh", ["-c", quiet, directory, process.execPath, command.path]);
    await using client = await RawClient.connect(await server.port());
    const replies = await client.send(`${"get_metadata ten.txt\r\n".repeat(4000)}quit\r\n`).end();
    expect(replies.length).toBe(4000 * 10 + 6);
  });

  it("H22: goes on when whoever started it has stopped to read its output", async () => {
    const script = '"$1" "$2" serve -p 0 -d "$0" --quiet | { read -r line; echo "$line"; exec 0<&-; wait; }';
    const directory = served();
    await using server = start("sh", ["-c", script, directory, process.execPath, command.path]);
    const port = await server.port();
    await using client = await RawClient.connect(port);
    expect(await client.send("get_metadata ten.txt\r\nquit\r\n").end()).toBe("0 OK\r\n10\r\n0 OK\r\n");
  });

  it("H27: counts what it does at the metrics port, which is off by default", async () => {
    await using server = serve("-d", served(), "--metrics-port", "0", "--max-connections-per-address", "1");
    const [, address] = await server.line(/^metrics on (http:.*)$/);
    const port = await server.port();
    await using client = await RawClient.connect(port);
    await client
      .send("get_slice ten.txt 0 10\r\nget_metadata nofile\r\nwhat\r\n")
      .until((text) => text.includes("200 "));
    await using refused = await RawClient.connect(port);
    expect(await refused.end()).toBe("199 INTERNAL SERVER ERROR\r\n");
    const metrics = await (await fetch(address as string)).text();
    for (const wanted of [
      'hftp_requests_total{command="get_slice",code="0"} 1',
      'hftp_requests_total{command="get_metadata",code="202"} 1',
      'hftp_requests_total{command="other",code="200"} 1',
      'hftp_connections_total{verdict="refused"} 1',
      "hftp_open_connections 1",
      "hftp_file_bytes_total 10",
    ]) {
      expect(metrics).toContain(wanted);
    }
    expect((await fetch((address as string).replace("/metrics", "/"))).status).toBe(404);
  });

  it("H17: --base64-lines answers in several lines", async () => {
    await using server = serve("-d", served(), "--base64-lines", "--quiet");
    await using client = await RawClient.connect(await server.port());
    const lines = (await client.send("get_slice big 0 100000\r\nquit\r\n").end()).split("\r\n");
    expect(lines.map((line) => line.length)).toEqual([4, 65_536, 65_536, 2264, 4, 0]);
  });

  it("H2: starts without its directory", async () => {
    const directory = join(temporaryDirectory(), "later");
    await using server = serve(directory, "--quiet");
    const port = await server.port();
    await using before = await RawClient.connect(port);
    expect(await before.send("get_file_listing\r\n").end()).toBe("199 INTERNAL SERVER ERROR\r\n");
    mkdirSync(directory);
    await using after = await RawClient.connect(port);
    expect(await after.send("get_file_listing\r\nquit\r\n").end()).toBe("0 OK\r\n\r\n0 OK\r\n");
  });

  it("a port that is taken ends it with a line that says so", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    const { code, stderr } = await command.start(["serve", "-p", String(port)], folder).exited;
    other.close();
    expect([code, stderr]).toEqual([
      3,
      `hftp: cannot listen on 127.0.0.1:${port}: listen EADDRINUSE: address already in use 127.0.0.1:${port}; -p PORT takes another port, -p 0 a free one\n`,
    ]);
  });

  it.each([
    [["-p", "65536"], /whole number from 0 to 65535/],
    [["-p", "x"], /whole number from 0 to 65535/],
    [["--tls-cert", "a.pem"], /--tls-key is missing/],
    [["--tls-cert", "/dev/null", "--tls-key", "/dev/null"], /tls: certificate or key cannot be used/],
    [["--tls-cert", "/nowhere.pem", "--tls-key", "/nowhere.pem"], /--tls-cert: cannot read \/nowhere\.pem/],
    [["--max-line-bytes", "1"], /whole number from 512 to 1073741824/],
    [["here", "-d", "there"], /here and -d there are two/],
    [["--nonsense"], /unknown option '--nonsense'/],
  ])("a wrong command line says what is accepted: %j", async (args, message) => {
    const { code, stderr, stdout } = await command.start(["serve", ...args], folder).exited;
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
  });
});

describe("TLS", () => {
  itWith(
    "openssl",
    "H26: the same protocol inside TLS, half-close included; a bad handshake harms nobody",
    async () => {
      const directory = served();
      const [cert, key] = [join(directory, "cert.pem"), join(directory, "key.pem")];
      const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
      const made = await run("openssl", [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        key,
        "-out",
        cert,
        "-days",
        "2",
        ...subject,
      ]);
      expect(made.code).toBe(0);
      const limits = ["--max-connections", "12", "--max-connections-per-address", "10"];
      await using server = serve("-d", directory, "--tls-cert", cert, "--tls-key", key, ...limits);
      const port = await server.port();
      await using plain = await RawClient.connect(port);
      plain.send("get_file_listing\r\n");
      expect((await plain.end()).startsWith("0 OK")).toBe(false);
      const options = { port, host: "127.0.0.1", rejectUnauthorized: false, allowHalfOpen: true };
      const socket = connectTls(options);
      await using client = new RawClient(socket);
      await new Promise((resolve) => socket.once("secureConnect", resolve));
      client.send(`get_metadata ten.txt\r\nget_slice big 0 ${BIG}\r\n`).halfClose();
      expect((await client.end()).length).toBe("0 OK\r\n10\r\n0 OK\r\n".length + 4 * (BIG / 3) + 2);

      // Handshakes that never end count against the limits, and do not keep a shutdown waiting.
      const silent = await Promise.all(Array.from({ length: 30 }, () => RawClient.connect(port)));
      const refused = connectTls(options);
      await using late = new RawClient(refused);
      expect(await late.end()).toBe("199 INTERNAL SERVER ERROR\r\n");
      refused.destroy();
      const began = performance.now();
      server.signal("SIGTERM");
      expect((await server.exited).code).toBe(0);
      expect(performance.now() - began).toBeLessThan(5000);
      await Promise.all(silent.map((one) => one[Symbol.asyncDispose]()));
    },
  );
});
