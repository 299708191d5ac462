/** `broadcast serve --redis` and `--nats`: two gateways of one log, as real processes. */
import { describe, expect, it } from "vitest";
import { itWith } from "../../../../test/components.js";
import { run, start } from "../../../../test/process.js";
import { startNats, startRedis } from "../engines/start-servers.js";
import { bundleCommand } from "./bundled-command.js";

const command = bundleCommand();

describe.concurrent("a log that several servers share", () => {
  for (const [name, startEngine] of [
    ["redis", startRedis],
    ["nats", startNats],
  ] as const) {
    itWith(name, "B38: what is said at one gateway is heard at another", async () => {
      await using engine = await startEngine();
      const flags = [`--${name}`, engine.url, "--history-messages", "1000"];
      const { process: one, address } = await command.serve(...flags);
      await using _one = one;
      const { process: two, address: other } = await command.serve(...flags);
      await using _two = two;
      await using tail = command.start("tail", "--address", other, "--json");
      await tail.line(/"type":"welcome"/);
      const said = await command.run("publish", "--address", address, "--name", "ana", "one", "two");
      expect([said.code, said.stdout, said.stderr]).toEqual([0, "2\n3\n", ""]);
      await tail.line(/"type":"message","number":3,"member":1,"name":"ana","text":"two"/);
      tail.signal("SIGINT");
      expect((await tail.exited).code).toBe(0);
      const [here, there] = await Promise.all([address, other].map((at) => command.run("replay", "--address", at)));
      expect([here?.code, here?.stdout]).toEqual([0, there?.stdout]);
      expect(here?.stdout).toMatch(/^#1 \* ana joined\n#2 <ana> one\n#3 <ana> two\n#4 \* ana left\n$/);
      for (const server of [one, two]) server.signal("SIGTERM");
      for (const server of [one, two]) expect((await server.exited).code).toBe(0);
    });
  }

  it.each([
    ["--redis", "redis://127.0.0.1:1"],
    ["--nats", "127.0.0.1:1"],
  ])("a server whose log cannot be reached does not start: %s", async (...flags) => {
    const { code, stdout, stderr } = await command.run("serve", "--listen", "127.0.0.1:0", ...flags);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^broadcast: the log cannot be used: [^;]* (at )?127\.0\.0\.1:1\b[^;]*\n$/m);
  });

  itWith(
    "redis",
    "B38: a Redis that drops what it has, or keeps nothing, is warned of once, with what is lost",
    async () => {
      await using engine = await startRedis({ appendOnly: false });
      const port = new URL(engine.url).port;
      await run("redis-cli", ["-p", port, "config", "set", "maxmemory-policy", "allkeys-lru"]);
      const { process: server, address } = await command.serve("--redis", engine.url);
      await using _server = server;
      expect((await command.run("publish", "--address", address, "x")).code).toBe(0);
      server.signal("SIGTERM");
      const { stderr } = await server.exited;
      expect(stderr.split("\n")).toEqual([
        expect.stringMatching(
          /^broadcast: warning: Redis has maxmemory-policy allkeys-lru: .* drops whole rooms.*; set noeviction$/,
        ),
        expect.stringMatching(
          /^broadcast: warning: Redis has appendonly no: .* since its last snapshot is lost.*; set appendonly yes/,
        ),
        "",
      ]);
    },
  );

  itWith(
    "nats",
    "B38: a NATS without JetStream is told how it is started with one, and no password is shown",
    async () => {
      await using plain = start("sh", [
        "-c",
        'exec nats-server "$@" 2>&1',
        "nats-server",
        "-a",
        "127.0.0.1",
        "-p",
        "-1",
      ]);
      const [, port = ""] = await plain.line(/Listening for client connections on 127\.0\.0\.1:(\d+)/);
      const { code, stderr } = await command.run(
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--nats",
        `nats://ana:hidden@127.0.0.1:${port}`,
      );
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/NATS at nats:\/\/127\.0\.0\.1:\d+ has no JetStream .*nats-server -js -sd DIR\n$/),
      ]);
      expect(stderr).not.toContain("hidden");
    },
  );
});
