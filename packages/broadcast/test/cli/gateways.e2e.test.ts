/** `broadcast serve --redis` and `--nats`: two gateways of one log, as real processes. */
import { expect, it } from "vitest";
import { itWith } from "../../../../test/components.js";
import { startNats, startRedis } from "../engines/start-servers.js";
import { bundleCommand } from "./bundled-command.js";

const command = bundleCommand();

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

it.concurrent.each([
  ["--redis", "redis://127.0.0.1:1"],
  ["--nats", "127.0.0.1:1"],
])("a server whose log cannot be reached does not start: %s", async (...flags) => {
  const { code, stdout, stderr } = await command.run("serve", "--listen", "127.0.0.1:0", ...flags);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^broadcast: the log cannot be used: [^;]*\n$/m);
});
