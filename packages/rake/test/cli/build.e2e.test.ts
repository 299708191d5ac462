/** `rake` and `rake explain` as real processes, at two real servers. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { beside } from "../../../../test/beside.js";
import { scratchFolder } from "../../../../test/scratch.js";
import { bundleCommand } from "./bundled-command.js";

const command = bundleCommand();
/** `HOSTS = ...` of both servers. */
let hosts = "";
let addresses: readonly string[] = [];

beforeAll(async () => {
  const servers = await Promise.all([command.serve("--slots", "4"), command.serve("--slots", "2")]);
  addresses = servers.map(({ address }) => address);
  hosts = `HOSTS = ${addresses.join(" ")}`;
}, 60_000);

/** A folder with a Rakefile whose actions are these lines, in sets that an empty line parts. */
function project(rakefile: string, files: Readonly<Record<string, string>> = {}): string {
  let set = 0;
  const sets = rakefile.split("\n\n").map((lines) => `actionset${++set}:\n${lines.replace(/^(?=.)/gm, "\t")}\n`);
  return scratchFolder({ Rakefile: `${hosts}\n${sets.join("")}`, ...files });
}

describe("rake", () => {
  it.concurrent(
    "R3, R6, R23, R36, R40: builds sets in their order, brings outputs back, keeps streams apart, and explains it all",
    beside(async () => {
      const folder = project(
        "remote-tr a-z A-Z <in/a.txt >b.txt; echo out; echo err >&2\n\trequires in/a.txt\nremote-mkdir d; printf x >d/c\n\ncat b.txt d/c",
        { "in/a.txt": "hello\n" },
      );
      const built = await command.run(folder, "--no-speculate", "--timeline", "t.html", "--trace", "t.json");
      expect(built.code, built.stderr).toBe(0);
      expect(built.stdout.split("\n").sort()).toEqual(["", "3| out", "7| HELLO", "7| x"]);
      expect(built.stderr).toContain("3| err\n");
      expect(built.stderr).toMatch(/^rake: \[3\/3\] cat b\.txt d\/c \(this machine, .*\)$/m);
      expect(built.stderr).toMatch(/^rake: 3 actions in .*; sent 6 B, saved 0 B; got 7 B$/m);
      expect(built.stderr).toMatch(/^rake: why there: (.*, )?local 1; rake explain says more\n/m);
      expect(readdirSync(folder).sort()).toEqual([".rake", "Rakefile", "b.txt", "d", "in", "t.html", "t.json"]);
      expect(readFileSync(join(folder, "t.html"), "utf8")).toContain(`aria-label="line 3: tr a-z A-Z`);
      expect(JSON.parse(readFileSync(join(folder, "t.json"), "utf8"))).toHaveProperty("traceEvents");

      const again = await command.run(folder, "--no-speculate", "--quiet");
      expect([again.code, again.stderr]).toEqual([0, "3| err\n"]);
      const explained = await command.run(folder, "explain");
      expect([explained.code, explained.stderr]).toEqual([0, ""]);
      expect(explained.stdout).toMatch(/^Rakefile, \d{4}-\S+: succeeded\n\nline 3: tr a-z A-Z/);
      expect(explained.stdout).toMatch(
        /^ {2}> 127\.0\.0\.1:\d+ +\d+ ms \(queue \d+ \+ run \d+ \+ transfer \d+ \+ charge 0/m,
      );
      const one = await command.run(folder, "explain", "7");
      expect(one.stdout).toMatch(/^line 7: cat b\.txt d\/c\n {2}succeeded, this machine\n.*\n$/);
      const json = JSON.parse((await command.run(folder, "explain", "--json")).stdout) as {
        report: { actions: unknown[] };
      };
      expect(json.report.actions).toHaveLength(3);
      expect((await command.run(folder, "explain", "9")).stderr).toMatch(
        /^rake: no action .* line 9; there are 3, 5, 7\n$/,
      );
    }),
  );

  it.concurrent(
    "R37: a failed action is code 1, with its line, host, output and status; no set starts after it",
    beside(async () => {
      const folder = project("remote-echo why >&2; exit 7\nremote-echo fine\n\ntouch never");
      const { code, stdout, stderr } = await command.run(folder);
      expect([code, stdout, existsSync(join(folder, "never"))]).toEqual([1, "4| fine\n", false]);
      expect(stderr).toContain("3| why\n");
      expect(stderr).toMatch(/^rake: FAILED line 3 \(echo why >&2; exit 7\): .*7.*127\.0\.0\.1:\d+/m);
      expect(stderr).toMatch(/^rake: ACTION_FAILED: line 3: .*7/m);
    }),
  );

  it.concurrent(
    "R37: --fail-fast cancels the others of the set",
    beside(async () => {
      const folder = project("remote-sleep 60\nfalse");
      const { code, stderr } = await command.run(folder, "--fail-fast");
      expect(code, stderr).toBe(1);
    }),
  );

  it.concurrent(
    "R5, R37: faults of a Rakefile are code 2, one line each that names file, line and column",
    beside(async () => {
      const folder = scratchFolder({
        Rakefile: "HOSTS = h\nactionset1:\n\tremote-x\n\t\trequires /etc/passwd\nwhat\n",
      });
      const { code, stdout, stderr } = await command.run(folder);
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toMatch(/^Rakefile:4:12: found .*; accepted: .*\nRakefile:5:1: found "what"; accepted: .*\n$/);
      expect(existsSync(join(folder, ".rake"))).toBe(false);
    }),
  );

  it.concurrent(
    "R4: --course refuses what is ours",
    beside(async () => {
      const folder = scratchFolder({ Rakefile: "actionset1:\n\tremote-true\n\t\tproduces x\n" });
      expect((await command.run(folder, "-n")).code).toBe(0);
      expect(await command.run(folder, "-n", "--course")).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/^Rakefile:3:3: found "produces"/),
      });
    }),
  );

  it.concurrent(
    "R32, R33, R37: no host at all is code 3 and says why each is not there; --local-fallback runs it here",
    beside(async () => {
      const folder = scratchFolder({ Rakefile: "HOSTS = 127.0.0.1:1\nactionset1:\n\tremote-echo here\n" });
      const lost = await command.run(folder, "--host-wait-ms", "100");
      expect([lost.code, lost.stdout]).toEqual([3, ""]);
      expect(lost.stderr).toMatch(/^rake: 127\.0\.0\.1:1 is not there: .*ECONNREFUSED/m);
      expect(lost.stderr).toMatch(/^rake: NO_HOST: line 3: .*127\.0\.0\.1:1/m);
      const fallen = await command.run(folder, "--host-wait-ms", "100", "--local-fallback");
      expect([fallen.code, fallen.stdout]).toEqual([0, "3| here\n"]);
      expect(fallen.stderr).toMatch(/^rake: line 3 \(echo here\) runs on this machine: no host is left for it$/m);
      const elsewhere = await command.run(folder, "--hosts", addresses.join(","));
      expect([elsewhere.code, elsewhere.stdout]).toEqual([0, "3| here\n"]);
    }),
  );

  it.concurrent(
    "R2, R3: -n prints the plan, asks nobody and makes nothing",
    beside(async () => {
      const folder = scratchFolder({
        Rakefile: "HOSTS = h\nactionset1:\n\tremote-cc -c a.c\n\t\trequires a.c\n\tls\n",
      });
      const { code, stdout, stderr } = await command.run(folder, "-n");
      expect([code, stderr, readdirSync(folder)]).toEqual([0, "", ["Rakefile"]]);
      expect(stdout).toBe(
        "1 set, 2 actions; hosts: h:6238\nactionset1:\n     3  on a host  cc -c a.c\n                     requires a.c\n     5  here       ls\n",
      );
    }),
  );

  it.concurrent(
    "R23, R40: --json tells everything, output too; --no-prefix leaves bytes as they were printed",
    beside(async () => {
      const folder = project("remote-printf 'a\\377\\0b'");
      const { code, stdout } = await command.run(folder, "--json");
      expect(code).toBe(0);
      const lines = stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(lines).toContainEqual({ type: "printed", action: 0, stream: "stdout", base64: "Yf8AYg==" });
      expect(lines.at(-1)).toMatchObject({ type: "finished", outcome: "succeeded", succeeded: 1 });
      expect(lines.map(({ type }) => type)).toEqual(
        expect.arrayContaining(["hostUp", "quoted", "bid", "placed", "started"]),
      );
      const raw = project("remote-seq 30000");
      const bare = await command.run(raw, "--no-prefix", "--quiet");
      expect([bare.stdout, bare.stderr]).toEqual([Array.from({ length: 30_000 }, (_, i) => `${i + 1}\n`).join(""), ""]);
    }),
  );

  it.concurrent(
    "R39: --cache runs nothing twice, and shows what was printed",
    beside(async () => {
      const folder = project("remote-date +%s%N; echo x >y");
      const first = await command.run(folder, "--cache", "--state-dir", "s");
      writeFileSync(join(folder, "y"), "changed");
      const second = await command.run(folder, "--cache", "--state-dir", "s");
      expect([first.code, second.code, second.stdout]).toEqual([0, 0, first.stdout]);
      expect(second.stderr).toMatch(/^rake: 1 action in .*: the cache 1/m);
      expect(readFileSync(join(folder, "y"), "utf8")).toBe("x\n");
      expect(readdirSync(folder).sort()).toEqual(["Rakefile", "s", "y"]);
    }),
  );
});

describe("Ctrl-C", () => {
  it.concurrent(
    "R38: once cancels remote and local actions and is code 130",
    beside(async () => {
      const folder = project("remote-echo remote; sleep 60; echo x >never\necho $$ >pid; echo local; sleep 60");
      await using rake = command.start(folder);
      await Promise.all([rake.line(/\| remote$/), rake.line(/\| local$/)]);
      rake.signal("SIGINT");
      const { code, stderr } = await rake.exited;
      expect(code).toBe(130);
      expect(stderr).toMatch(/^rake: stopping what runs; once more ends it at once$/m);
      expect(stderr).toMatch(/^rake: cancelled$/m);
      expect(existsSync(join(folder, "never"))).toBe(false);
      expect(isThere(Number(readFileSync(join(folder, "pid"), "utf8")))).toBe(false);
      expect(readdirSync(join(folder, ".rake", "builds"))).toEqual([]);
    }),
  );

  it.concurrent(
    "R38: a second one waits for nothing",
    beside(async () => {
      const folder = project("trap '' TERM; echo local; while :; do sleep 0.2; done");
      await using rake = command.start(folder);
      await rake.line(/\| local$/);
      rake.signal("SIGINT");
      rake.signal("SIGTERM");
      const { code, signal, stderr } = await rake.exited;
      expect(stderr).not.toMatch(/cancelled/); // which it says when all has ended
      expect([code, signal].join(" ")).toMatch(/^(130|143) $/);
    }),
  );
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
