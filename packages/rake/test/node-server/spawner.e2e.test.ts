/** The process that forks meters in the server's place (R63). */
import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { itWith } from "../../../../test/components.js";
import { isAlive, processesIn } from "../../src/node/process-scan.js";
import { rigWithReady } from "./ready-rig.js";
import { until } from "./waiting.js";

it("R63: where the spawner is killed, that is told, what it has started goes on, and another one takes its place", async () => {
  const { rig, ready } = await rigWithReady("rlimit");
  const first = ready.spawnerPid ?? 0;
  const run = await rig.start("until test -e go; do sleep 0.01; done; exit 7");
  await run.started();
  await until(() => ready.waiting === 1);
  process.kill(first, "SIGKILL");
  await until(() => rig.trouble.length > 0);
  expect(rig.trouble[0]).toContain("the process that starts actions has ended (SIGKILL)");
  const other = await rig.start("echo other");
  expect(await other.outcome()).toMatchObject({ end: { end: "EXITED", code: 0 }, stdout: "other\n" });
  // The first is still at it.
  run.run.kill(false);
  expect(await run.ended()).toMatchObject({ end: "SIGNALLED", code: 15 });
  await Promise.all([run.remove(), other.remove()]);
  await until(() => ready.waiting === 1);
  expect(ready.spawnerPid).not.toBe(first);
  expect((await (await rig.start("echo again")).outcome()).stdout).toBe("again\n");
});

it("R58, R63: where the spawner is stopped, actions that run end, and are ended, all the same", async () => {
  const { rig, ready } = await rigWithReady("rlimit", 2);
  const spawner = ready.spawnerPid ?? 0;
  process.kill(spawner, "SIGSTOP");
  try {
    const short = await rig.start("echo short");
    expect((await short.outcome()).stdout).toBe("short\n");
    const long = await rig.start("setsid sleep 3174 & sleep 3174");
    await long.started();
    long.run.kill(true);
    expect(await long.ended()).toMatchObject({ end: "SIGNALLED", code: 9 });
    await Promise.all([short.remove(), long.remove()]);
    expect(processesIn(rig.folder.runs).filter((pid) => isAlive(pid))).toEqual([]);
  } finally {
    process.kill(spawner, "SIGCONT");
  }
});

it("R58, R63: what a short action leaves running ends with it", async () => {
  const { rig } = await rigWithReady("rlimit");
  const run = await rig.start("(setsid sleep 3175 >/dev/null 2>&1 &); echo >out");
  expect((await run.outcome()).end.end).toBe("EXITED");
  expect((await run.outputs()).map(({ path }) => path)).toEqual(["out"]);
  await run.remove();
  await rig.ready?.close();
  expect(processesIn(rig.folder.runs)).toEqual([]);
});

for (const sandbox of ["rlimit", "bwrap"] as const) {
  const test = (title: string, body: () => Promise<void>): void => {
    if (sandbox === "bwrap") itWith("bubblewrap", `${sandbox}: ${title}`, body);
    else it(`${sandbox}: ${title}`, body);
  };

  test("R41, R63: an action has three descriptors and its own environment", async () => {
    const { rig } = await rigWithReady(sandbox);
    const run = await rig.start("echo /proc/$$/fd/*; env | cut -d= -f1 | sort | tr '\\n' ' '");
    const [descriptors = "", names = ""] = (await run.outcome()).stdout.split("\n");
    // The last is the one by which the shell reads the folder.
    expect(descriptors.split(" ").map((path) => path.replace(/.*\//, ""))).toEqual(["0", "1", "2", "3"]);
    expect(names.trim().split(" ")).toEqual(["HOME", "LANG", "PATH", "PWD", "RAKE_RUN", "TMPDIR"]);
  });

  // Without a user of its own an action may do to the server's processes whatever it likes.
  if (sandbox === "rlimit" && process.getuid?.() !== 0) continue;

  test("R57, R63: an action cannot speak in its meter's place", async () => {
    const { rig } = await rigWithReady(sandbox);
    const lie = `for one in /proc/[0-9]*/fd/*; do
      case $one in /proc/$$/*|/proc/self/*) ;; *) timeout 1 sh -c 'echo "e 1 0 0 0 0 g" >"$1"' sh "$one";; esac
    done 2>/dev/null; exit 3`;
    const run = await rig.start(lie);
    expect((await run.outcome()).end).toMatchObject({ end: "EXITED", code: 3 });
  });
}

it("R63: a server has no more descriptors after many actions than after a few", async () => {
  const { rig, ready } = await rigWithReady("rlimit");
  const open: number[] = [];
  for (let n = 0; n < 8; n++) {
    const run = await rig.start("echo x; exit 1");
    await run.outcome();
    await run.remove();
    await until(() => ready.waiting === 1 && ready.burials === 0);
    open.push(readdirSync("/proc/self/fd").length);
  }
  expect(Math.max(...open.slice(4))).toBeLessThanOrEqual(Math.max(...open.slice(0, 4)));
});
