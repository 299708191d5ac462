/** Attempts that are made ready before they are asked for (R63). */
import { chmodSync, lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { itWith } from "../../../../test/components.js";
import { startBundled } from "../../../../test/programs.js";
import { processesIn } from "../../src/node/process-scan.js";
import { ActionRig } from "./action-rig.js";
import { Gate } from "./gate.js";
import { RawClient } from "./raw-client.js";
import { readyFor, rigWithReady } from "./ready-rig.js";
import { stateFolder, until } from "./waiting.js";

const nameOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return "gone";
  }
};

const readyNames = (rig: ActionRig): string[] => readdirSync(rig.folder.runs).sort();

for (const sandbox of ["rlimit", "bwrap", "none"] as const) {
  const test = (title: string, body: () => Promise<void>): void => {
    if (sandbox === "bwrap") itWith("bubblewrap", title, body);
    else it(title, body);
  };

  describe(`sandbox ${sandbox}`, () => {
    test("R63: an action in one that was ready has its inputs, its folder, its ends, and outputs as any other", async () => {
      const { rig, ready } = await rigWithReady(sandbox);
      const ends: unknown[] = [];
      for (const end of ["exit 0", "exit 7", "kill -9 $$"]) {
        await until(() => ready.waiting === 1);
        const run = await rig.start(`cat d/in >out; pwd >&2; echo "$1said"\n${end}`, { "d/in": "input" });
        const outcome = await run.outcome();
        ends.push([outcome.end.end, outcome.end.code, outcome.stdout]);
        expect(outcome.stderr).toMatch(sandbox === "bwrap" ? "/rake/work" : /ready-\d+.work\n$/);
        expect(outcome.end.wallMicros).toBeLessThan(10_000_000);
        expect((await run.outputs()).map(({ path }) => path)).toEqual(["out"]);
        await run.remove();
      }
      expect(ends).toEqual([
        ["EXITED", 0, "said\n"],
        ["EXITED", 7, "said\n"],
        ["SIGNALLED", 9, "said\n"],
      ]);
      expect(rig.trouble).toEqual([]);
    });

    test("R63: a kill reaches what was started in one that was ready, and what it started", async () => {
      const { rig } = await rigWithReady(sandbox);
      const run = await rig.start("setsid sleep 3171 & sleep 3171");
      await run.started();
      run.run.kill(true);
      expect(await run.ended()).toMatchObject({ end: "SIGNALLED", code: 9 });
      await run.remove();
      await rig.ready?.close();
      expect(readyNames(rig)).toEqual([]);
      expect(processesIn(rig.folder.runs)).toEqual([]);
    });
  });
}

it("R63: a folder is used again where an action has left it alone, and nothing that one has done is found by the next", async () => {
  const { rig, ready } = await rigWithReady("rlimit");
  const seen: string[] = [];
  const look = "ls -AlR . $HOME $TMPDIR | grep -c '^[-dlbcps]'; stat -c %a . .. $HOME $TMPDIR | tr '\\n' ' '; pwd";
  const dirty = [
    "true",
    "mkdir -p a/b; echo x >a/b/c; echo x >$TMPDIR/t; mkdir $HOME/.cache",
    "chmod 777 . $HOME",
    "chmod 000 .",
    "chmod 777 ..",
    "echo x >../more",
    "mv $HOME ../elsewhere; mkdir $HOME",
    "rmdir $TMPDIR; ln -s / $TMPDIR",
    "touch x; rm x",
  ];
  for (const command of dirty) {
    await until(() => ready.waiting === 1);
    // What was made within the last tick is not used again.
    const isOlder = (name: string): boolean => Date.now() - lstatSync(`${rig.folder.runs}/${name}`).ctimeMs > 25;
    await until(() => readyNames(rig).every(isOlder));
    const run = await rig.start(`${look}; ${command}`);
    const [count, modes, place = ""] = (await run.outcome()).stdout
      .split("\n")
      .flatMap((line) => line.split(/ (?=\/)/));
    // What stands above the action's folders is root's where there is one: it may pass, and change nothing there.
    expect([count, modes]).toEqual(["0", `700 ${process.getuid?.() === 0 ? 711 : 700} 700 700`]);
    seen.push(place);
    await run.remove();
  }
  expect(new Set(seen).size).toBeLessThan(seen.length);
  expect(rig.trouble).toEqual([]);
  await ready.close();
  expect(readyNames(rig)).toEqual([]);
});

it("R63: one whose folder somebody was in is passed over", async () => {
  const { rig, ready } = await rigWithReady("rlimit");
  const [name = ""] = readyNames(rig);
  writeFileSync(`${rig.folder.runs}/${name}/work/planted`, "");
  const run = await rig.start("ls");
  expect((await run.outcome()).stdout).toBe("");
  await run.remove();
  await ready.close();
  expect(readyNames(rig)).toEqual([]);
});

it("R42, R63: the limits are those of the action", async () => {
  const { rig } = await rigWithReady("rlimit");
  const run = await rig.start(
    "ulimit -n; ulimit -t; head -c 5000 /dev/zero >big",
    {},
    { limits: { openFiles: 77, fileBytes: 4_096 } },
  );
  const { end, stdout } = await run.outcome();
  expect(stdout).toBe("77\n20\n");
  expect(end).toMatchObject({ end: "EXITED" });
  expect(end.code).not.toBe(0);
});

it("R63: one that somebody ended is passed over, and nothing is left of it", async () => {
  const { rig, ready } = await rigWithReady("rlimit");
  for (const pid of processesIn(rig.folder.runs)) process.kill(pid, "SIGKILL");
  await until(() => ready.waiting === 0);
  const run = await rig.start("echo fine");
  expect((await run.outcome()).stdout).toBe("fine\n");
  await run.remove();
  await ready.close();
  expect(readyNames(rig)).toEqual([]);
});

it("R63: a command that no process can have fails its attempt, and nothing is left of it", async () => {
  const { rig, ready } = await rigWithReady("rlimit");
  const run = await rig.start("echo a\0b");
  await rig.hear("startFailed", (told) => told.run === run.number);
  await run.remove();
  await ready.close();
  expect(readyNames(rig)).toEqual([]);
  expect(processesIn(rig.folder.runs)).toEqual([]);
});

/** Its sandbox comes up, or fails, while the folder is root's and not all inputs are there. @param meanwhile done behind that, where an input is */
async function rigBehindGate(meanwhile: (folder: string) => void = () => {}): Promise<ActionRig> {
  const rig = await ActionRig.make("bwrap");
  const gate = new Gate(rig.launcher.bwrap ?? "");
  const ready = readyFor(rig, { ...rig.launcher, bwrap: gate.program });
  await until(() => ready.waiting === 1);
  const copyTo = rig.store.copyTo.bind(rig.store);
  rig.store.copyTo = async (digest, path) => {
    await copyTo(digest, path);
    gate.open();
    const names = (): string[] => processesIn(rig.folder.runs).map(nameOf);
    await until(() => names().includes("perl") || names().length === 0);
    meanwhile(dirname(path));
  };
  return rig;
}

// Where the server is not root, its user owns all of it always.
if (process.getuid?.() === 0) {
  itWith(
    "bubblewrap",
    "R41, R63: a sandbox that comes up while inputs are placed in its folder has it when they are there",
    async () => {
      const rig = await rigBehindGate();
      const run = await rig.start('cat d/in; pwd; echo "$PWD"; stat -c "%U %a" .', { "d/in": "input\n" });
      expect(await run.outcome()).toMatchObject({
        end: { end: "EXITED", code: 0, text: "" },
        stdout: "input\n/rake/work\n/rake/work\nnobody 700\n",
      });
    },
  );

  itWith("bubblewrap", "R41, R63: an attempt whose folder its user cannot enter fails, and says why", async () => {
    const rig = await rigBehindGate((folder) => chmodSync(folder, 0o600));
    const run = await rig.start("echo said", { in: "input" });
    expect(await run.outcome()).toMatchObject({
      end: { end: "FAILED", code: 0, text: "rake: cannot enter /rake/work: Permission denied\n" },
      stdout: "",
    });
  });
}

it("R45, R63: what is ready ends with a server that is killed, and its folder goes at the next start", async () => {
  const folder = stateFolder();
  const program = new URL("server-program.ts", import.meta.url);
  await using first = startBundled(program, [JSON.stringify({ folder, sandbox: "rlimit", readyRuns: 2 })]);
  await first.port();
  // Each is a meter and what will be its command.
  await until(() => processesIn(`${folder}/runs`).length === 4);
  first.kill("SIGKILL");
  await first.exited;
  await until(() => processesIn(`${folder}/runs`).length === 0);
  await using second = startBundled(program, [JSON.stringify({ folder, sandbox: "rlimit", readyRuns: 0 })]);
  const client = await RawClient.connect(await second.port());
  expect((await client.run("true")).end).toBe("EXITED");
  expect(readdirSync(`${folder}/runs`)).toEqual([]);
});
