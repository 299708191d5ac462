/** `tail`, `publish`, `replay` and what `serve` offers, as real processes. */
import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TcpProxy } from "@lab/simnet";
import { describe, expect, it } from "vitest";
import { start } from "../../../../test/process.js";
import { bundleCommand } from "./bundled-command.js";
import { silentServer } from "./silent-server.js";

const command = bundleCommand();

interface Line {
  readonly type: string;
  readonly number: number;
  readonly text?: string;
  readonly name: string;
}

function json(stdout: string): Line[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

describe.concurrent("tail and publish", () => {
  it("an observer sees everything in a room and is seen by nobody", async () => {
    await using server = (await command.serve("--json")).process;
    const at = `127.0.0.1:${await server.port()}`;
    await using tail = command.start("tail", "--address", at, "--room", "maths", "--json");
    await tail.line(/"type":"welcome","status":"fresh"/);
    const publish = ["publish", "--address", at, "--room", "maths", "--name", "ben"];
    expect(await command.run(...publish, "one", "two")).toMatchObject({ code: 0, stdout: "2\n3\n", stderr: "" });
    expect(await command.run(...publish, "--json", "thr\x1bee")).toMatchObject({
      code: 0,
      stdout: '{"number":6,"text":"thr\\u001bee"}\n',
    });
    await tail.line(/"type":"leave","number":7/);
    tail.signal("SIGTERM");
    const { code, stdout } = await tail.exited;
    expect(code).toBe(0);
    const entries = json(stdout).filter(({ number }) => number !== undefined);
    expect(entries.map(({ type }) => type).join(" ")).toBe("join message message leave join message leave");
    expect(entries.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(entries.flatMap(({ text }) => text ?? [])).toEqual(["one", "two", "thr\x1bee"]);
    server.signal("SIGINT");
    const events = (await server.exited).stdout.trimEnd().split("\n").slice(1);
    const kinds = events.map((line) => (JSON.parse(line) as { readonly event: string }).event);
    expect(kinds.filter((kind) => kind === "joined")).toHaveLength(2); // ben, twice; not the observer
    expect(kinds).toContain("committed");
  });

  it("B33: publish tells that its connection is lost, waits for --wait-ms, and says once what it is not sure of", async () => {
    await using silent = await silentServer(2);
    const texts = ["a", "b", "c", "d", "e"];
    await using stopped = command.start("publish", "--address", silent.address, ...texts);
    await silent.published(2);
    stopped.signal("SIGINT");
    const unsure = [
      'broadcast: warning: 2 texts were not acknowledged, from text 1 ("a") on, and may be in the log or not: look there before publishing again (broadcast replay)',
      'broadcast: warning: 3 texts were not published, from text 3 ("c") on: the room was left',
      "",
    ];
    const first = await stopped.exited;
    expect([first.code, first.stdout, first.stderr.split("\n")]).toEqual([
      1,
      "",
      ["broadcast: warning: stopped by SIGINT", ...unsure],
    ]);
    await using waiting = command.start("publish", "--wait-ms", "1", "--address", silent.address, ...texts);
    await silent.published(4);
    silent.hangUp();
    const second = await waiting.exited;
    expect([second.code, second.stdout]).toEqual([3, ""]);
    expect(second.stderr).toMatch(/^\* connection lost: [^\n]*; trying again until it is back\nbroadcast: /);
    expect(second.stderr).toMatch(/was lost, and was not back within 1 ms; is a server running there\?/);
    for (const line of unsure) expect(second.stderr).toContain(line);
  });

  it("B33: publish tells that its connection is back, and goes on; after a stop where in its input it was", async () => {
    await using server = (await command.serve()).process;
    await using proxy = new TcpProxy({ to: { port: await server.port() } });
    const address = `127.0.0.1:${(await proxy.listen()).port}`;
    const { process: publisher, type } = command.startTyping("publish", "--address", address, "-");
    await using _publisher = publisher;
    type("one");
    await publisher.line(/^2$/);
    proxy.cut({ how: "reset" });
    type("two");
    proxy.heal();
    await publisher.line(/^3$/);
    publisher.signal("SIGTERM");
    const { code, stderr } = await publisher.exited;
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^\* connection lost: .*; trying again until it is back\n\* connected again \(resumed\): .*\nbroadcast: warning: stopped by SIGTERM; nothing of the input behind line 2 was published\n$/,
    );
  });

  it("in words, from a number on; lines of standard input are published in their order", async () => {
    await using server = (await command.serve()).process;
    const at = `127.0.0.1:${await server.port()}`;
    const script = 'seq 2500 | "$0" "$1" publish --name seq --address "$2" -';
    const { code, stdout } = await start("sh", ["-c", script, process.execPath, command.path, at]).exited;
    expect([code, stdout]).toEqual([0, Array.from({ length: 2_500 }, (_, i) => `${i + 2}\n`).join("")]);
    await using tail = command.start("tail", "--address", at, "--from", "2500");
    // Who has left, and whose join was not read, has no name.
    await tail.line(/^#2502 \* member 1 left$/);
    tail.signal("SIGINT");
    const shown = "#2500 <member 1> 2499\n#2501 <member 1> 2500\n#2502 * member 1 left\n";
    expect((await tail.exited).stdout).toBe(shown);
  });

  it("ends in silence where nobody reads on, and publishes to the end where nobody reads the numbers", async () => {
    await using server = (await command.serve()).process;
    const at = `127.0.0.1:${await server.port()}`;
    const sh = async (script: string): Promise<string> => {
      const { stdout, stderr } = await start("bash", ["-c", script, process.execPath, command.path, at]).exited;
      expect(stderr).toBe("");
      return stdout;
    };
    await sh('seq 20000 | "$0" "$1" publish --address "$2" - | head -n 1');
    expect(await sh('"$0" "$1" tail --all --address "$2" | head -n 1; echo "$PIPESTATUS"')).toMatch(/joined\n0\n$/);
    const replay = await command.run("replay", "--address", at);
    expect(replay.stdout).toMatch(/^#20001 <.*> 20000$/m);
  });
});

describe.concurrent("replay", () => {
  it("ends with what was the newest; of a room in which nothing was said it prints nothing on standard output", async () => {
    await using server = (await command.serve()).process;
    const at = `127.0.0.1:${await server.port()}`;
    expect(await command.run("replay", "--address", at)).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "broadcast: warning: the room main is empty: nothing was ever said there\n",
    });
    await command.run("publish", "--address", at, "--name", "ben", "one", "two");
    expect((await command.run("replay", "--address", at, "--from", "3")).stdout).toBe("#3 <ben> two\n#4 * ben left\n");
    expect((await command.run("replay", "--address", at, "--from", "99")).stdout).toBe("");
  });

  it("B25, B27: reads the folder of a server that runs without disturbing it, and of one that was killed", async () => {
    const flags = ["--log", "log", "--durability", "fsync", "--history-messages", "50"];
    const first = await command.serve(...flags);
    await using server = first.process;
    const publish = async (address: string, ...texts: readonly string[]): Promise<void> => {
      expect((await command.run("publish", "--name", "ana", "--address", address, ...texts)).code).toBe(0);
    };
    await publish(first.address, ...Array.from({ length: 200 }, (_, i) => `m${i}`));
    const files = (): string =>
      execFileSync("ls", ["-l", "--time-style=full-iso", "log"], { cwd: command.folder, encoding: "utf8" });
    const before = files();
    const [offline, online] = await Promise.all([
      command.run("replay", "--log", "log", "--json"),
      command.run("replay", "--address", first.address, "--json"),
    ]);
    expect(offline).toMatchObject({ code: 0, stderr: "" });
    // The last that were trimmed may stand in a segment that is still there.
    expect(
      json(offline.stdout)
        .slice(-50)
        .map(({ text, number }) => [text, number]),
    ).toEqual(json(online.stdout).map(({ text, number }) => [text, number]));
    expect(json(offline.stdout).every(({ name }) => name === "ana")).toBe(true);
    expect(files()).toBe(before);
    expect((await command.run("replay", "--log", "log", "--room", "maths")).stderr).toMatch(/log has no room maths\n$/);

    server.kill("SIGKILL");
    await server.exited;
    expect((await command.run("replay", "--log", "log", "--json")).stdout).toBe(offline.stdout);
    const second = await command.serve(...flags);
    await using again = second.process;
    await publish(second.address, "after");
    await again.line(/ {2}main: epoch \d+ goes on behind number 202$/);
    expect(json((await command.run("replay", "--log", "log", "--json")).stdout).map(({ text }) => text)).toContain(
      "after",
    );
    expect(readdirSync(command.folder)).toContain("log");
  });
});

describe.concurrent("serve", () => {
  it("B6, B7: with a secret and TLS it takes who has both", async () => {
    const { folder } = command;
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
    const keys = ["-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2"];
    execFileSync("openssl", ["req", "-x509", ...keys, ...subject], { cwd: folder, stdio: "ignore" });
    writeFileSync(join(folder, "secret"), "sixteen bytes or more", { mode: 0o600 });
    writeFileSync(join(folder, "other"), "sixteen other bytes!!", { mode: 0o600 });
    const secured = [
      "--secret-file",
      "secret",
      "--tls-cert",
      "cert.pem",
      "--tls-key",
      "key.pem",
      "--rooms",
      "main,maths",
    ];
    const { process: server, address } = await command.serve(...secured);
    await using _server = server;
    const publish = async (
      ...args: readonly string[]
    ): Promise<{ readonly code: number | null; readonly stderr: string }> =>
      await command.run("publish", "--address", address, ...args, "hello");
    expect(await publish("--tls-ca", "cert.pem", "--secret-file", "secret")).toMatchObject({ code: 0, stderr: "" });
    const wrong = await publish("--tls-ca", "cert.pem", "--secret-file", "other");
    expect([wrong.code, wrong.stderr]).toEqual([
      1,
      expect.stringMatching(/^broadcast: .*; --secret-file must be the server's/),
    ]);
    const none = await publish("--tls-ca", "cert.pem");
    expect([none.code, none.stderr]).toEqual([
      1,
      expect.stringMatching(/^broadcast: .*; --secret-file must be the server's/),
    ]);
    expect((await publish("--tls-ca", "cert.pem", "--secret-file", "secret", "--room", "art")).code).toBe(1);
    expect(await publish("--tls", "--secret-file", "secret")).toMatchObject({ code: 3 }); // a certificate that nobody trusts
  });

  it("shows its metrics, and gives up a member that is away for longer than --grace-ms", async () => {
    const { process: server, address } = await command.serve("--metrics", "0", "--grace-ms", "100");
    await using _server = server;
    const [, url = ""] = await server.line(/^metrics on (http:\/\/127\.0\.0\.1:\d+\/metrics)$/);
    const ana = command.startTyping("join", "--address", address, "--name", "ana");
    await ana.process.line(/^\* ana joined$/);
    ana.process.kill("SIGKILL");
    await server.line(/ {2}main: ana, member 1, timed out, number 2$/);
    expect(await (await fetch(url)).text()).toMatch(/^broadcast_joins_total 1$/m);
    expect((await command.run("replay", "--address", address)).stdout).toMatch(
      /^#2 \* ana is gone: there was no connection/m,
    );
    server.signal("SIGINT");
    expect((await server.exited).code).toBe(0);
  });
});
