/** Three machines and a Redis, each a network namespace, with the README's command: the leader dies in a build, another is cut off. */
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { Namespaces } from "../../../packages/election/test/processes/namespaces.js";
import { component, itWith } from "../../../test/components.js";
import { codeBlocks } from "../../../test/markdown.js";
import { type RunningProcess, run } from "../../../test/process.js";
import { bundled } from "../../../test/programs.js";
import { scratchFolder } from "../../../test/scratch.js";
import { digestOf } from "../src/tasks.js";

const MAIN = new URL("../src/main.ts", import.meta.url);
const IDS = ["a", "b", "c"];
const REDIS = ["--protected-mode", "no", "--save", "", "--appendonly", "yes", "--appendfsync", "always"];
const PARTS = ["1", "2", "3", "4", "5", "6"];
const RAKEFILE = [
  "actionset1:",
  ...PARTS.flatMap((part) => [
    `\tremote-sleep 0.5; tr a-z A-Z <${part}.txt >${part}.upper`,
    `\t\trequires ${part}.txt`,
    `\t\tproduces ${part}.upper`,
  ]),
  "actionset2:",
  "\tremote-mkdir -p dist; cat *.upper >dist/words.txt",
  `\t\trequires ${PARTS.map((part) => `${part}.upper`).join(" ")}`,
  "\t\tproduces dist/words.txt",
].join("\n");
const RIGHT = PARTS.map((part) => `GOOD MORNING ${part}\n`).join("");
const PROJECT = Object.fromEntries(PARTS.map((part) => [`${part}.txt`, `good morning ${part}\n`]));

/** As the README shows it for `a` on 10.0.0.1, with other addresses, and a lead that moves sooner. */
function commandOf(id: string, hosts: Namespaces, base: string): string[] {
  const blocks = codeBlocks(readFileSync(new URL("../README.md", import.meta.url), "utf8"));
  const shown = blocks.find(({ text }) => text.includes("--secret-file"))?.text ?? "";
  const told = shown
    .replaceAll("\\\n", " ")
    .replace("--id a", `--id ${id}`)
    .replace("--host 10.0.0.1", `--host ${hosts.addressOf(id)}`)
    .replaceAll(/10\.0\.0\.([1239])/g, (_, last) => hosts.addressOf(last === "9" ? "redis" : (IDS[last - 1] ?? "")))
    .replace("--secret-file secret", `--secret-file ${join(base, "secret")}`)
    .replace("~/thesis", join(base, id, "project"));
  const [, args = ""] = told.split(" node ");
  return [...args.trim().split(/\s+/), "--preset", "fast", "--slots", "1", "--folder", join(base, id)];
}

itWith(
  component("redis").version === undefined ? "redis" : "netns",
  "a leader is killed in a build, the next one is cut off and comes back; builds and copies are right",
  async () => {
    const base = scratchFolder({ ...PROJECT, Rakefile: RAKEFILE });
    writeFileSync(join(base, "secret"), "0123456789abcdef0123456789abcdef\n", { mode: 0o600 });
    chmodSync(base, 0o711); // actions of nodes that are root have another user
    await using hosts = await Namespaces.make([...IDS, "redis"]);
    await using redis = hosts.start(
      "redis",
      "redis-server",
      ["--bind", hosts.addressOf("redis"), "--dir", base, ...REDIS],
      () => {},
    );
    await redis.line(/Ready to accept connections/);
    const processes = new Map<string, RunningProcess>();
    const stop = async (): Promise<void> => {
      for (const one of processes.values()) await one[Symbol.asyncDispose]();
    };
    await using _processes = { [Symbol.asyncDispose]: stop };
    const start = (id: string): RunningProcess => {
      const program = [process.execPath, bundled(MAIN), ...commandOf(id, hosts, base)];
      const node = hosts.start(id, "sh", ["-c", 'exec "$@" <>"$0"', typedAt(base, id), ...program], () => {});
      processes.set(id, node);
      return node;
    };
    const node = (id: string): RunningProcess => processes.get(id) as RunningProcess;
    const type = (id: string, line: string): void => writeFileSync(typedAt(base, id), `${line}\n`);
    for (const id of IDS) {
      mkdirSync(join(base, id), { mode: 0o711 });
      for (const name of ["Rakefile", ...Object.keys(PROJECT)])
        cpSync(join(base, name), join(base, id, "project", name));
      expect((await run("mkfifo", [typedAt(base, id)])).code).toBe(0);
      start(id);
    }
    const [, first = ""] = await node("a").line(/^#\d+ (\w) leads epoch/);
    for (const id of IDS) await Promise.all(IDS.map((other) => node(id).line(new RegExp(`^#\\d+ ${other} serves`))));

    const [builder = "", other = ""] = IDS.filter((id) => id !== first);
    type(other, `${builder}: build`);
    await node(builder).line(new RegExp(`^action \\d started at ${first}$`));
    node(first).signal("SIGKILL");
    await node(first).exited;
    await node(builder).line(new RegExp(`^#\\d+ ${builder} built hostsLost 1, retries [1-9]`));
    const built = join(base, builder, "project/dist/words.txt");
    expect(readFileSync(built, "utf8")).toBe(RIGHT);
    const [, second = "", epoch = ""] = await node(builder).line(new RegExp(`^#\\d+ ([^${first}]) leads epoch (\\d+)`));
    await start(first).line(/^type build/);

    await hosts.plug(second, "down");
    const later = Array.from({ length: 20 }, (_, more) => Number(epoch) + 1 + more).join("|");
    const third = new RegExp(`^#\\d+ [^${second}] leads epoch (${later})$`);
    await Promise.race(IDS.filter((id) => id !== second).map((id) => node(id).line(third)));
    await hosts.plug(second, "up");
    await node(second).line(third);

    const taker = IDS.find((id) => id !== builder) ?? "";
    type(taker, `fetch words.txt ${builder}`);
    await node(taker).line(new RegExp(`^#\\d+ ${taker} fetched name words.txt`));
    type(builder, `push words.txt ${taker}`);
    await node(taker).line(new RegExp(`^#\\d+ ${builder} pushed name words.txt`));
    const { sha256 } = await digestOf(built);
    for (const folder of ["fetched", "box"]) {
      expect((await digestOf(join(base, taker, folder, "words.txt"))).sha256).toBe(sha256);
    }
  },
  120_000,
);

/** Where a person would type. */
function typedAt(base: string, id: string): string {
  return join(base, id, "typed");
}
