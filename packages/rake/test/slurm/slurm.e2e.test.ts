/** Builds over a real Slurm of one node (docs/rake.md R49, R50). */
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished } from "vitest";
import { component, itWith } from "../../../../test/components.js";
import { start } from "../../../../test/process.js";
import { bundled, startBundled } from "../../../../test/programs.js";
import { scratchFolder } from "../../../../test/scratch.js";
import { overheads } from "../../bench/slurm/overheads.js";
import type { BuildEvent } from "../../src/core/client-contract.js";
import { build } from "../../src/node/build.js";
import type { BuildOptions } from "../../src/node/build-options.js";
import { SlurmEngine } from "../../src/node/slurm/engine.js";
import { type DirectOptions, direct, type PilotOptions, pilot, type SlurmHost } from "../../src/node/slurm/index.js";
import { resolveSlurmOptions } from "../../src/node/slurm/options.js";
import { SlurmCluster } from "./start-slurm.js";

let cluster: SlurmCluster;
/** The server that pilots start. */
let server: string;
/** What this machine and "the nodes" see: another folder for each test. */
let shared: string;

beforeAll(async () => {
  if (component("slurm").version === undefined) return;
  cluster = await SlurmCluster.start();
  server = bundled(new URL("serve-program.ts", import.meta.url));
});
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
});

const test = (title: string, body: () => Promise<void>): void =>
  itWith("slurm", title, async () => {
    shared = scratchFolder();
    chmodSync(shared, 0o711); // actions of another user pass
    await body();
  });

const common = () => ({ folder: shared, cpus: 2, pollMs: 100 });

async function directHost(options: DirectOptions = {}): Promise<SlurmHost> {
  const quick = { sandbox: "rlimit", speed: 1_000, toolchain: "test", lingerMs: 50 } as const;
  return ended(await direct({ ...common(), listen: "127.0.0.1", server: quick, ...options }));
}

async function pilotHost(options: PilotOptions = {}): Promise<SlurmHost> {
  return ended(await pilot({ ...common(), listen: "127.0.0.1", command: [process.execPath, server], ...options }));
}

function ended(host: SlurmHost): SlurmHost {
  onTestFinished(() => host.close());
  return host;
}

interface Built {
  readonly outcome: string | undefined;
  readonly message: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly events: readonly BuildEvent[];
}

/** @param onShown is called with each piece that was shown */
async function built(
  host: SlurmHost,
  folder: string,
  rakefile: string,
  options: BuildOptions = {},
  onShown: (text: string) => void = () => {},
): Promise<Built> {
  const shown = { stdout: "", stderr: "" };
  const events: BuildEvent[] = [];
  const report = await build({
    folder,
    rakefile,
    hosts: [host.address],
    secret: host.secret,
    noHostMs: 500,
    show: ({ stream, bytes }) => {
      shown[stream] += Buffer.from(bytes).toString();
      onShown(Buffer.from(bytes).toString());
    },
    onEvent: (event) => events.push(event),
    ...options,
  });
  const { outcome, message } = report.result ?? {};
  return { outcome, message, ...shown, events };
}

/** No job, no step, no folder, none of its processes. */
async function nothingIsLeft(): Promise<void> {
  expect(await cluster.left()).toEqual([]);
  expect(readdirSync(shared)).toEqual([]);
  expect(processesWith(shared)).toEqual([]);
}

/** Those that have it among their words or in their environment. */
function processesWith(text: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => `${pid} ${read(`/proc/${pid}/cmdline`)} ${read(`/proc/${pid}/environ`)}`)
    .filter((line) => line.includes(text));
}

/** Compiles what it can do without a compiler: two parts at once, and what is made of both. */
const SMALL = `actionset1:
	remote-tr a-z A-Z <src/one.txt >one.up; echo one; echo to stderr >&2
		requires src/one.txt
	remote-mkdir -p deep/er; rev src/two.txt >deep/er/two.up; chmod 750 deep/er/two.up
		requires src/two.txt
actionset2:
	remote-cat one.up deep/er/two.up >all; ls -R | grep -c txt; id -u; seq 1 20000 >/dev/stdout
		requires one.up deep/er/two.up
		produces all
`;
const sources = { "src/one.txt": "one\n", "src/two.txt": "two\n" };
const numbers = Array.from({ length: 20_000 }, (_, index) => `${index + 1}\n`).join("");

for (const [rule, how, open] of [
  ["R50", "direct", directHost],
  ["R49", "pilot", pilotHost],
] as const) {
  test(`${rule}: a small build by ${how} is as with a server, one that is cancelled leaves nothing, and in the end nothing is left`, async () => {
    const folder = scratchFolder(sources);
    const host = await open();
    const { outcome, stdout, stderr } = await built(host, folder, SMALL);
    const user = process.getuid?.() === 0 ? 65_534 : process.getuid?.();
    expect([outcome, stderr]).toEqual(["succeeded", "to stderr\n"]);
    expect(stdout === `one\n0\n${user}\n${numbers}`).toBe(true);
    expect(readFileSync(join(folder, "all"), "utf8")).toBe("ONE\nowt\n");
    expect((statSync(join(folder, "deep/er/two.up")).mode & 0o777).toString(8)).toBe("750");

    const controller = new AbortController();
    const rakefile = "actionset1:\n\tremote-sleep 3151 & setsid sleep 3152 & echo up; wait\n";
    const { signal } = controller;
    const cancelled = await built(host, scratchFolder(), rakefile, { signal }, () => controller.abort());
    expect([cancelled.outcome, cancelled.stdout]).toEqual(["cancelled", "up\n"]);
    await expect.poll(() => sleepers(["3151", "3152"])).toBe(0);
    const batch = how === "pilot" ? [`${host.jobId}.batch batch`] : [];
    await expect.poll(() => cluster.left()).toEqual([`${host.jobId} RUNNING rake`, ...batch]);
    if (how === "pilot") writeFileSync(join(shared, "told"), "");
    await host.close();
    if (how === "pilot") {
      // Its server was told to end, once.
      expect(readFileSync(join(shared, "told"), "utf8")).toBe("SIGTERM\n");
      rmSync(join(shared, "told"));
    }
    await nothingIsLeft();
  });
}

test("R50: exit codes and signals are exact, and what they were is told", async () => {
  const host = await directHost({ cpus: 4 });
  const ends: unknown[] = [];
  const commands = ["exit 7", "exit 137", "kill -9 $$", "kill -TERM $$", "no-such-program", "true"];
  const rakefile = `actionset1:\n${commands.map((command) => `\tremote-${command}\n`).join("")}`;
  const { outcome, events } = await built(host, scratchFolder(), rakefile);
  for (const event of events) if (event.type === "ended") ends[event.action] = [event.end.end, event.end.code];
  expect(outcome).toBe("failed");
  expect(ends).toEqual([
    ["EXITED", 7],
    ["EXITED", 137],
    ["SIGNALLED", 9],
    ["SIGNALLED", 15],
    ["EXITED", 127],
    ["EXITED", 0],
  ]);
  await host.close();
  await nothingIsLeft();
});

test("R50: where the allocation is taken away, its action is not a success, and the reason is told", async () => {
  const host = await directHost();
  const rakefile = "actionset1:\n\tremote-echo up; sleep 3153; echo never\n";
  const { outcome, stdout } = await built(host, scratchFolder(), rakefile, {}, () => {
    void cluster.query("scancel", [String(host.jobId)]);
  });
  expect([outcome, stdout]).toEqual(["failed", "up\n"]);
  expect(await host.lost).toMatch(/^job \d+ ended: Job allocation \d+ has been revoked/);
  expect(sleepers(["3153"])).toBe(0);
  await host.close();
  await nothingIsLeft();
});

test("R50: a process that is killed loses its allocation, and its actions with it", async () => {
  await using killed = startBundled(new URL("direct-program.ts", import.meta.url), [shared, scratchFolder(), "3155"]);
  const [, job = ""] = await killed.line(/^job (\d+)$/);
  expect(await cluster.left()).toContain(`${job} RUNNING rake`);
  await expect.poll(() => sleepers(["3155"])).toBe(2);
  process.kill(killed.pid, "SIGKILL");
  await expect.poll(() => cluster.left()).toEqual([]);
  expect(sleepers(["3155"])).toBe(0);
});

test("R50: processors of other steps of the job count as busy", async () => {
  const settings = resolveSlurmOptions({ folder: shared, cpus: 2, pollMs: 50 });
  const common = { partition: undefined, cpusPerAction: 1, listen: "127.0.0.1", address: undefined, stepArguments: [] };
  const engine = await SlurmEngine.open({ ...common, settings, user: undefined });
  onTestFinished(() => engine.close());
  expect([engine.cores, engine.busyCores()]).toEqual([2, 0]);
  const words = [`--jobid=${engine.allocation.jobId}`, "--exact", "--ntasks=1", "--mem=0", "sleep", "3156"];
  await using other = start("srun", words, { cwd: "/" });
  await expect.poll(() => engine.busyCores()).toBe(1);
  other.signal("SIGTERM");
  await other.exited;
  await expect.poll(() => engine.busyCores()).toBe(0);
});

test("R49: a pilot that is killed is told, and is never a success", async () => {
  const host = await pilotHost();
  const rakefile = "actionset1:\n\tremote-echo up; sleep 3154; echo never\n";
  const { outcome, message, stdout } = await built(host, scratchFolder(), rakefile, {}, () => {
    for (const pid of pidsOf((words) => words.includes(server))) process.kill(pid, "SIGKILL");
  });
  expect([outcome, stdout]).toEqual(["failed", "up\n"]);
  expect(message).toContain("127.0.0.1");
  expect(await host.lost).toMatch(/^job \d+ ended as FAILED/);
  await host.close();
  await expect.poll(() => sleepers(["3154"])).toBe(0);
  await nothingIsLeft();
});

test("R49: a pilot that ends at once, or never serves, is told within a bound with what it said", async () => {
  const dies = pilotHost({ command: ["/bin/sh", "-c", "echo no licence >&2; exit 3"] });
  await expect(dies).rejects.toMatchObject({ code: "SLURM_NOT_STARTED" });
  await expect(dies).rejects.toThrow(/ended before its server listened \(FAILED, NonZeroExitCode\): no licence/);
  const waits = pilotHost({ cpus: 5, startMs: 300 });
  await expect(waits).rejects.toThrow(/does not serve within 300 ms \(PENDING/);
  await expect(pilotHost({ partition: "none" })).rejects.toMatchObject({ code: "SLURM_REFUSED" });
  await nothingIsLeft();
});

test("R49: a pilot whose builder is gone ends by itself", async () => {
  const host = await pilotHost({ leaseMs: 1_000 });
  const own = readdirSync(shared).find((name) => name.startsWith(".rake-pilot-")) ?? "";
  // As if this process were gone: what it writes goes elsewhere.
  rmSync(join(shared, own, "lease"));
  mkdirSync(join(shared, own, "lease"));
  expect(await host.lost).toContain("nobody has wanted this pilot for 1000 ms");
  await host.close();
  await nothingIsLeft();
});

test("R49, R50: what an action costs by each way is measured, and nothing is left of that", async () => {
  const results = await overheads({
    rounds: 1,
    actions: 1,
    folder: shared,
    work: scratchFolder(),
    command: [process.execPath, server],
  });
  expect(results.map(({ what }) => what)).toEqual([
    "spawn here",
    "bare srun",
    "rake, a server here",
    "rake, pilot",
    "rake, direct",
  ]);
  for (const { perActionMs } of results) expect(perActionMs).toEqual([expect.any(Number)]);
  await nothingIsLeft();
});

function sleepers(seconds: readonly string[]): number {
  return pidsOf(([program, second = ""]) => program === "sleep" && seconds.includes(second)).length;
}

/** Of the processes whose words are such. */
function pidsOf(isSo: (words: readonly string[]) => boolean): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => isSo(read(`/proc/${pid}/cmdline`).split("\0"))).map(Number);
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return ""; // it has ended
  }
}
