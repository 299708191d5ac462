/** Builds at servers of v1: ours in both dialects, and ones that do what the course's programs got wrong, or worse. */
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { until } from "../node-server/waiting.js";
import { at, built, filesIn, LOST, listening, scratchFolder, server } from "./rig.js";
import { type FakeV1, fakeV1, type Told } from "./v1-fake.js";

const set = (...lines: readonly string[]): string => `actionset1:\n${lines.join("\n")}\n`;
const OUTPUT = set("\tremote-make it", "\t\trequires a.txt");
const QUICK = { v1: 4, maxAttempts: 2 } as const;
/** At servers that fall silent. */
const SILENT = { answerMs: 300, stallMs: 300 } as const;

describe.each([4, 8] as const)("with integers of %i bytes, at our server", (v1) => {
  it("R8, R9: inputs go there by their basenames, and the output comes back", async () => {
    const host = await server({ allowV1: true });
    const folder = scratchFolder({ "sub/a.txt": "caf\u00e9\r\n", empty: "" });
    writeFileSync(join(folder, "b.bin"), Buffer.from([0, 255, 13, 10]));
    const rakefile = set(
      "\tremote-cat a.txt b.bin empty >made",
      "\t\trequires sub/a.txt b.bin empty",
      "\techo local >here",
      "actionset2:",
      "\tremote-tr a-z A-Z <made >upper",
      "\t\trequires made",
    );
    const { outcome, message } = await built(folder, rakefile, { hosts: at(host.port), v1 });
    expect([outcome, message]).toEqual(["succeeded", ""]);
    const { made, upper, here } = filesIn(folder);
    expect([made, here]).toEqual(["caf\u00c3\u00a9\r\n\0\xff\r\n", "local\n"]);
    expect(upper).toBe("CAF\u00c3\u00a9\r\n\0\xff\r\n");
  });

  it("R9: original: status 5 and death by a signal are told with what was printed, and hang nobody", async () => {
    const host = await server({ allowV1: true });
    const rakefile = set("\tremote-echo no >&2; exit 2", "\tremote-echo out; exit 5", "\tremote-kill -9 $$");
    const { outcome, stdout, stderr, message } = await built(scratchFolder(), rakefile, { hosts: at(host.port), v1 });
    expect([outcome, stdout, stderr]).toEqual(["failed", "out\n", "no\n"]);
    for (const code of [2, 5, 137]) expect(message).toContain(`exit code ${code} at`);
  });

  it("R9: original: eight short actions in a set, and a result of 3 MB that is right", async () => {
    const host = await server({ allowV1: true });
    const folder = scratchFolder();
    const eight = Array.from({ length: 8 }, (_, index) => `\tremote-echo ${index} >out${index}`);
    const rakefile = set(...eight, "\tremote-yes 0123456789abcde | head -c 3000000 >big");
    const { outcome, message } = await built(folder, rakefile, { hosts: at(host.port), v1 });
    expect([outcome, message]).toEqual(["succeeded", ""]);
    const { big, ...small } = filesIn(folder);
    expect(Object.values(small)).toEqual(Array.from({ length: 8 }, (_, index) => `${index}\n`));
    expect(big).toBe("0123456789abcde\n".repeat(187_500));
  });
});

it("R9, R59: text goes by 4, other bytes by 3, both as they are; the lowest cost wins, the first among equals", async () => {
  const told: Told[] = [];
  const cost =
    (value: number): NonNullable<FakeV1["quote"]> =>
    (say) =>
      say({ type: "QUOTE_REPLY", cost: value });
  const run =
    (name: string): FakeV1["run"] =>
    (one, say) => {
      told.push({ ...one, command: `${name}: ${one.command}` });
      say({ type: "NO_OUTPUT" });
    };
  const ports = await Promise.all([
    fakeV1({ quote: cost(7), run: run("dear") }),
    fakeV1({ quote: cost(3), run: run("first") }),
    fakeV1({ quote: cost(3), run: run("second") }),
  ]);
  const folder = scratchFolder({ "a.txt": "\u00fc\r\n" });
  writeFileSync(join(folder, "b.bin"), Buffer.from([255, 0]));
  const rakefile = set("\tremote-go", "\t\trequires a.txt b.bin");
  expect((await built(folder, rakefile, { ...QUICK, hosts: at(...ports) })).outcome).toBe("succeeded");
  expect(told).toEqual([
    {
      command: "first: go",
      files: [
        { code: "SEND_FILE", name: "a.txt", text: "\u00c3\u00bc\r\n" },
        { code: "BIN_FILE", name: "b.bin", text: "\u00ff\0" },
      ],
    },
  ]);
});

it("R9, R59: original: an input that comes back as the result does not overwrite the client's copy", async () => {
  const port = await fakeV1({
    run: ({ files: [first] }, say) => {
      const text = first?.text ?? "";
      say({ type: "RETURN_STATUS" }, { type: "RETURN_FILE", name: "a.txt", size: text.length }, text);
    },
  });
  const folder = scratchFolder({ "a.txt": "mine" });
  chmodSync(join(folder, "a.txt"), 0o600);
  const before = statSync(join(folder, "a.txt"));
  const { outcome } = await built(folder, OUTPUT, { ...QUICK, hosts: at(port) });
  const after = statSync(join(folder, "a.txt"));
  expect([outcome, after.ino, after.mode]).toEqual(["succeeded", before.ino, before.mode]);
});

it("R59: what is a program by its first bytes may be run, as v1 carries no modes", async () => {
  const port = await fakeV1({
    run: (_, say) =>
      say({ type: "RETURN_STATUS" }, { type: "RETURN_FILE", name: "run", size: 17 }, "#!/bin/sh\necho ok"),
  });
  const rakefile = `${set("\tremote-x")}actionset2:\n\t./run\n`;
  expect((await built(scratchFolder(), rakefile, { ...QUICK, hosts: at(port) })).stdout).toBe("ok\n");
});

it("R9: two inputs of one basename are an error before anything is sent", async () => {
  const folder = scratchFolder({ "x/a": "", "y/a": "" });
  const { message } = await built(folder, set("\tremote-x", "\t\trequires x/a y/a"), { ...QUICK, hosts: at(1) });
  expect(message).toContain("x/a and y/a have one name");
});

/** What a server says to an action; each of them is a host that was lost. */
const WRONG: Readonly<Record<string, FakeV1["run"]>> = {
  "original: it vanishes": (_, _say, socket) => socket.destroy(),
  "original: it vanishes in the middle of its output": (_, say, socket) => {
    say({ type: "RETURN_STATUS" }, { type: "RETURN_FILE", name: "out", size: 10 }, "12345");
    socket.end();
  },
  "original: it vanishes before its output": (_, say, socket) => {
    say({ type: "RETURN_STATUS" });
    socket.end();
  },
  "original: it falls silent": (_, say) => say({ type: "RETURN_STATUS" }),
  "original: a path that leaves the folder": (_, say) =>
    say(Buffer.from("0000000600000000000000090000000a2e2e2f6573636170656400000001", "hex"), "x"),
  "original: a size without bound": (_, say) =>
    say({ type: "RETURN_STATUS" }, { type: "RETURN_FILE", name: "out", size: 2 ** 32 - 1 }, "x"),
  "bytes behind an empty output": (_, say) =>
    say({ type: "RETURN_STATUS" }, { type: "RETURN_FILE", name: "a".repeat(255), size: 0 }, "more"),
  "a stream without bound": (_, say) => say({ type: "RETURN_STDERR", status: 1, size: 2 ** 31 }, "x"),
  "more than an answer": (_, say) => say({ type: "NO_OUTPUT" }, "more"),
  "an ACK instead": (_, say) => say({ type: "ACK" }),
  nonsense: (_, say) => say("HTTP/1.1 400 Bad Request\r\n\r\n"),
  "a flood": (_, say, socket) => {
    const pour = (): void => {
      while (!socket.destroyed && socket.write(new Uint8Array(65_536)));
    };
    say({ type: "NO_OUTPUT" });
    socket.on("drain", pour);
    pour();
  },
};

describe("R9, R35, R59: what is not a whole answer is never a success, and another host is asked", () => {
  for (const [title, run] of Object.entries(WRONG)) {
    it(title, async () => {
      const around = scratchFolder({ "in/a.txt": "a" });
      const folder = join(around, "in");
      const bad = await fakeV1({ run });
      const options = { ...QUICK, ...(title.includes("silent") ? SILENT : {}), maxOutputBytes: 1_000_000 };
      const alone = await built(folder, OUTPUT, { ...options, ...LOST, hosts: at(bad), maxRunMs: 500 });
      expect([alone.outcome, filesIn(around)]).toEqual(["failed", { "in/a.txt": "a" }]);
      expect(alone.report.result?.code).toBe("NO_HOST");
      expect(alone.report.actions[0]?.attempts).toHaveLength(QUICK.maxAttempts);
      const good = await fakeV1({
        quote: (say) => say({ type: "QUOTE_REPLY", cost: 9 }),
        run: (_, say) => say({ type: "RETURN_STATUS" }, { type: "RETURN_FILE", name: "out", size: 2 }, "ok"),
      });
      const both = await built(folder, OUTPUT, { ...options, hosts: at(bad, good), backoffMs: 60_000 });
      expect([both.outcome, filesIn(around)]).toEqual(["succeeded", { "in/a.txt": "a", "in/out": "ok" }]);
    });
  }
});

describe("R9: a host that gives no quote is left out", () => {
  const bad: Readonly<Record<string, () => Promise<number>>> = {
    "original: it refuses the connection": async () => 1,
    "original: it connects and closes": () => listening((socket) => socket.end()),
    "original: it connects and stays silent": () => listening(() => {}),
    "half a quote": () => listening((socket) => socket.end(Buffer.from([0, 0, 0, 2, 0, 0]))),
    "more than a quote": () => listening((socket) => socket.end(Buffer.alloc(64, Uint8Array.of(0, 0, 0, 2)))),
  };
  for (const [title, start] of Object.entries(bad)) {
    it(title, async () => {
      const good = await fakeV1({ run: (_, say) => say({ type: "NO_OUTPUT" }) });
      const hosts = at(await start(), good);
      const { outcome } = await built(scratchFolder({ "a.txt": "" }), OUTPUT, { ...QUICK, ...SILENT, hosts });
      expect(outcome).toBe("succeeded");
    });
  }
});

it("R32: no host at all is an error that says why; with localFallback it runs here", async () => {
  const folder = scratchFolder({ "a.txt": "" });
  const none = await built(folder, OUTPUT, { ...QUICK, ...LOST, hosts: at(1) });
  expect(none.report.result).toMatchObject({ outcome: "failed", code: "NO_HOST" });
  expect(none.message).toContain("ECONNREFUSED");
  const here = await built(folder, set("\tremote-echo x >out"), {
    ...QUICK,
    hosts: at(1),
    localFallback: true,
    ...LOST,
  });
  expect([here.outcome, readFileSync(join(folder, "out"), "utf8")]).toEqual(["succeeded", "x\n"]);
});

it("R35: two actions of a set that bring the same file are an error that names both", async () => {
  const port = await fakeV1({
    run: (_, say) => say({ type: "RETURN_STATUS" }, { type: "RETURN_FILE", name: "out", size: 1 }, "x"),
  });
  const { message } = await built(scratchFolder(), set("\tremote-one", "\tremote-two"), { ...QUICK, hosts: at(port) });
  expect(message).toMatch(/out is an output of line \d \((one|two)\) and of line \d \((one|two)\)/);
});

it("R37, R59: an action that runs beyond its timeout fails, and is not run again", async () => {
  let runs = 0;
  const port = await fakeV1({ run: () => void runs++ });
  const { message } = await built(scratchFolder(), set("\tremote-x", "\t\ttimeout 100ms"), {
    ...QUICK,
    hosts: at(port),
  });
  expect([runs, message]).toEqual([1, expect.stringContaining("timed out")]);
});

it("R37, R38: fail-fast and a cancel end what runs, here and there, at once", async () => {
  let open = 0;
  const port = await fakeV1({
    run: (_, _say, socket) => {
      open++;
      socket.on("close", () => open--);
    },
  });
  const rakefile = set("\tremote-x", "\tsleep 3181");
  const failed = await built(scratchFolder(), `${rakefile}\texit 3\n`, { ...QUICK, hosts: at(port), failFast: true });
  expect(failed.report.result).toMatchObject({ outcome: "failed", failed: 1, notRun: 2 });
  const abort = new AbortController();
  const building = built(scratchFolder(), rakefile, { ...QUICK, hosts: at(port), signal: abort.signal });
  await until(() => open === 1);
  abort.abort();
  expect((await building).outcome).toBe("cancelled");
  await until(() => open === 0);
});
