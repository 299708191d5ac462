/** Whole builds at real servers: what comes back, how it stands there, and what is left when they end. */
import { createHash } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { itWith } from "../../../../test/components.js";
import { run } from "../../../../test/process.js";
import { RakefileError } from "../../src/core/errors.js";
import { build } from "../../src/node/build.js";
import type { BuildOptions } from "../../src/node/build-options.js";
import { at, built, existsSync, filesIn, LOST, modeOf, scratchFolder, server } from "./rig.js";

const set = (...lines: readonly string[]): string => `actionset1:\n${lines.join("\n")}\n`;

it("R35: outputs stand in their places, in folders that are made, with their modes, and bytes are bytes", async () => {
  const host = await server();
  const folder = scratchFolder({ "src/in.txt": "caf\u00e9\r\nline\n" });
  chmodSync(join(folder, "src/in.txt"), 0o750);
  const rakefile = set(
    "\tremote-mkdir -p out/deep; cp src/in.txt out/deep/copy; chmod 750 out/deep/copy; printf '\\200\\0\\n' >bin; stat -c %a src/in.txt",
    "\t\trequires src/in.txt",
  );
  const { outcome, stdout, report } = await built(folder, rakefile, { hosts: at(host.port) });
  expect([outcome, stdout]).toEqual(["succeeded", "750\n"]);
  expect(filesIn(folder)).toEqual({
    "src/in.txt": "caf\u00c3\u00a9\r\nline\n",
    "out/deep/copy": "caf\u00c3\u00a9\r\nline\n",
    bin: "\x80\0\n",
  });
  expect(modeOf(folder, "out/deep/copy")).toBe("750");
  expect(report.actions[0]?.attempts[0]).toMatchObject({ outputs: 2, outcome: "won", sentBytes: 12 });
});

it("R34: a file that has not changed is not read again, one that has is; an empty and a long one are sent whole", async () => {
  const host = await server();
  const long = Buffer.alloc(700_000, "0123456789abcde\n");
  const folder = scratchFolder({ empty: "", short: "old" });
  writeFileSync(join(folder, "long"), long);
  for (const name of ["empty", "short", "long"]) utimesSync(join(folder, name), 1_000_000, 1_000_000);
  const rakefile = set("\tremote-cat empty short long | sha256sum", "\t\trequires empty short long");
  const sum = (short: string): string => createHash("sha256").update(short).update(long).digest("hex");
  const first = await built(folder, rakefile, { hosts: at(host.port) });
  expect(first.stdout).toBe(`${sum("old")}  -\n`);
  expect(first.report.actions[0]?.attempts[0]).toMatchObject({ sentBytes: 700_003, savedBytes: 0 });
  writeFileSync(join(folder, "short"), "new");
  utimesSync(join(folder, "short"), 1_000_000, 1_000_000);
  const second = await built(folder, rakefile, { hosts: at(host.port) });
  expect(second.stdout).toBe(`${sum("new")}  -\n`);
  expect(second.report.actions[0]?.attempts[0]).toMatchObject({ sentBytes: 3, savedBytes: 700_000 });
});

it("R34: an input that changes between its hashing and its sending is sent as it is now, or fails; never as it was not", async () => {
  const host = await server();
  const folder = scratchFolder({ input: "before" });
  let isChanged = false;
  const { outcome, stdout, report } = await built(folder, set("\tremote-cat input", "\t\trequires input"), {
    hosts: at(host.port),
    onEvent: ({ type }) => {
      if (type !== "quoted" || isChanged) return;
      isChanged = true;
      appendFileSync(join(folder, "input"), " and after");
    },
  });
  expect([outcome, stdout]).toEqual(["succeeded", "before and after"]);
  expect(report.actions[0]?.attempts.map(({ lostWhy }) => lostWhy)).toEqual([
    expect.stringContaining("INPUT_CHANGED"),
    undefined,
  ]);
});

it("R35: an output through a link that leads out is refused, one through a link within is not, and a link in its place is replaced", async () => {
  const host = await server();
  const outside = scratchFolder({ kept: "untouched" });
  const folder = scratchFolder({ "real/x": "" });
  symlinkSync(outside, join(folder, "away"));
  symlinkSync("real", join(folder, "alias"));
  symlinkSync(join(outside, "kept"), join(folder, "link"));
  const within = await built(folder, set("\tremote-mkdir alias; echo a >alias/a; echo b >link"), {
    hosts: at(host.port),
  });
  expect(within.outcome).toBe("succeeded");
  expect(readFileSync(join(folder, "real/a"), "utf8")).toBe("a\n");
  expect(readFileSync(join(folder, "link"), "utf8")).toBe("b\n");
  const out = await built(folder, set("\tremote-mkdir away; echo x >away/kept; echo y >fine"), {
    hosts: at(host.port),
  });
  expect(out.report.result).toMatchObject({ outcome: "failed", code: "OUTPUT" });
  expect(out.message).toContain("away is a link that leads out of the folder");
  expect(filesIn(outside)).toEqual({ kept: "untouched" });
  // All places are looked at before the first is taken.
  expect(existsSync(join(folder, "fine"))).toBe(false);
});

it("R35: no output goes into the state folder, nor where a folder stands", async () => {
  const host = await server();
  const folder = scratchFolder({ "taken/x": "" });
  const state = await built(folder, set("\tremote-mkdir .rake; echo '{}' >.rake/learned.json"), {
    hosts: at(host.port),
  });
  expect(state.message).toContain("rake's own state");
  const below = await built(folder, set("\tremote-mkdir -p .rake/new; echo x >.rake/new/x"), { hosts: at(host.port) });
  expect(below.message).toContain("rake's own state");
  expect(existsSync(join(folder, ".rake/new"))).toBe(false);
  const taken = await built(folder, set("\tremote-echo x >taken"), { hosts: at(host.port) });
  expect(taken.message).toContain("taken is a folder");
});

it("R36, R37: what is printed comes whole and apart, of a failure too, with its exit code", async () => {
  const host = await server();
  const folder = scratchFolder();
  const rakefile = set("\tremote-yes 123456789 | head -n 20000; echo bad >&2; exit 5", "\tremote-kill -9 $$");
  const { outcome, stdout, stderr, message } = await built(folder, rakefile, { hosts: at(host.port) });
  expect([outcome, stdout.length, stderr]).toEqual(["failed", 200_000, "bad\n"]);
  expect(message).toContain("exit code 5");
  expect(message).toContain("signal 9");
});

it("R36: the output of another attempt that wins is shown whole, and only then", async () => {
  const [slow, fast] = [await server({ slots: 1 }), await server({ slots: 1 })];
  const folder = scratchFolder();
  // The first attempt to run makes the mark, and waits; the second one finds it.
  const mark = join(scratchFolder(), "mark");
  chmodSync(join(mark, ".."), 0o777);
  const command = `echo from; if mkdir ${mark}; then sleep 30; else echo second; fi`;
  const { outcome, stdout, report } = await built(folder, set(`\tremote-${command}`), {
    hosts: at(slow.port, fast.port),
    speculateMs: 1,
    speculateAfter: 1,
  });
  expect(outcome).toBe("succeeded");
  expect(stdout).toBe("from\nfrom\nsecond\n");
  expect(report.actions[0]?.attempts.map((one) => one.outcome)).toEqual(["beaten", "won"]);
});

it("R39: a result that was seen before is not run again; a damaged one is, and a bounded cache lets the oldest go", async () => {
  const host = await server();
  const folder = scratchFolder({ input: "one" });
  const rakefile = set(
    "\tremote-echo ran; echo err >&2; cat input input >both; chmod 711 both; date +%N >when",
    "\t\trequires input",
  );
  const options = { hosts: at(host.port), cache: true };
  const first = await built(folder, rakefile, options);
  const made = filesIn(folder);
  writeFileSync(join(folder, "both"), "spoilt");
  const second = await built(folder, rakefile, options);
  expect(second.report.actions[0]?.attempts.map(({ where }) => where)).toEqual(["cache"]);
  expect([second.stdout, second.stderr]).toEqual([first.stdout, first.stderr]);
  expect([filesIn(folder), modeOf(folder, "both")]).toEqual([made, "711"]);

  const [entry = ""] = Object.keys(filesIn(join(folder, ".rake", "cache"))).filter((path) => path.endsWith("/0"));
  appendFileSync(join(folder, ".rake", "cache", entry), "!");
  const third = await built(folder, rakefile, options);
  expect(third.report.actions[0]?.attempts.map(({ where }) => where)).toEqual([{ host: 0 }]);
  expect(third.outcome).toBe("succeeded");

  const many = set("\tremote-head -c 40000 /dev/zero >a", "actionset2:", "\tremote-head -c 40001 /dev/zero >b");
  await built(folder, many, { ...options, maxCacheBytes: 50_000 });
  const last = await built(folder, many, { ...options, maxCacheBytes: 50_000 });
  const places = last.report.actions.map(({ attempts }) => attempts.map(({ where }) => where));
  expect(places).toEqual([[{ host: 0 }], [{ host: 0 }]]);
  await built(folder, rakefile, { ...options, cache: false });
  const small = await built(folder, set("\tremote-head -c 40001 /dev/zero >b"), { ...options, maxCacheBytes: 50_000 });
  expect(small.report.actions[0]?.attempts.map(({ where }) => where)).toEqual(["cache"]);
});

it("R30, R60: what was learned is kept; a damaged file of it is put aside, and costs nothing else", async () => {
  const host = await server();
  const folder = scratchFolder();
  const state = join(folder, ".rake");
  mkdirSync(state);
  writeFileSync(join(state, "learned.json"), '{"workMs": {"ec');
  writeFileSync(join(state, "digests.json"), "[[1,2],3,null]");
  const { outcome, troubles } = await built(folder, set("\tremote-echo x"), { hosts: at(host.port) });
  expect(outcome).toBe("succeeded");
  expect(troubles).toEqual([expect.stringContaining("learned.json was damaged")]);
  expect(readFileSync(join(state, "learned.json.damaged"), "utf8")).toBe('{"workMs": {"ec');
  expect(Object.keys(JSON.parse(readFileSync(join(state, "learned.json"), "utf8")).workMs)).toEqual(["echo x"]);
});

it("R60: two builds in one folder at once do not disturb each other", async () => {
  const host = await server({ slots: 4 });
  const folder = scratchFolder({ input: "same" });
  const rakefile = (name: string): string => set(`\tremote-sleep 0.1; cat input >${name}`, "\t\trequires input");
  const options = { hosts: at(host.port), folder };
  const reports = await Promise.all(["a", "b", "c"].map((name) => build({ ...options, rakefile: rakefile(name) })));
  expect(reports.map(({ result }) => result?.outcome)).toEqual(["succeeded", "succeeded", "succeeded"]);
  expect(filesIn(folder)).toEqual({ input: "same", a: "same", b: "same", c: "same" });
});

it("R35: a state folder on another file system: outputs are copied beside their places first, and are whole there", async () => {
  const host = await server();
  const state = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "lab-"));
  onTestFinished(() => rmSync(state, { recursive: true, force: true }));
  const folder = scratchFolder();
  const rakefile = set("\tremote-mkdir d; echo x >d/out; chmod 700 d/out; head -c 300000 /dev/zero >long");
  const report = await build({ folder, rakefile, hosts: at(host.port), stateDir: state });
  expect(report.result?.outcome).toBe("succeeded");
  expect(filesIn(folder)).toEqual({ "d/out": "x\n", long: "\0".repeat(300_000) });
  expect([modeOf(folder, "d/out"), readdirSync(join(state, "builds"))]).toEqual(["700", []]);
});

itWith(
  "openssl",
  "R17: over TLS, and not where the certificate is another's, or where the server speaks no TLS",
  async () => {
    const keys = scratchFolder();
    const [cert, key] = [join(keys, "cert.pem"), join(keys, "key.pem")];
    const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    const names = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"];
    expect((await run("openssl", ["req", ...kind, ...names, "-keyout", key, "-out", cert])).code).toBe(0);
    const ca = readFileSync(cert, "utf8");
    const [secure, plain] = [await server({ tls: { cert: ca, key: readFileSync(key, "utf8") } }), await server()];
    const rakefile = set("\tremote-head -c 400000 /dev/zero >out");
    const outcome = async (port: number, tls: BuildOptions["tls"]): Promise<string> => {
      const options = {
        hosts: at(port),
        ...(port === plain.port || tls?.ca === undefined ? { helloMs: 500, ...LOST } : {}),
        ...(tls === undefined ? {} : { tls }),
      };
      return (await built(scratchFolder(), rakefile, options)).outcome;
    };
    expect(await outcome(secure.port, { ca })).toBe("succeeded");
    expect(await outcome(secure.port, {})).toBe("failed");
    expect(await outcome(secure.port, undefined)).toBe("failed");
    expect(await outcome(plain.port, { ca })).toBe("failed");
  },
);

it("R5: a wrong Rakefile or option is an error at once, that names what is wrong", async () => {
  const folder = scratchFolder();
  await expect(build({ folder, rakefile: "oops\n" })).rejects.toThrow(RakefileError);
  await expect(build({ folder, rakefile: "", maxAttempts: 0 })).rejects.toThrow("maxAttempts must be a whole number");
  await expect(build({ folder })).rejects.toThrow("one of rakefile and plan must be given");
  await expect(build({ folder, rakefile: "", v1: 5 as 4 })).rejects.toThrow("v1 must be 4 or 8");
  await expect(build({ folder: join(folder, "none"), rakefile: "" })).rejects.toThrow("cannot be used");
  expect(existsSync(join(folder, ".rake"))).toBe(false);
});
