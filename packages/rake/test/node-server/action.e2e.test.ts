/** One action and its processes, under each sandbox that works here. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { itWith } from "../../../../test/components.js";
import { processesIn } from "../../src/node/process-scan.js";
import { ActionRig } from "./action-rig.js";
import { until } from "./waiting.js";

const SANDBOXES = ["rlimit", "bwrap"] as const;

for (const sandbox of SANDBOXES) {
  const test = (title: string, body: () => Promise<void>): void => {
    if (sandbox === "bwrap") itWith("bubblewrap", title, body);
    else it(title, body);
  };

  describe(`sandbox ${sandbox}`, () => {
    test("R24, R57: exit codes and signals are exact", async () => {
      const rig = await ActionRig.make(sandbox);
      const ends: unknown[] = [];
      for (const command of [
        "true",
        "exit 7",
        "exit 137",
        "kill -9 $$",
        "kill -15 $$",
        "kill -INT $$",
        "no-such-program",
      ]) {
        const run = await rig.start(command);
        const { end, code } = (await run.outcome()).end;
        ends.push([end, code]);
        await run.remove();
      }
      expect(ends).toEqual([
        ["EXITED", 0],
        ["EXITED", 7],
        ["EXITED", 137],
        ["SIGNALLED", 9],
        ["SIGNALLED", 15],
        ["SIGNALLED", 2],
        ["EXITED", 127],
      ]);
      expect(readdirSync(rig.folder.runs)).toEqual([]);
    });

    test("R23: both streams are whole and apart, and can be opened by their names", async () => {
      const rig = await ActionRig.make(sandbox);
      const run = await rig.start("seq 1 60000; echo no >/dev/stderr; echo yes >/dev/stdout; seq 1 3 >&2; exit 1");
      const { end, stdout, stderr } = await run.outcome();
      expect(end).toMatchObject({ end: "EXITED", code: 1 });
      const numbers = Array.from({ length: 60_000 }, (_, index) => `${index + 1}\n`).join("");
      expect(stdout === `${numbers}yes\n`).toBe(true);
      expect(stderr).toBe("no\n1\n2\n3\n");
    });

    test("R57: processor time, peak memory and wall time are measured, children included", async () => {
      const rig = await ActionRig.make(sandbox);
      const spin = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done";
      const run = await rig.start(`(${spin}); perl -e '$x = "a" x 90000000'; sleep 0.2`);
      const { end } = await run.outcome();
      expect(end.end).toBe("EXITED");
      expect(end.peakBytes).toBeGreaterThan(90_000_000);
      expect(end.cpuMicros).toBeGreaterThan(20_000);
      expect(end.wallMicros).toBeGreaterThanOrEqual(200_000 + 0.5 * end.cpuMicros);
    });

    test("R22, R41: the folder has the inputs alone, with their modes, and the environment what is allowed", async () => {
      process.env["RAKE_TEST_SECRET"] = "secret";
      const rig = await ActionRig.make(sandbox);
      const files = { "a/b.txt": { text: "b", mode: 0o640 }, run: { text: "#!/bin/sh\necho ran\n", mode: 0o755 } };
      const run = await rig.start("find . -type f -printf '%P %m\\n' | sort; ./run; env | cut -d= -f1 | sort", files);
      const { stdout } = await run.outcome();
      delete process.env["RAKE_TEST_SECRET"];
      expect(stdout.split("\n").slice(0, 3)).toEqual(["a/b.txt 640", "run 755", "ran"]);
      const names = stdout
        .split("\n")
        .slice(3, -1)
        .filter((name) => !["PWD", "OLDPWD", "_", "SHLVL"].includes(name));
      expect(names).toEqual(["HOME", "LANG", "PATH", "RAKE_RUN", "TMPDIR"]);
    });

    test("R22: what an action does to its inputs does nothing to the store", async () => {
      const rig = await ActionRig.make(sandbox);
      const digest = await rig.put("as it was");
      const run = await rig.start("echo more >>input; chmod 600 input; rm -f other", {
        input: "as it was",
        other: "as it was",
      });
      expect((await run.outcome()).end.code).toBe(0);
      expect(rig.store.check(digest)).toBe(true);
      const again = await rig.start("cat input", { input: "as it was" });
      expect((await again.outcome()).stdout).toBe("as it was");
    });

    test("R58: a daemon that left group, session and environment ends with its action", async () => {
      const rig = await ActionRig.make(sandbox);
      const daemon = "env -i setsid sh -c 'cd /; (sleep 3141 & sleep 3141) >/dev/null 2>&1' >/dev/null 2>&1 &";
      const run = await rig.start(own(`${daemon} (setsid sleep 3141 >/dev/null 2>&1 &); sleep 0.1; echo there`));
      expect((await run.outcome()).stdout).toBe("there\n");
      expect(sleepers("3141")).toBeGreaterThanOrEqual(3);
      await run.remove();
      expect(sleepers("3141")).toBe(0);
      expect(processesIn(run.top)).toEqual([]);
      expect(existsSync(run.top)).toBe(false);
    });

    test("R26: SIGTERM goes to the group, SIGKILL to all of it", async () => {
      const rig = await ActionRig.make(sandbox);
      const soft = await rig.start("trap 'echo told; exit 3' TERM; echo ready; while :; do sleep 0.05; done");
      await soft.started();
      const text = soft.text("stdout");
      await rig.hear("printed", ({ run }) => run === soft.number);
      soft.run.kill(false);
      expect(await soft.ended()).toMatchObject({ end: "EXITED", code: 3 });
      expect(await text).toBe("ready\ntold\n");
      const hard = await rig.start(own("trap '' TERM; sleep 3142 & sleep 3142"));
      await hard.started();
      hard.run.kill(true);
      expect(await hard.ended()).toMatchObject({ end: "SIGNALLED", code: 9 });
      await hard.remove();
      expect(sleepers("3142")).toBe(0);
    });

    test("R58: an action that stops or kills what stands above it ends all the same", async () => {
      const rig = await ActionRig.make(sandbox);
      const stops = await rig.start(own("setsid sleep 3143 >/dev/null 2>&1 & kill -STOP $PPID; sleep 3143"));
      await stops.started();
      await until(() => sleepers("3143") === 2);
      await stops.remove();
      const kills = await rig.start(
        own("setsid sleep 3143 >/dev/null 2>&1 & sleep 0.05; kill -KILL $PPID; sleep 3143"),
      );
      expect(await kills.ended()).toMatchObject({ end: "SIGNALLED", code: 9 });
      await kills.remove();
      expect(sleepers("3143")).toBe(0);
      expect(readdirSync(rig.folder.runs)).toEqual([]);
    });

    test("R26: what an action did to its folder does not keep it from being removed", async () => {
      const rig = await ActionRig.make(sandbox);
      const deep =
        "d=ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd; i=0; while [ $i -lt 100 ]; do mkdir $d && cd $d || exit 1; i=$((i+1)); done";
      const run = await rig.start(
        `mkdir shut; echo x >shut/x; chmod 000 shut; touch "$(printf 'bad\\377name')"; (${deep}); echo made`,
      );
      expect((await run.outcome()).stdout).toBe("made\n");
      await run.remove();
      expect(rig.trouble).toEqual([]);
      expect(existsSync(run.top)).toBe(false);
    });
  });
}

/** A long sleep of this test run, told from those of others. */
function own(command: string): string {
  return command.replaceAll(/sleep (31\d\d)/g, `sleep $1.${process.pid}`);
}

/** How many processes of this test run sleep for so many seconds. */
function sleepers(seconds: string): number {
  return readdirSync("/proc").filter(
    (name) => /^\d+$/.test(name) && commandOf(name) === `sleep\0${seconds}.${process.pid}\0`,
  ).length;
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}
