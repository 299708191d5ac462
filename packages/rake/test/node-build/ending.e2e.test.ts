/** Local actions, and how builds end that do not come to their end: nothing is left of them. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { startBundled } from "../../../../test/programs.js";
import { build } from "../../src/node/build.js";
import { processesIn } from "../../src/node/process-scan.js";
import { until } from "../node-server/waiting.js";
import { at, built, filesIn, LOST, liar, listening, scratchFolder, server } from "./rig.js";

const set = (...lines: readonly string[]): string => `actionset1:\n${lines.join("\n")}\n`;
const BUILDER = new URL("./builder.ts", import.meta.url);

it("R2, R61: a local action has the user's folder, environment and mask; what it prints is whole, its end exact", async () => {
  const folder = scratchFolder({ here: "" });
  const rakefile = set(
    "\tls; echo $HOME; umask; echo err >/dev/stderr",
    "\tyes 12345678 | head -c 300000",
    "\tkill -15 $$",
  );
  const before = process.umask(0o037);
  onTestFinished(() => void process.umask(before));
  const { outcome, stdout, stderr, message } = await built(folder, rakefile, { localSlots: 1 });
  expect(stdout.slice(0, -300_000)).toBe(`here\n${process.env["HOME"]}\n0037\n`);
  expect([outcome, stderr]).toEqual(["failed", "err\n"]);
  expect(message).toContain("signal 15");
});

it("R2, R61: what a local action leaves running ends with it", async () => {
  const folder = scratchFolder();
  const { outcome } = await built(folder, set("\tsetsid sleep 3171 >/dev/null 2>&1 & echo $! >pid"));
  expect(outcome).toBe("succeeded");
  expect(existsSync(`/proc/${readFileSync(join(folder, "pid"), "utf8").trim()}`)).toBe(false);
});

it("R37: a local action that takes longer than its timeout fails", async () => {
  const { message } = await built(scratchFolder(), set("\tsleep 3172", "\t\ttimeout 50ms"));
  expect(message).toContain("timed out");
});

it("R38: a cancelled build ends its local actions and those at hosts, and leaves no half of an output", async () => {
  const host = await server();
  const folder = scratchFolder();
  const rakefile = set("\techo >started; sleep 3173", "\tremote-echo x >out; echo up; sleep 3174");
  const abort = new AbortController();
  const building = built(folder, rakefile, {
    hosts: at(host.port),
    signal: abort.signal,
    show: () => void until(() => existsSync(join(folder, "started"))).then(() => abort.abort()),
  });
  const { outcome, report } = await building;
  expect([outcome, report.result?.code]).toEqual(["cancelled", "CANCELLED"]);
  expect(filesIn(folder)).toEqual({ started: "\n" });
  await until(() => host.view().running + host.view().reserved + host.view().connections === 0);
});

it("R38: a local action that does not listen to SIGTERM is killed after killMs", async () => {
  const folder = scratchFolder();
  const abort = new AbortController();
  const { outcome } = await built(folder, set("\ttrap '' TERM; echo up; while :; do sleep 0.05; done"), {
    signal: abort.signal,
    killMs: 50,
    show: () => abort.abort(),
  });
  expect(outcome).toBe("cancelled");
});

it("R38: one that was cancelled before it began does nothing", async () => {
  const folder = scratchFolder();
  const { outcome } = await built(folder, set("\techo >never"), { signal: AbortSignal.abort() });
  expect([outcome, filesIn(folder)]).toEqual(["cancelled", {}]);
});

it("R38: what show or onEvent throws ends the build, and nothing of it is left", async () => {
  const folder = scratchFolder();
  const thrown = (): never => {
    throw new Error("not on my screen");
  };
  await expect(built(folder, set("\techo x; sleep 3175"), { show: thrown })).rejects.toThrow("not on my screen");
  await expect(built(folder, set("\tsleep 3176"), { onEvent: thrown })).rejects.toThrow("not on my screen");
  expect(readdirSync(join(folder, ".rake", "builds"))).toEqual([]);
});

it("R38, R60: a client that is killed takes its local actions and slots along; its leftovers go with the next build", async () => {
  const host = await server();
  const folder = scratchFolder();
  const builds = join(folder, ".rake", "builds");
  const rakefile = set(
    "\tsetsid sleep 3177 & sleep 3178",
    "\tremote-head -c 300000 /dev/zero >out; cat out; sleep 3179",
  );
  await using client = startBundled(BUILDER, [folder, rakefile, String(host.port)]);
  await client.line(/^shown/);
  await until(() => processesIn(builds).length >= 2);
  client.signal("SIGKILL");
  await client.exited;
  await until(() => processesIn(builds).length === 0);
  await until(() => host.view().running + host.view().connections === 0);
  expect(readdirSync(builds)).toHaveLength(1);
  const { outcome } = await built(folder, set("\ttrue"));
  expect(outcome).toBe("succeeded");
});

it("R60: a build that is under way is not taken for a leftover", async () => {
  const folder = scratchFolder();
  await using client = startBundled(BUILDER, [folder, set("\techo up; while ! test -e go; do sleep 0.02; done"), "1"]);
  await client.line(/^shown/);
  const builds = join(folder, ".rake", "builds");
  const under = readdirSync(builds);
  const report = await build({ folder, rakefile: set("\ttrue") });
  expect([report.result?.outcome, under.length, readdirSync(builds)]).toEqual(["succeeded", 1, under]);
  writeFileSync(join(folder, "go"), "");
  expect((await client.line(/^ended (\w+)/))[1]).toBe("succeeded");
});

it("R32: original: one host that refuses the connection does not end a build; none left does, and says why", async () => {
  const host = await server();
  const gone = await listening((socket) => socket.destroy());
  const folder = scratchFolder();
  const one = await built(folder, set("\tremote-echo x >out"), { hosts: at(1, gone, host.port) });
  expect([one.outcome, filesIn(folder)]).toEqual(["succeeded", { out: "x\n" }]);
  const none = await built(folder, set("\tremote-echo x >out"), { hosts: at(1, gone), ...LOST });
  expect(none.report.result).toMatchObject({ outcome: "failed", code: "NO_HOST" });
  expect(none.message).toMatch(/127\.0\.0\.1:1: .*ECONNREFUSED/);
  const here = await built(folder, set("\tremote-echo local >out"), { hosts: at(1), localFallback: true, ...LOST });
  expect([here.outcome, filesIn(folder)]).toEqual(["succeeded", { out: "local\n" }]);
});

it("R25, R32: what runs here since no host could has its inputs alone, is to make what it announced, and brings nothing else", async () => {
  const options = { hosts: at(1), localFallback: true, ...LOST };
  const rakefile = (command: string): string => set(`\tremote-${command}\n\t\trequires d/in\n\t\tproduces out lib/*.o`);
  const folder = scratchFolder({ "d/in": "in", other: "other", out: "old" });
  const files = { "d/in": "in", other: "other", out: "old" };
  const lacking = await built(folder, rakefile("cat d/in >out; ls >aside"), options);
  expect([lacking.outcome, filesIn(folder)]).toEqual(["failed", files]);
  expect(lacking.message).toContain("made nothing that lib/*.o means");
  const whole = await built(
    folder,
    rakefile("mkdir lib; cat d/in >lib/a.o; ls >out; echo x >aside; echo said"),
    options,
  );
  const { "lib/a.o": made, out, ...rest } = filesIn(folder);
  expect([whole.outcome, whole.stdout, made, out, rest]).toEqual([
    "succeeded",
    "said\n",
    "in",
    "d\nlib\nout\n",
    { "d/in": "in", other: "other" },
  ]);
  expect(whole.report.actions[0]?.attempts.at(-1)).toMatchObject({ where: "local", outputs: 2 });
});

it("R32: original: a server that vanishes is never a success, wherever it does", async () => {
  const host = await server();
  for (const type of ["STARTED", "STDOUT", "STATUS", "OUTPUT", "DONE"]) {
    const folder = scratchFolder();
    const port = await liar(host.port, (message) => (message.type === type ? "close" : undefined));
    const { outcome } = await built(folder, set("\tremote-echo x | tee out"), {
      hosts: at(port),
      maxAttempts: 1,
      ...LOST,
    });
    expect([type, outcome, filesIn(folder)]).toEqual([type, "failed", {}]);
  }
});
