/** Actions that want too much do no harm: to the server, to other actions, to the machine. */
import { readdirSync } from "node:fs";
import { expect, it, onTestFinished } from "vitest";
import { itWith } from "../../../../test/components.js";
import { processesIn } from "../../src/node/process-scan.js";
import { threadsOf } from "../../src/node/user-threads.js";
import { ActionRig, type RigRun } from "./action-rig.js";
import { until } from "./waiting.js";

/** No test may let more of them live than this, whatever the limits do. */
const GUARD = 200;

/** Kills an action whose processes are more than the guard allows; tells how many there were at most. */
function guard(run: RigRun): { most: number } {
  const seen = { most: 0 };
  const timer = setInterval(() => {
    seen.most = Math.max(seen.most, processesIn(run.top).length);
    if (seen.most > GUARD) run.run.kill(true);
  }, 50);
  onTestFinished(() => clearInterval(timer));
  return seen;
}

for (const sandbox of ["rlimit", "bwrap"] as const) {
  const test = (title: string, body: () => Promise<void>): void => {
    if (sandbox === "bwrap") itWith("bubblewrap", `${sandbox}: ${title}`, body);
    else it(`${sandbox}: ${title}`, body);
  };

  /** What the meter sets, and it is the same one under bwrap. */
  const testOnce = (title: string, body: () => Promise<void>): void => {
    if (sandbox === "rlimit") test(title, body);
  };

  test("R42: a fork bomb has as many processes as it may, and another action goes on", async () => {
    const rig = await ActionRig.make(sandbox);
    const fork = "perl -e 'for (;;) { fork; select undef, undef, undef, 0.01 }'";
    const uid = process.getuid?.() ?? 0;
    const others = uid === 0 ? 2 : threadsOf(uid, performance.now());
    const bomb = await rig.start(fork, {}, { limits: { processes: 60 } });
    const seen = guard(bomb);
    await bomb.started();
    await until(() => seen.most >= 40);
    const other = await rig.start("echo there", {}, { limits: { processes: 200 } });
    expect((await other.outcome()).stdout).toBe("there\n");
    await bomb.remove();
    expect(processesIn(bomb.top)).toEqual([]);
    // Where actions have our own user, whatever of ours has ended since makes room for more.
    expect(seen.most).toBeLessThanOrEqual(60 + others);
  });

  testOnce("R42: a memory hog gets no more than it may", async () => {
    const rig = await ActionRig.make(sandbox);
    const command = `perl -e 'my @a; push @a, "x" x 10_000_000 for 1..1000; print "got it all"'`;
    const { end, stdout } = await (await rig.start(command, {}, { limits: { memoryBytes: 2 ** 28 } })).outcome();
    expect(end.code).not.toBe(0);
    expect(end.peakBytes).toBeLessThan(2 ** 28);
    expect(stdout).toBe("");
  });

  testOnce("R42: CPU time, the size of a file and open files have limits", async () => {
    const rig = await ActionRig.make(sandbox);
    const limits = { cpuSeconds: 1, fileBytes: 1_000_000, openFiles: 20 };
    const spin = await rig.start("while :; do :; done", {}, { limits });
    expect(await spin.ended()).toMatchObject({ end: "LIMITED", text: "it used more than 1 s of CPU time" });
    const large = await rig.start("exec dd if=/dev/zero of=large bs=100000 count=20 2>/dev/null", {}, { limits });
    expect(await large.ended()).toMatchObject({ end: "LIMITED", text: "a file has more than 1000000 bytes" });
    const open = await rig.start(
      "perl -e 'for (1..50) { open($f[$_], q(<), q(/dev/null)) or exit 9 }'",
      {},
      { limits },
    );
    expect(await open.ended()).toMatchObject({ end: "EXITED", code: 9 });
  });

  test("R42: who fills the disk with many files, or hides them, is ended", async () => {
    const rig = await ActionRig.make(sandbox);
    const limits = { folderBytes: 3_000_000 };
    // For ever, but soon slowly: each file is one to be removed again.
    const fill = "i=0; while :; do i=$((i+1)); echo x >$i; [ $i -lt 1000 ] || sleep 0.01; done";
    const ended = async (command: string): Promise<void> => {
      const run = await rig.start(command, {}, { limits });
      expect(await run.ended()).toMatchObject({ end: "LIMITED", text: "its folder has more than 3000000 bytes" });
      await run.remove();
    };
    await ended(fill);
    await ended(`cd "$TMPDIR"; d="$(printf 'bad\\377')"; mkdir "$d"; cd "$d"; chmod 300 .; ${fill}`);
    expect(readdirSync(rig.folder.runs)).toEqual([]);
  });

  test("R42: who fills the disk with files that have no name any more is ended, whether they are open or only mapped", async () => {
    const rig = await ActionRig.make(sandbox);
    const limits = { folderBytes: 3_000_000 };
    const ended = async (command: string): Promise<void> => {
      const run = await rig.start(command, {}, { limits });
      expect(await run.ended()).toMatchObject({ end: "LIMITED", text: "its folder has more than 3000000 bytes" });
      await run.remove();
    };
    // Not in the environment that it was started with, and without its parent.
    const shed = "cd / && exec env -i perl -e";
    const fill = "dd if=/dev/zero bs=1000000 count=4 status=none";
    await ended(`exec 9>gone; rm gone; ${fill} >&9; sleep 1000`);
    await ended(`(exec 9>gone; rm gone; ${fill} >&9; (${shed} "sleep 1000" &)); sleep 1000`);
    const mapped =
      "open F, '+>gone'; unlink 'gone'; syswrite F, 'x' x 4e6; syscall(9, 0, 4000000, 1, 1, fileno F, 0); close F";
    if (process.arch === "x64") await ended(`perl -e "${mapped}; sleep 1000"`);
  });

  testOnce("R23, R47: an output that nobody reads holds its action, and what is read is bounded", async () => {
    const rig = await ActionRig.make(sandbox);
    const run = await rig.start("yes");
    await run.started();
    const before = process.memoryUsage().rss;
    for (let pulls = 0; pulls < 50; pulls++) {
      run.run.pull("stdout", 1_000);
      let count = 0;
      const told = await rig.hear("printed", (one) => one.run === run.number && ++count > pulls);
      expect(told.bytes.length).toBeLessThanOrEqual(1_000);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(50 * 2 ** 20);
    await run.remove();
    expect(processesIn(rig.folder.runs)).toEqual([]);
  });
}

itWith(
  "bubblewrap",
  "R43: under bwrap an action sees the system read-only, no other processes and no network",
  async () => {
    const rig = await ActionRig.make("bwrap");
    const looks = [
      "id -u >ids",
      "touch /usr/x /etc/x /x /dev/x /rake/x 2>/dev/null",
      // Of folders that are not the system's, those of PATH are there.
      `cat ${import.meta.filename} /proc/1/root${import.meta.filename} 2>/dev/null`,
      "ls -d /proc/[0-9]* | wc -l",
      "ls /sys/class/net /proc/sys/net/ipv4/conf 2>/dev/null | grep -c eth",
      'touch /tmp/a /dev/shm/b "$HOME/c" && echo own',
    ];
    const { stdout } = await (await rig.start(looks.join("; "))).outcome();
    const [processes = "", devices = "", own = ""] = stdout.trim().split("\n");
    expect(Number(processes)).toBeLessThanOrEqual(6);
    expect([devices, own]).toEqual(["0", "own"]);
    const write = await rig.start(
      "for p in /usr/x /etc/x /x /dev/x /rake/x; do ! touch $p 2>/dev/null || echo wrote $p; done",
    );
    expect((await write.outcome()).stdout).toBe("");
  },
);
