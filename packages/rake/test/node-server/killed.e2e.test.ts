/** A server that is killed: what it ran ends, and its next start finds its folder as it has to be. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { run } from "../../../../test/process.js";
import { startBundled } from "../../../../test/programs.js";
import { processesIn } from "../../src/node/process-scan.js";
import { StateFolder } from "../../src/node/state-folder.js";
import { RawClient } from "./raw-client.js";
import { stateFolder, until } from "./waiting.js";

const program = new URL("server-program.ts", import.meta.url);

it("R45: SIGKILL of the server ends its actions at once; its next start clears the rest away and keeps the store", async () => {
  const folder = stateFolder();
  await using first = startBundled(program, [JSON.stringify({ folder, sandbox: "rlimit", readyRuns: 0 })]);
  const client = await RawClient.connect(await first.port());
  const inputs = { a: new TextEncoder().encode("kept") };
  await client.begin("setsid env -i sleep 3161 & sleep 3161; cat a", inputs);
  await client.hear("STARTED");
  await until(() => processesIn(`${folder}/runs`).length >= 2);
  const { actionId, missing } = await client.quote("cat b", { b: new Uint8Array(100_000) });
  const [digest = ""] = missing;
  client.say({ type: "BLOB", actionId, digest, size: 100_000, offset: 0, last: false, body: new Uint8Array(60_000) });
  await until(() => readdirSync(`${folder}/uploads`).length === 1);
  first.kill("SIGKILL");
  await first.exited;
  await until(() => processesIn(`${folder}/runs`).length === 0);
  expect(readdirSync(`${folder}/runs`)).toHaveLength(1);
  await using second = startBundled(program, [JSON.stringify({ folder, sandbox: "rlimit", readyRuns: 0 })]);
  const again = await RawClient.connect(await second.port());
  expect(readdirSync(`${folder}/runs`)).toEqual([]);
  expect(readdirSync(`${folder}/uploads`)).toEqual([]);
  expect((await again.quote("cat a", inputs)).missing).toEqual([]);
});

it("R45: the temporary folder of a server that was killed goes with the next start of any", async () => {
  const folder = stateFolder();
  const env = { TMPDIR: folder };
  await using first = startBundled(program, [JSON.stringify({ sandbox: "rlimit" })], { env });
  await using other = startBundled(program, [JSON.stringify({ sandbox: "rlimit" })], { env });
  await Promise.all([first.port(), other.port()]);
  const left = readdirSync(folder).filter((name) => name.startsWith("rake-serve-"));
  expect(left).toHaveLength(2);
  first.kill("SIGKILL");
  await first.exited;
  await using second = startBundled(program, [JSON.stringify({ sandbox: "rlimit" })], { env });
  await second.port();
  const now = readdirSync(folder).filter((name) => name.startsWith("rake-serve-"));
  expect(now).toHaveLength(2);
  expect(now.filter((name) => left.includes(name))).toHaveLength(1);
  const client = await RawClient.connect(await other.port());
  expect((await client.run("true")).code).toBe(0);
});

it("R45: a start ends processes that a killed server left, by where they are and what they were started with", async () => {
  const folder = stateFolder();
  mkdirSync(`${folder}/runs/7`, { recursive: true });
  writeFileSync(`${folder}/used-by`, JSON.stringify({ pid: 1, startedAt: "no time", boot: bootId() }));
  const left = "setsid sleep 3162 & cd /; exec sleep 3162";
  const marked = run("sh", ["-c", left], { cwd: `${folder}/runs/7`, env: { RAKE_RUN: `${folder}/runs/7` } });
  await until(() => processesIn(`${folder}/runs`).length === 2);
  const opened = await StateFolder.open(folder);
  expect(processesIn(`${folder}/runs`)).toEqual([]);
  expect(readdirSync(opened.runs)).toEqual([]);
  expect((await marked).signal).toBe("SIGKILL");
  opened.close();
});

it("R46: after the machine has restarted, what an unclosed store holds is not believed", async () => {
  const folder = stateFolder();
  mkdirSync(`${folder}/store`);
  writeFileSync(`${folder}/store/${"a".repeat(64)}.3`, "abc");
  writeFileSync(`${folder}/used-by`, JSON.stringify({ pid: 1, startedAt: "no time", boot: "an earlier one" }));
  const opened = await StateFolder.open(folder);
  expect(readdirSync(opened.store)).toEqual([]);
  opened.close();
});

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}
