/** The parts of a node that need no network, and how thin it is. */
import { EventEmitter } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BroadcastServer } from "@lab/broadcast";
import type { Elector } from "@lab/election";
import { describe, expect, it, vi } from "vitest";
import { codeBlocks } from "../../../test/markdown.js";
import { scratchFolder } from "../../../test/scratch.js";
import { hostAndPort } from "../src/addresses.js";
import { whileLeading } from "../src/leading.js";
import { nodeOptions } from "../src/options.js";
import { type Heard, printer } from "../src/output.js";
import { perform, type Task } from "../src/tasks.js";
import { warnings } from "../src/warnings.js";
import { agree, isProof, killInBuild, type Round } from "../trial/play.js";

const NEEDED = ["--id", "d", "--members", "a=h:1,b=h:2", "--rooms", "a=h:3,b=h:4", "--log", "room"];

it("the composition has less than 500 lines of source, as many as the README says", () => {
  const folder = join(import.meta.dirname, "../src");
  const text = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  const source = text
    .join("\n")
    .replaceAll(/\/\*.*?\*\//gs, "")
    .split("\n");
  const { length } = source.filter((line) => !/^\s*(\/\/.*)?$/.test(line));
  expect(length).toBeLessThan(500);
  const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");
  expect(readme).toContain(`under 500 lines (${length}) without blank lines and comments`);
});

describe("the command line of a node", () => {
  it("has defaults for all but the four that it needs", () => {
    expect(nodeOptions(NEEDED)).toMatchObject({
      ...{ id: "d", log: "room", folder: "campus-d", project: join("campus-d", "project"), host: "127.0.0.1" },
      ...{ listen: "127.0.0.1:0", roomListen: "127.0.0.1:0", access: {}, routes: {}, preset: "default", json: false },
      ...{ members: { a: "h:1", b: "h:2" }, rooms: { a: "h:3", b: "h:4" } },
    });
    expect(nodeOptions([...NEEDED, "--id", "b"])).toMatchObject({ listen: "h:2", roomListen: "h:4" });
  });

  it("is as the README shows it", () => {
    const blocks = codeBlocks(readFileSync(join(import.meta.dirname, "../README.md"), "utf8"));
    const shown = blocks.find(({ text }) => text.includes("--secret-file"))?.text.replaceAll("\\\n", " ") ?? "";
    const [, ...args] = (shown.split(" node ")[1] ?? "").trim().split(/\s+/);
    const secret = join(scratchFolder(), "secret");
    writeFileSync(secret, "0123456789abcdef\n", { mode: 0o600 });
    const given = ["--id", ...args].map((word) => (word === "secret" ? secret : word));
    expect(nodeOptions(given)).toMatchObject({
      ...{ id: "a", host: "10.0.0.1", listen: "10.0.0.1:7001", roomListen: "10.0.0.1:7002", preset: "default" },
      ...{ log: "redis://10.0.0.9:6379", project: "~/thesis" },
    });
  });

  it("takes the secret from a file that nobody else reads", () => {
    const folder = scratchFolder();
    const file = join(folder, "secret");
    writeFileSync(file, "0123456789abcdef\n", { mode: 0o600 });
    const { access } = nodeOptions([...NEEDED, "--secret-file", file]);
    expect(new TextDecoder().decode(access.secret)).toBe("0123456789abcdef");
  });

  it.each([
    [["--id", "a b"], /^--id must be/],
    [["--log", ""], /^--log must be/],
    [["--members", "a"], /^--members is "a", but must be a=HOST:PORT/],
    [["--members", "a=h"], /^--members: "h" is no HOST:PORT/],
    [["--rooms", "a=h:3,b=h:x"], /^--rooms: "h:x" is no HOST:PORT/],
    [["--room-listen", "a b:1"], /^--room-listen: "a b:1" is no HOST:PORT/],
    [["--log", "tcp://h:1"], /^--log must be/],
    [["--rooms", "a=h:3"], /^--rooms must have b too/],
    [["--slots", "0"], /^--slots is 0, but must be 1 to 9999/],
    [["--preset", "slow"], /^--preset is slow, but must be/],
    [["--nodes", "3"], /--nodes/],
  ])("refuses %s", (more, why) => expect(() => nodeOptions([...NEEDED, ...more])).toThrow(why));

  it("takes addresses with names, IPv4 and IPv6", () => {
    expect(["h:1", "127.0.0.1:2", "[::1]:3"].map(hostAndPort)).toEqual([
      { host: "h", port: 1 },
      { host: "127.0.0.1", port: 2 },
      { host: "::1", port: 3 },
    ]);
  });
});

it.each(["", "build now", "fetch words.txt", "push a b c", "remove all"])(
  "a node asked to %j says what can be asked",
  async (text) => {
    await expect(perform(text, {} as Task)).rejects.toThrow(
      "what can be asked is build, fetch NAME ID, push NAME ID, push NAME HOST:PORT",
    );
  },
);

describe("what is printed", () => {
  const trouble = new Error("\u001b[2J\u009b31m\u202e\n");

  it("steers no terminal, for people and as JSON", () => {
    const lines: string[] = [];
    for (const isJson of [false, true]) printer(isJson, (line) => lines.push(line)).trouble(trouble);
    for (const line of lines) expect(line).toMatch(/^[^\p{C}]+$/u);
    expect(JSON.parse(lines[1] ?? "")).toEqual({ event: "trouble", why: trouble.message });
  });

  it("of warnings is the same once a minute, with what is known of why, and thirty at most", () => {
    vi.useFakeTimers();
    const lines: string[] = [];
    const { warn, error, info } = warnings((line) => lines.push(line));
    const fail = (): void => error({ error: new Error("no space") }, "the log failed");
    for (let times = 0; times < 3; times++) fail();
    warn({}, "nobody listens");
    warn({ why: "no secret" }, "a peer was refused");
    info({}, "hello");
    const first = ["the log failed: no space", "nobody listens", "a peer was refused: no secret"];
    expect(lines).toEqual(first);
    vi.advanceTimersByTime(60_000);
    fail();
    expect(lines).toEqual([...first, first[0]]);
    for (let number = 0; number < 100; number++) warn({}, `${number}`);
    expect(lines.length).toBe(first.length + 30);
    vi.useRealTimers();
  });
});

describe("the lead", () => {
  class Fake extends EventEmitter {
    leads = false;
    resigned = 0;
    isLeader = (): boolean => this.leads;
    resign = (): void => void this.resigned++;
    become(leads: boolean): void {
      this.leads = leads;
      this.emit(leads ? "elected" : "stepDown");
    }
  }
  const lead = (open: (tell: (what: string) => void) => Promise<void>) => {
    const elector = new Fake();
    const told: string[] = [];
    const opened = async (): Promise<BroadcastServer> => {
      await open((what) => void told.push(what));
      told.push("open");
      return { close: async () => void told.push("closed") } as BroadcastServer;
    };
    const leading = whileLeading(elector as unknown as Elector, opened, ({ message }) => void told.push(message));
    return { elector, told, end: () => leading[Symbol.asyncDispose]() };
  };

  it("has the room from when it comes until it goes, one after another, however fast", async () => {
    const { elector, told, end } = lead(async () => {});
    elector.become(true);
    await new Promise(setImmediate);
    elector.become(false);
    elector.become(true);
    await end();
    expect(told).toEqual(["open", "closed", "open", "closed"]);
  });

  it("that is lost before the room could be opened opens none", async () => {
    const { elector, told, end } = lead(async () => {});
    elector.become(true);
    elector.become(false);
    await end();
    expect(told).toEqual([]);
  });

  it("is given away where the room cannot be opened", async () => {
    const { elector, told, end } = lead(async () => {
      throw new Error("in use");
    });
    elector.become(true);
    await end();
    expect([told, elector.resigned]).toEqual([["in use"], 1]);
  });
});

describe("transcripts", () => {
  const heard = (...texts: string[]): Heard[] =>
    texts.map((text, index) => ({ event: "heard", number: index + 1, kind: "message", member: 1, name: "a", text }));
  const whole = heard("x", "y", "z");

  it("agree when all are the same, and that of the dead one is how they begin", () => {
    expect(agree([whole, heard("x", "y", "z")], heard("x", "y"), 3)).toBe(true);
  });

  it.each([
    ["another text", [whole, heard("x", "y", "w")], heard("x"), 3],
    ["another order", [whole, heard("y", "x", "z")], heard("x"), 3],
    ["an entry too few", [whole, heard("x", "y")], heard("x"), 3],
    ["a gap in all", [whole.toSpliced(1, 1), whole.toSpliced(1, 1)], heard("x"), 3],
    ["a dead one that heard something else", [whole, whole], heard("x", "w"), 3],
    ["a dead one that heard more", [whole, whole], heard("x", "y", "z", "u"), 3],
    ["a dead one that heard nothing", [whole, whole], heard(), 3],
  ])("do not with %s", (_, transcripts, dead, upTo) => expect(agree(transcripts, dead, upTo)).toBe(false));
});

describe("a round of the trial", () => {
  const round: Round = {
    ...{ builder: "b", killed: "a", next: "c", epoch: 2, actions: 9, begun: 3, begunLater: 6, wasOver: false },
    ...{ wasBusy: true, retries: 1, hostsLost: 1, sha256: "", isRight: true, entries: 9, doAgree: true },
  };

  it("is a proof where the leader died in the middle, and all came about", () => {
    expect(isProof(round)).toBe(true);
    expect(isProof({ ...round, wasBusy: false, hostsLost: 0, retries: 0 })).toBe(true);
  });

  it.each<[string, Partial<Round>]>([
    ["the build was over", { wasOver: true }],
    ["nothing of the build had begun", { begun: 0, begunLater: 9 }],
    ["all of the build had begun", { begun: 9, begunLater: 1 }],
    ["nothing was done later", { begunLater: 0 }],
    ["a host was lost that nobody missed", { hostsLost: 0 }],
    ["it came to something else", { isRight: false }],
    ["transcripts differ", { doAgree: false }],
  ])("is none where %s", (_, instead) => expect(isProof({ ...round, ...instead })).toBe(false));

  it("is played again where the build was over too early or the lead moved, and not for ever", async () => {
    const said: string[] = [];
    const say = (line: string): void => void said.push(line);
    const over = { ...round, wasOver: true };
    const rounds = [over, "the lead went from a to b by itself", round];
    expect(await killInBuild(async () => rounds.shift() ?? round, say)).toBe(round);
    expect(said).toEqual([
      "the build was over before a was dead: once more",
      "the lead went from a to b by itself: once more",
    ]);
    await expect(killInBuild(async () => over, say)).rejects.toThrow(
      "no leader died in the middle of a build, 20 times: the build was over before a was dead",
    );
  });
});
